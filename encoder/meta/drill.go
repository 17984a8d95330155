package meta

import (
	"context"
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/task"
)

// Drills practise what follows from recalled facts, without the documents that they are recalled from: the support is given, and the loss is on where it goes on or
// ends and on the answer. Comparing two values, or seeing that a walk back has come to its end, takes many more examples than there are
// documents in a training, and costs a fraction of one.
type Drills struct {
	Tasks  []Share `json:"tasks"`  // each of at most max_tokens
	Groups int     `json:"groups"` // of Config.Questions questions about one document, in an outer step
	Weight float64 `json:"weight"` // of the drills' mean loss beside the documents'
	From   float64 `json:"from"`   // share of the training after which there are drills
}

func (d *Drills) validate(bad func(format string, args ...any) error) error {
	if d.Groups < 1 || !(d.Weight > 0) || !(d.From >= 0) || len(d.Tasks) == 0 {
		return bad("drills want tasks, groups and a weight, got %+v", *d)
	}
	for _, s := range d.Tasks {
		if err := task.Known(s.Task); err != nil {
			return err
		}
		if !(s.Weight > 0) || s.MaxTokens < 1 || s.From != 0 {
			return bad("the drill of task %s wants a weight, max_tokens and no from of its own", s.Task)
		}
	}
	return nil
}

// drill draws a document's questions that have a support.
func (s *sampler) drill(rng *rand.Rand) (*sample, error) {
	const tries = 100
	for range tries {
		share := pick(rng, s.c.Drills.Tasks, 1)
		ep, err := s.tasks[share.Task].Episode(rng, task.Options{Tokens: share.MaxTokens, Count: s.tok.Count, Filler: s.fillers[1], Split: task.Train})
		if err != nil {
			return nil, err
		}
		out := &sample{task: "drill:" + ep.Task}
		for _, q := range ep.Questions {
			if a := s.ask(q, func(string) []int32 { return nil }); a.output > a.answer && len(a.tokens) <= s.c.AskTokens && len(out.asks) < s.c.Questions {
				out.asks = append(out.asks, a)
			}
		}
		if len(out.asks) > 0 {
			return out, nil
		}
	}
	return nil, perk.Errorf(perk.EInvalid, "meta.Step", "none of %d documents has a question with a support for a drill", tries).
		WithHint("drill tasks whose answers recall facts, and raise ask_tokens")
}

// drills adds the drills of an outer step to its gradients.
func (t *Trainer) drills(ctx context.Context, st *Stats) error {
	d := t.c.Drills
	results := make([]result, d.Groups)
	err := t.parallel(ctx, d.Groups, func(w *worker, i int) error {
		const stream = 1 << 19 // apart from the documents'
		s, err := t.sampler.drill(rand.New(rand.NewPCG(t.c.Seed, uint64(t.step)<<20+stream+uint64(i))))
		if err != nil {
			return err
		}
		outer, right, err := w.drill(ctx, s.asks, t.sampler.specials)
		results[i] = result{sample: s, grads: outer, right: right}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range results {
		t.accumulate(float32(d.Weight/float64(d.Groups)), r.grads)
		st.ByTask = append(st.ByTask, ByTask{r.sample.task, r.right, len(r.sample.asks)})
	}
	return nil
}

// drill asks the base model with the initial adapter, which is a constant here. It gives the gradient by parameter and how many questions' conclusions
// were all more likely than not.
func (e *episode[T]) drill(ctx context.Context, asks []ask, sp recipe.Specials) (outer [][]T, right int, err error) {
	q, err := e.program(asks)
	if err != nil {
		return nil, 0, err
	}
	scored := loadDrill(q.tokens, q.at, q.targets, q.weight, asks, q.seq, sp)
	if err := e.setup.run(ctx, q, len(asks), e.start()); err != nil {
		return nil, 0, err
	}
	outer = make([][]T, len(e.params))
	gather(outer, q.outer)
	nll, r := q.nll.Value(), 0
	for _, n := range scored {
		if likely(nll[r : r+n]) {
			right++
		}
		r += n
	}
	return outer, right, nil
}

// loadDrill lays the questions out, with a loss on the tokens that follow from the support: those that end a fact and those behind the support. It gives
// how many they are of each question.
func loadDrill[T kernel.Float](tokens, at, targets []int32, weight []T, asks []ask, seq int, sp recipe.Specials) []int {
	clear(tokens)
	clear(weight)
	scored := make([]int, len(asks))
	r := 0
	for i, a := range asks {
		copy(tokens[i*seq:], a.tokens)
		for t := a.answer + 1; t < len(a.tokens) && r < len(at); t++ {
			if v := a.tokens[t]; t >= a.output || sp.EndsFact(v) {
				at[r], targets[r] = int32(i*seq+t-1), v
				scored[i]++
				r++
			}
		}
	}
	for k := range weight[:r] {
		weight[k] = T(1 / float64(r))
	}
	for ; r < len(at); r++ {
		at[r], targets[r] = 0, -1
	}
	return scored
}
