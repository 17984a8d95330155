package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/metrics"
)

func TestFigures(t *testing.T) {
	m := metrics.New(func() []indexer.Overview {
		return []indexer.Overview{
			{Collection: "Docs", Documents: 9, Pending: 4, Encoding: 1, Ready: 2, Stale: 1, Failed: 1, Paused: true, Waiting: 3, Encoded: 7, Tokens: 700, Seconds: 1.5, Trouble: "away"},
			{Collection: "More", Documents: -1, Removed: 2, Passes: 5},
		}
	})
	m.Asked("ok", 3*time.Millisecond)
	m.Asked("ok", 40*time.Millisecond)
	m.Asked("stale", time.Millisecond)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`perk_documents{collection="Docs",state="pending"} 4`, `perk_documents{collection="Docs",state="ready"} 2`, `perk_documents{collection="Docs",state="failed"} 1`,
		`perk_documents{collection="Docs",state="stale"} 1`, `perk_documents{collection="Docs",state="encoding"} 1`, `perk_hints_waiting{collection="Docs"} 3`,
		`perk_paused{collection="Docs"} 1`, `perk_trouble{collection="Docs"} 1`, `perk_trouble{collection="More"} 0`, `perk_encoded_total{collection="Docs"} 7`,
		`perk_encoded_tokens_total{collection="Docs"} 700`, `perk_encode_seconds_total{collection="Docs"} 1.5`, `perk_removed_total{collection="More"} 2`,
		`perk_passes_total{collection="More"} 5`, `perk_questions_total{outcome="ok"} 2`, `perk_question_seconds_count{outcome="stale"} 1`, `go_goroutines `,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") && !strings.Contains(w.Body.String(), "\n"+want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
}
