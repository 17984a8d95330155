package meta

import (
	"context"
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ad"
)

// pretrain is a plain language-model loss on one document's chunks as a compiled program.
type pretrain struct {
	in      *batch[float32]
	program *ad.Program[float32]
	loss    *ad.Node[float32] // sum over the rows
	grads   []*ad.Node[float32]
}

// pretrained is what one document or batch of puzzles adds to a step.
type pretrained struct {
	loss  float64 // sum over the rows
	grads [][]float32
	rows  int
}

// pretrainChunks is how many sequences a pretraining document has.
const pretrainChunks = 16

func newPretrain(s *setup[float32]) (*pretrain, error) {
	c := s.c
	p := &pretrain{in: newBatch(s, pretrainChunks, c.seq())}
	g := newGraph(s.c, s.pool)
	net, leaves := s.network(g)
	nll := net.nll(ad.Gather(net.stream(p.in.tokens, nil, c.seq()).hidden(nil), p.in.at), p.in.targets)
	p.loss = ad.Sum(nll)
	p.grads = ad.Grad(p.loss, leaves...)
	var err error
	p.program, err = g.Compile(live(append(p.grads, p.loss)...)...)
	return p, err
}

// pretrainStep is one step of language modelling on documents of the mixture, and on puzzles in the place of a share of them.
func (t *Trainer) pretrainStep(ctx context.Context) (Stats, error) {
	documents := 2 * max(1, t.c.Budget/(2*pretrainChunks*t.c.ChunkTokens))
	results := make([]pretrained, documents)
	err := t.parallel(ctx, documents, func(w *worker, i int) error {
		rng := rand.New(rand.NewPCG(t.c.Seed, uint64(t.step)<<20+uint64(i)+1))
		if w.clm == nil {
			var err error
			if w.clm, err = newPretrain(w.setup); err != nil {
				return perk.E(perk.EInternal, "meta.Step", err)
			}
		}
		if t.puzzles != nil && rng.Float64() < t.c.Puzzles {
			t.puzzles.load(rng, t.sampler.specials.Ask, w.clm.in)
		} else {
			s, err := t.sampler.draw(rng, pretrainChunks*t.c.ChunkTokens, 1)
			if err != nil {
				return err
			}
			w.clm.in.load(s.sequences[:min(len(s.sequences), pretrainChunks)])
		}
		if err := w.clm.program.Run(); err != nil {
			return perk.E(perk.EInternal, "meta.Step", err)
		}
		results[i] = pretrained{loss: float64(w.clm.loss.Value()[0]), grads: copies(w.clm.grads), rows: w.clm.in.rows}
		return nil
	})
	if err != nil {
		return Stats{}, err
	}
	st := Stats{Documents: documents}
	for _, r := range results {
		share := 1 / float64(documents*r.rows)
		t.accumulate(float32(share), r.grads)
		st.Loss += share * r.loss
		st.Tokens += r.rows
	}
	return t.update(st)
}
