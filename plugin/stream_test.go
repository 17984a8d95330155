package plugin_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
	"github.com/perkdb/perk/plugin/plugintest"
)

func TestLargeDocuments(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	for _, n := range []int{5_000_000, 40_000_000, plugin.MaxDocument} {
		if testing.Short() && n > 5_000_000 {
			break
		}
		text := strings.Repeat("0123456789abcdef", n/16+1)[:n]
		info, err := h.Encode(t.Context(), document("1", text), func(perk.Progress) {})
		if err != nil || info.Content != perk.ContentHash(text) || info.Tokens != n {
			t.Errorf("%d bytes: %+v, %v", n, info.Tokens, err)
		}
	}
}

func TestLargePayload(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	info, err := h.Encode(t.Context(), document("1", "large"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Export(t.Context(), info.Key.Document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(info, a.AdapterInfo); diff != "" || len(a.Payload) != 4<<20 {
		t.Errorf("%d bytes\n%s", len(a.Payload), diff)
	}
}

// wasCanceled waits until the module says that its call was canceled.
func wasCanceled(t *testing.T, m plugin.Module, uuid, op string) {
	t.Helper()
	eventually(t, 5*time.Second, "canceled in the plugin", func() bool {
		v, err := m.Meta(t.Context(), "canceled/"+uuid)
		return err == nil && string(v) == op
	})
}

func TestCancellationReachesPlugin(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := h.Encode(ctx, document("1", "slow"), func(perk.Progress) { cancel() })
	if perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("encode: %v, want canceled", err)
	}
	wasCanceled(t, h, "1", "memory.Encode")

	if _, err := h.Encode(t.Context(), document("2", "quick"), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	_, err = h.Ask(ctx, perk.Question{Document: document("2", "").ID, Text: "slow"}, func(string) error { cancel(); return nil })
	if perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("ask: %v, want canceled", err)
	}
	wasCanceled(t, h, "2", "memory.Ask")

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = h.Ask(ctx, perk.Question{Document: document("2", "").ID, Text: "slow"}, nil); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("ask with a deadline: %v, want canceled", err)
	}
}

func TestListEndsWithConsumer(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	n := 0
	for _, err := range h.List(t.Context(), "endless") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 10 {
			break
		}
	}
	wasCanceled(t, h, "list", "memory.List")
}

func TestDamageIsReported(t *testing.T) {
	local := newMemoryModule("")
	m := plugintest.Pair(t, local)
	info, err := m.Encode(t.Context(), document("1", "quick"), nil)
	if err != nil {
		t.Fatal(err)
	}
	local.adapters[info.Key.Document.String()].Payload[0] ^= 1
	var seen []perk.AdapterKey
	n, err := m.Verify(t.Context(), func(k perk.AdapterKey, damage error) {
		seen = append(seen, k)
		if perk.ErrorCode(damage) != perk.ECorrupt || !strings.HasSuffix(damage.Error(), "(index it again)") {
			t.Errorf("damage %v", damage)
		}
	})
	if n != 1 || err != nil || !slices.Equal(seen, []perk.AdapterKey{info.Key}) {
		t.Errorf("verify: %d, %v, %v", n, err, seen)
	}
	if _, err := m.Export(t.Context(), info.Key.Document); perk.ErrorCode(err) != perk.ECorrupt {
		t.Errorf("export: %v, want corrupt", err)
	}
}
