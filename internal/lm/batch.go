package lm

import "github.com/perkdb/perk"

// Batch is B sequences of T tokens, row-major (B, T), right-padded with any token. Position i predicts Targets[i]; a target
// of -1 means no loss at this position (labels, padding).
type Batch struct {
	Tokens, Targets []int32
	B, T            int
}

func (b Batch) check(c Config) error {
	switch {
	case b.B < 1 || b.T < 1 || len(b.Tokens) != b.B*b.T || len(b.Targets) != len(b.Tokens):
		return perk.Errorf(perk.EInvalid, op, "batch of (%d, %d) has %d tokens and %d targets", b.B, b.T, len(b.Tokens), len(b.Targets))
	case b.T > c.Context:
		return perk.Errorf(perk.EInvalid, op, "sequences of %d tokens exceed the model's window of %d", b.T, c.Context).WithHint("use shorter chunks")
	}
	for i, t := range b.Tokens {
		if t < 0 || int(t) >= c.Vocab {
			return perk.Errorf(perk.EInvalid, op, "token %d at position %d is outside the vocabulary of %d", t, i, c.Vocab)
		}
		if y := b.Targets[i]; y < -1 || int(y) >= c.Vocab {
			return perk.Errorf(perk.EInvalid, op, "target %d at position %d is outside the vocabulary of %d", y, i, c.Vocab)
		}
	}
	return nil
}

// groupRows is the number of rows that a thread takes through all layers at once: enough for the matrix products, few enough
// for the caches. Large models take fewer, so that what a group keeps for its backward pass stays within groupBytes. A group is whole sequences, at least one.
const (
	groupRows  = 256
	groupBytes = 128 << 20
)

// group is a run of sequences of a batch.
type group struct{ first, seqs int }

// cutBatch splits a batch that keeps the activations of so many layers, by the sizes of model and batch alone, so that results do not depend on the number of threads.
func (m *Model) cutBatch(b Batch, layers int) []group {
	width := 0
	for _, p := range (&acts{}).kept(m.cfg, m.arch, b.T) {
		width += p.width
	}
	per := max(1, min(groupRows, groupBytes/(4*width*layers))/b.T)
	var out []group
	for i := 0; i < b.B; i += per {
		out = append(out, group{i, min(per, b.B-i)})
	}
	return out
}
