package meta

import (
	"context"
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ad"
)

// pretrain is a plain language-model loss on one document's chunks as a compiled program.
type pretrain struct {
	e       *episode[float32] // its inputs
	program *ad.Program[float32]
	loss    *ad.Node[float32]
	grads   []*ad.Node[float32]
}

// pretrainChunks is how many sequences a pretraining document has.
const pretrainChunks = 16

func newPretrain(c *Config, params []*param, pool *ad.Pool[float32]) (*pretrain, error) {
	s := shape{chunks: pretrainChunks, rows: pretrainChunks * c.ChunkTokens}
	p := &pretrain{e: newInputs[float32](c, s)}
	g := ad.NewGraph(pool)
	leaves := newLeaves(g, params)
	net := newNetwork(c, params, leaves)
	h := ad.RMSNorm(ad.Gather(net.stream(p.e.write, c.seq()).hidden(nil), p.e.at), c.Model.NormEps)
	nll := ad.Head[float32]{Scale: float32(c.Model.LogitScale), Targets: p.e.targets}.Nll(h, net.weights["embed"])
	p.loss = ad.Scale(ad.Sum(ad.Mul(nll, g.Leaf("mask", s.rows, 1, p.e.mask))), float32(1/float64(s.rows)))
	p.grads = ad.Grad(p.loss, leaves...)
	var err error
	p.program, err = compile(g, []*ad.Node[float32]{p.loss}, p.grads)
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
			if w.clm, err = newPretrain(t.c, t.params, w.pool); err != nil {
				return perk.E(perk.EInternal, "meta.Step", err)
			}
		}
		s.sequences = s.sequences[:min(len(s.sequences), pretrainChunks)]
		s.asks = nil
		w.clm.e.load(s)
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
