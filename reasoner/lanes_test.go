package reasoner_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/reasoner"
)

// TestTogether asks questions of all lengths about documents on different adapters at once, while others come and go: every answer is, bit for bit, the one
// that is given alone.
func TestTogether(t *testing.T) {
	for _, threads := range []int{0, 5} { // 0: as many as there are processors
		t.Run(fmt.Sprintf("threads=%d", threads), func(t *testing.T) { testTogether(t, reasoner.Options{Batch: 3, Threads: threads}) })
	}
}

func testTogether(t *testing.T, o reasoner.Options) {
	r := newRoom(t, o)
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if got := r.Places(); got != 2*o.Batch*threads {
		t.Errorf("%d questions are worth asking at once, want %d", got, 2*o.Batch*threads)
	}
	r.teach(t, "1", "Where?", "hall")
	r.teach(t, "2", "Is Al in?", "garden", recipe.Fact{Text: "Al go", Reversed: true})
	r.teach(t, "3", "Who is it that went there?", "x y z")
	var qs []perk.Question
	for i := range 60 {
		q := perk.Question{Document: document(fmt.Sprint(1 + i%3)), Text: []string{"Where?", "Is Al in?", "Who is it that went there?", strings.Repeat("ab ", 24)}[i%4]}
		if i%5 == 0 {
			q.Options = perk.DecodeOptions{Temperature: 1, Seed: uint64(i)}
		}
		qs = append(qs, q)
	}
	times := cmpopts.IgnoreFields(perk.Answer{}, "Load", "Prefill", "Decode")
	var want []*perk.Answer
	for _, q := range qs {
		a, err := r.Ask(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, a)
	}
	var all sync.WaitGroup
	for i, q := range qs {
		all.Go(func() {
			if i%7 == 0 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
				defer cancel()
				if _, err := r.Ask(ctx, q, nil); err != nil && perk.ErrorCode(err) != perk.ECanceled {
					t.Errorf("question %d at its deadline: %v", i, err)
				}
			}
			var emit func(string) error
			var pieces strings.Builder
			if i%2 == 0 {
				emit = func(p string) error { pieces.WriteString(p); return nil }
			}
			a, err := r.Ask(t.Context(), q, emit)
			if err != nil {
				t.Errorf("question %d: %v", i, err)
				return
			}
			if d := cmp.Diff(want[i], a, times); d != "" {
				t.Errorf("question %d in company:\n%s", i, d)
			}
			if emit != nil && pieces.String() != a.Text {
				t.Errorf("question %d: pieces %q of %q", i, pieces.String(), a.Text)
			}
		})
	}
	all.Wait()
}
