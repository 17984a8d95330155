package plugin_test

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// BenchmarkAsk measures what the process boundary adds to a question.
func BenchmarkAsk(b *testing.B) {
	for _, c := range []struct {
		name string
		open func(b *testing.B) plugin.Module
	}{
		{"where=local", func(*testing.B) plugin.Module { return newMemoryModule("") }},
		{"where=process", func(b *testing.B) plugin.Module { return open(b, config("module", b.TempDir(), zerolog.Nop())) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := c.open(b)
			d := document("1", "quick")
			if _, err := m.Encode(b.Context(), d, nil); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Ask(b.Context(), perk.Question{Document: d.ID, Text: "why"}, func(string) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen measures launch, handshake and first answer, and the clean end.
func BenchmarkOpen(b *testing.B) {
	c := config("module", b.TempDir(), zerolog.Nop())
	for b.Loop() {
		h, err := plugin.Open(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkSendText measures the way of a document's text into the process.
func BenchmarkSendText(b *testing.B) {
	h := open(b, config("module", b.TempDir(), zerolog.Nop()))
	text := strings.Repeat("0123456789abcdef", 8<<20/16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := h.Encode(b.Context(), document("1", text), nil); err != nil {
			b.Fatal(err)
		}
	}
}
