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
	loss    *ad.Node[float32]
	grads   []*ad.Node[float32]
}

// pretrainChunks is how many sequences a pretraining document has.
const pretrainChunks = 16

func newPretrain(s *setup[float32]) (*pretrain, error) {
	c := s.c
	p := &pretrain{in: newBatch(s, pretrainChunks, c.seq())}
	g := ad.NewGraph(s.pool)
	net, leaves := s.network(g)
	nll := net.nll(ad.Gather(net.stream(p.in.tokens, nil, c.seq()).hidden(nil), p.in.at), p.in.targets)
	p.loss = ad.Scale(ad.Sum(nll), float32(1/float64(len(p.in.at))))
	p.grads = ad.Grad(p.loss, leaves...)
	var err error
	p.program, err = g.Compile(live(append(p.grads, p.loss)...)...)
	return p, err
}

// pretrainStep is one step of language modelling on documents of the mixture.
func (t *Trainer) pretrainStep(ctx context.Context) (Stats, error) {
	documents := 2 * max(1, t.c.Budget/(2*pretrainChunks*t.c.ChunkTokens))
	results := make([]result, documents)
	err := t.parallel(ctx, documents, func(w *worker, i int) error {
		rng := rand.New(rand.NewPCG(t.c.Seed, uint64(t.step)<<20+uint64(i)+1))
		s, err := t.sampler.draw(rng, pretrainChunks*t.c.ChunkTokens, 1)
		if err != nil {
			return err
		}
		if w.clm == nil {
			if w.clm, err = newPretrain(w.setup); err != nil {
				return perk.E(perk.EInternal, "meta.Step", err)
			}
		}
		s.sequences = s.sequences[:min(len(s.sequences), pretrainChunks)]
		s.asks = nil
		w.clm.in.load(s.sequences)
		if err := w.clm.program.Run(); err != nil {
			return perk.E(perk.EInternal, "meta.Step", err)
		}
		results[i] = result{sample: s, loss: float64(w.clm.loss.Value()[0]), grads: copies(w.clm.grads)}
		return nil
	})
	if err != nil {
		return Stats{}, err
	}
	st := Stats{Documents: documents}
	for _, r := range results {
		t.accumulate(1/float32(documents), r.grads)
		st.Loss += r.loss / float64(documents)
		st.Tokens += r.sample.rows()
	}
	return t.update(st)
}
