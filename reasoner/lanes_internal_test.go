package reasoner

import (
	"context"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// TestQueue fills a queue that no lane empties: one more is refused, and who leaves makes room.
func TestQueue(t *testing.T) {
	l := &lanes{queue: 2}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 2)
	for range 2 {
		go func() { left <- l.do(ctx, &job{}, nil) }()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		n := len(l.waiting)
		l.mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait", n)
		}
	}
	if err := l.do(t.Context(), &job{}, nil); perk.ErrorCode(err) != perk.EBusy {
		t.Errorf("error %v, want EBusy", err)
	}
	cancel()
	for range 2 {
		if err := <-left; perk.ErrorCode(err) != perk.ECanceled {
			t.Errorf("error %v, want ECanceled", err)
		}
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := l.do(late, &job{}, nil); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want ECanceled: there is room again, and a deadline", err)
	}
	if len(l.waiting) != 0 {
		t.Errorf("%d wait", len(l.waiting))
	}
}

// newLanes makes one lane over a model that is not trained.
func newLanes(t *testing.T, batch int) *lanes {
	return &lanes{weights: recipetest.Model(t, 1).Weights(lm.BFloat16, nil), batch: batch, queue: 100, most: 1}
}

// asked is a job that reads so many tokens and decodes up to so many, none of which ends it.
func (l *lanes) asked(t *testing.T, prompt, limit int) *job {
	t.Helper()
	base, err := l.weights.Adapt(nil)
	if err != nil {
		t.Fatal(err)
	}
	tok := recipetest.Tokenizer(t)
	none := recipe.Specials{EOS: -1}
	return &job{adapted: base, prompt: make([]int32, prompt), limit: limit, pick: newSampler(perk.DecodeOptions{}), rep: newReply(tok, none, nil, nil)}
}

// TestShortPassesLong asks a short question behind a long prompt: it is answered while the prompt is read, and the prompt is not held up by a stream of short
// questions.
func TestShortPassesLong(t *testing.T) {
	l := newLanes(t, 8)
	window := l.weights.Config().Context
	if window < 3*blockTokens {
		t.Fatalf("a window of %d tokens is too short for this test", window)
	}
	long, short := l.asked(t, window-2, 2), l.asked(t, 3, 1)
	ctx := t.Context()
	ln := l.newLane()
	for _, j := range []*job{long, short} {
		j.ctx, j.caller, j.done, j.submitted = ctx, new(caller), make(chan struct{}), time.Now()
		l.waiting = append(l.waiting, j)
	}
	steps := 0
	for l.admit(ln) {
		if steps++; steps > 10*window/blockTokens {
			t.Fatal("the long prompt is not read to its end")
		}
		select {
		case <-long.done:
		default: // as long as it is read there is always another short question behind it
			j := l.asked(t, blockTokens, 1)
			j.ctx, j.caller, j.done, j.submitted = ctx, new(caller), make(chan struct{}), time.Now()
			l.waiting = append(l.waiting, j)
		}
		ln.step()
	}
	if !short.read.Before(long.read) {
		t.Error("the short question waited for the long prompt")
	}
	if long.tokens != 2 || long.stopped != stoppedLength || long.err != nil {
		t.Errorf("the long question: %d tokens, %q, %v", long.tokens, long.stopped, long.err)
	}
}

// TestTokensDoNotAllocate holds a longer reply to the allocations of a short one, but for slices that double.
func TestTokensDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget, and the kernels keep their scratch in one")
	}
	l := newLanes(t, 1)
	allocations := func(tokens int) float64 {
		return testing.AllocsPerRun(20, func() {
			if err := l.do(t.Context(), l.asked(t, 3, tokens), nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	short, long := allocations(4), allocations(100)
	if long > short+12 {
		t.Errorf("%v allocations for 4 tokens, %v for 100", short, long)
	}
}

// TestCallersTakeTurns lets one caller with many questions wait before another with two: the other's go next as soon as places are free.
func TestCallersTakeTurns(t *testing.T) {
	l := &lanes{batch: 4, queue: 100, most: 1}
	many, few := new(caller), new(caller)
	for i := range 12 {
		c := many
		if i >= 10 {
			c = few
		}
		l.waiting = append(l.waiting, &job{caller: c, seq: new(lm.Sequence)})
	}
	ln := new(lane)
	l.admit(ln)
	if many.active != 2 || few.active != 2 || len(l.waiting) != 8 {
		t.Errorf("%d and %d of 4 places, %d wait", many.active, few.active, len(l.waiting))
	}
}
