package meta

import (
	"math/rand/v2"
	"testing"
)

// A task is drawn within its share of the training, and its documents are as long as its bounds say, whatever the curriculum's length.
func TestSharesBoundTheirTasks(t *testing.T) {
	c, tok := tiny(t)
	c.Tasks = []Share{
		{Task: "babilong-qa1", Weight: 1, Until: 0.5, MaxTokens: 120},
		{Task: "student-recall", Weight: 1, From: 0.5, MinTokens: 300},
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		done     float64
		task     string
		from, to int
	}{{0.49, "babilong-qa1", 60, 120}, {0.5, "student-recall", 240, 300}} {
		s, err := tr.sampler.draw(rand.New(rand.NewPCG(1, 1)), 200, x.done)
		if err != nil {
			t.Fatal(err)
		}
		n := s.rows()
		if c.Reverse {
			n /= 2
		}
		if s.task != x.task || n < x.from || n > x.to {
			t.Errorf("after %v of the training: %d tokens of %s, want %d to %d of %s", x.done, n, s.task, x.from, x.to, x.task)
		}
	}
}
