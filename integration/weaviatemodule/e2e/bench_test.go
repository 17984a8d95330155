package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/plugin"
)

// BenchmarkOverhead measures what `_additional { perk }` adds to a query of 10 hits beside the plugin's own time. Each round sends the query with perk, the same
// query without, and the same questions to a plugin process of the benchmark's own, side by side; the metrics are medians over the rounds, in milliseconds:
// overhead = with perk - without - plugin.
//
//	PERK_E2E=1 go test -run '^$' -bench Overhead -benchtime 300x ./e2e
func BenchmarkOverhead(b *testing.B) {
	for _, words := range []int{200, 4000} {
		b.Run(fmt.Sprint("words=", words), func(b *testing.B) { benchmarkOverhead(b, words) })
	}
}

func benchmarkOverhead(b *testing.B, words int) {
	n := start(b, server.Config{}, shortDir(b))
	n.must(b, http.MethodPost, "/v1/schema", class, nil)
	l := newLibrary(31)
	l.words = words
	var stories []*story
	for i := range 10 {
		stories = append(stories, l.draw(b, i, "", ""))
	}
	n.put(b, "Story", stories...)
	home := shortDir(b)
	own, err := plugin.Open(b.Context(), plugin.HostConfig{
		Command: program(), Args: []string{"plugin", "--data", home, "--log-level", "warn"}, Dir: filepath.Dir(program()), Logger: zerolog.Nop(),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer own.Close()
	var questions []perk.Question
	for _, s := range stories {
		id := perk.DocumentID{Collection: "Story", UUID: s.uuid}
		if _, err := own.Encode(b.Context(), perk.Document{ID: id, Text: s.text}, nil); err != nil {
			b.Fatal(err)
		}
		questions = append(questions, perk.Question{Document: id, Text: "Where is Mary?", Content: perk.ContentHash(s.text)})
	}
	eventually(b, time.Minute, "ready", func() bool { return len(n.adapters(b)) == len(stories) })

	body := func(additional string) string {
		text, err := json.Marshal(map[string]string{"query": fmt.Sprintf(`{Get{Story(bm25:{query:"Mary"}, limit:10){content _additional{id %s}}}}`, additional)})
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	timed := func(f func()) float64 {
		begin := time.Now()
		f()
		return time.Since(begin).Seconds() * 1000
	}
	query := func(text string) func() {
		return func() {
			if status, reply := n.call(b, http.MethodPost, "/v1/graphql", text); status != http.StatusOK || len(reply) < 10*words {
				b.Fatal(status, reply)
			}
		}
	}
	with, without := query(body(perkField(where))), query(body(""))
	ask := func() {
		answered := 0
		err := own.AskAll(b.Context(), questions, func(_ int, _ *perk.Answer, err error) {
			if err == nil {
				answered++
			}
		})
		if err != nil || answered != len(questions) {
			b.Fatal(answered, err)
		}
	}
	with() // loads the adapters
	ask()
	var times [4][]float64
	for b.Loop() {
		t := [3]float64{timed(with), timed(without), timed(ask)}
		for i, ms := range []float64{t[0], t[1], t[2], t[0] - t[1] - t[2]} {
			times[i] = append(times[i], ms)
		}
	}
	for i, name := range []string{"with-ms", "without-ms", "plugin-ms", "overhead-ms"} {
		slices.Sort(times[i])
		b.ReportMetric(times[i][len(times[i])/2], name)
	}
}
