package lora

import (
	"maps"
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

const op = "lora"

// NormEps is added under the root by the normalisation of Pair.NormA.
const NormEps = 1e-5

// Pair adapts one linear layer. A and B may be nil in a holder made by Zeros, where they do not train.
type Pair struct {
	A, B           []float32 // (Rank, In), nil where Full, and (Out, Rank)
	In, Out, Rank  int
	Full           bool // A is the identity and not stored, Rank is In: B updates the whole matrix
	NormA          bool // normalise x Aᵀ to root mean square 1 over the rank
	TrainA, TrainB bool // which tensors a write changes
}

// NewPair makes a pair of zeros of which both tensors train.
func NewPair(in, out, rank int) *Pair {
	return &Pair{A: make([]float32, rank*in), B: make([]float32, out*rank), In: in, Out: out, Rank: rank, TrainA: true, TrainB: true}
}

// Down is A, also where that is the identity.
func (p *Pair) Down() []float32 {
	if !p.Full {
		return p.A
	}
	a := make([]float32, p.In*p.In)
	for i := range p.In {
		a[i*p.In+i] = 1
	}
	return a
}

// Adapter is a set of pairs under one scale. A nil *Adapter is the base model alone.
type Adapter struct {
	Scale float32
	Pairs map[string]*Pair // by module name
}

// Names lists the adapted modules in rising order.
func (a *Adapter) Names() []string {
	if a == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(a.Pairs))
}

// Clone copies the adapter and its tensors.
func (a *Adapter) Clone() *Adapter {
	return a.derive(func(p, q *Pair) { q.A, q.B = slices.Clone(p.A), slices.Clone(p.B) })
}

// Zeros makes a holder of the same pairs for a gradient or a difference: zeros for each tensor that trains, nil for
// the others.
func (a *Adapter) Zeros() *Adapter {
	return a.derive(func(p, q *Pair) {
		q.A, q.B = nil, nil
		if p.TrainA {
			q.A = make([]float32, p.Rank*p.In)
		}
		if p.TrainB {
			q.B = make([]float32, p.Out*p.Rank)
		}
	})
}

func (a *Adapter) derive(fill func(from, to *Pair)) *Adapter {
	out := &Adapter{Scale: a.Scale, Pairs: make(map[string]*Pair, len(a.Pairs))}
	for name, p := range a.Pairs {
		q := *p
		fill(p, &q)
		out.Pairs[name] = &q
	}
	return out
}

// Clear sets every tensor to zero.
func (a *Adapter) Clear() {
	for _, p := range a.Pairs {
		clear(p.A)
		clear(p.B)
	}
}

// Trained lists the tensors that train under their stored names ("layers.3.mlp.down.lora_A.weight"), by module and A
// before B. Data is shared with the adapter.
func (a *Adapter) Trained() []safetensors.Tensor {
	return a.list(func(p *Pair) (bool, bool) { return p.TrainA, p.TrainB })
}

// All lists every tensor in the order and under the names of Trained. Data is shared with the adapter.
func (a *Adapter) All() []safetensors.Tensor {
	return a.list(func(*Pair) (bool, bool) { return true, true })
}

func (a *Adapter) list(want func(*Pair) (a, b bool)) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, name := range a.Names() {
		p := a.Pairs[name]
		wantA, wantB := want(p)
		if wantA {
			out = append(out, safetensors.Tensor{Name: name + ".lora_A.weight", Shape: []int{p.Rank, p.In}, Data: p.Down()})
		}
		if wantB {
			out = append(out, safetensors.Tensor{Name: name + ".lora_B.weight", Shape: []int{p.Out, p.Rank}, Data: p.B})
		}
	}
	return out
}

// Validate holds every pair to its sizes and the scale to a finite value. A nil tensor is allowed where holder is
// set and the tensor does not train. Errors: EInvalid.
func (a *Adapter) Validate(holder bool) error {
	if s := float64(a.Scale); math.IsNaN(s) || math.IsInf(s, 0) {
		return perk.Errorf(perk.EInvalid, op, "scale is %v", a.Scale)
	}
	for _, name := range a.Names() {
		p := a.Pairs[name]
		if p == nil {
			return perk.Errorf(perk.EInvalid, op, "pair %q is nil", name)
		}
		if p.In <= 0 || p.Out <= 0 || p.Rank <= 0 {
			return perk.Errorf(perk.EInvalid, op, "pair %q has sizes in %d, out %d, rank %d", name, p.In, p.Out, p.Rank)
		}
		if p.Full && (p.Rank != p.In || p.TrainA || len(p.A) > 0) {
			return perk.Errorf(perk.EInvalid, op, "pair %q updates the whole matrix: rank %d of %d inputs, trains A %t, %d elements of A", name, p.Rank, p.In, p.TrainA, len(p.A))
		}
		if !p.Full && len(p.A) != p.Rank*p.In && !(holder && p.A == nil && !p.TrainA) {
			return perk.Errorf(perk.EInvalid, op, "pair %q: A has %d elements, want (%d, %d)", name, len(p.A), p.Rank, p.In)
		}
		if len(p.B) != p.Out*p.Rank && !(holder && p.B == nil && !p.TrainB) {
			return perk.Errorf(perk.EInvalid, op, "pair %q: B has %d elements, want (%d, %d)", name, len(p.B), p.Out, p.Rank)
		}
	}
	return nil
}
