package lm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

func newSession(t testing.TB, m *lm.Model, ad *lora.Adapter) *lm.Session {
	t.Helper()
	s, err := m.NewSession(ad)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDecodeAgreesWithTraining holds the two definitions of a model to each other: every step's logits, and those after a
// Prefill cut at odd places.
func TestDecodeAgreesWithTraining(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		b := randomBatch(c, 1, 90) // more than one block of Prefill
		for _, ad := range []*lora.Adapter{nil, randomAdapter(m, 3, false), randomAdapter(m, 3, true), randomAdapter(m, 4, true, lastDown(c))} {
			want, err := newPass(t, m, b, ad, 1).Logits(t.Context(), ad)
			if err != nil {
				t.Fatal(err)
			}
			row := func(i int) []float64 { return toFloat64(want[i*c.Vocab : (i+1)*c.Vocab]) }
			s := newSession(t, m, ad)
			for i, tok := range b.Tokens {
				got, err := s.Step(tok)
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, name+" step", got, row(i), 2e-5)
			}
			s.Reset()
			for _, part := range [][2]int{{0, 66}, {66, 67}, {67, 90}} {
				got, err := s.Prefill(t.Context(), b.Tokens[part[0]:part[1]])
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, name+" prefill", got, row(part[1]-1), 2e-5)
			}
			if s.Len() != 90 {
				t.Errorf("%s: Len = %d, want 90", name, s.Len())
			}
		}
	}
}

// TestSessionGrows reads further than a new session has memory for, by blocks and by steps, and goes back to a mark before the growth.
func TestSessionGrows(t *testing.T) {
	for _, name := range []string{"gpt2", "llama3"} {
		t.Run(name, func(t *testing.T) { sessionGrows(t, configs[name]) })
	}
}

func sessionGrows(t *testing.T, c lm.Config) {
	c.Context = 700
	m := randomModel(t, c)
	b := randomBatch(c, 1, 700)
	want, err := newPass(t, m, b, nil, 1).Logits(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	row := func(i int) []float64 { return toFloat64(want[i*c.Vocab : (i+1)*c.Vocab]) }
	s := newSession(t, m, nil)
	if _, err := s.Prefill(t.Context(), b.Tokens[:250]); err != nil {
		t.Fatal(err)
	}
	mark := s.Mark()
	for i, tok := range b.Tokens[250:280] {
		got, err := s.Step(tok)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, "step", got, row(250+i), 2e-5)
	}
	s.Rewind(mark)
	got, err := s.Prefill(t.Context(), b.Tokens[250:])
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "prefill", got, row(699), 2e-5)
}

func TestResetForgets(t *testing.T) {
	m := randomModel(t, configs["nano"])
	s := newSession(t, m, nil)
	read := func() []float32 {
		got, err := s.Prefill(t.Context(), []int32{3, 1, 4, 1, 5})
		if err != nil {
			t.Fatal(err)
		}
		return append([]float32(nil), got...)
	}
	first := read()
	s.Reset()
	if diff := cmp.Diff(first, read()); diff != "" {
		t.Error(diff)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		s := newSession(t, m, randomAdapter(m, 3, true))
		if n := testing.AllocsPerRun(50, func() {
			if _, err := s.Step(2); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a token", name, n)
		}
	}
}

func TestSessionRefusesWrongInput(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	s := newSession(t, m, nil)
	fails := func(what, text string, err error) {
		t.Helper()
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: error %v, want EInvalid with %q", what, err, text)
		}
	}
	_, err := s.Prefill(t.Context(), nil)
	fails("no tokens", "no tokens", err)
	_, err = s.Prefill(t.Context(), make([]int32, 97))
	fails("long prompt", "window of 96", err)
	_, err = s.Step(23)
	fails("unknown token", "token 23", err)
	_, err = s.Step(-1)
	fails("negative token", "token -1", err)
	if s.Len() != 0 {
		t.Fatalf("refused tokens were read: Len = %d", s.Len())
	}
	if _, err = s.Prefill(t.Context(), make([]int32, 96)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Step(1)
	fails("full window", "window of 96", err)
	_, err = m.NewSession(&lora.Adapter{Pairs: map[string]*lora.Pair{"layers.7.attn.q": lora.NewPair(16, 16, 2)}})
	fails("foreign adapter", "layers.7.attn.q", err)
}

func TestPrefillEndsWithItsContext(t *testing.T) {
	s := newSession(t, randomModel(t, configs["nano"]), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Prefill(ctx, []int32{1}); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want ECanceled", err)
	}
}
