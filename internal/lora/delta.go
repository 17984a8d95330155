package lora

import (
	"fmt"

	"github.com/perkdb/perk"
)

// Delta gives a - init over the tensors that train, in a holder as Zeros makes it. Errors: EInvalid where the two
// adapters differ in names, shapes or flags.
func (a *Adapter) Delta(init *Adapter) (*Adapter, error) {
	if err := a.Matches(init); err != nil {
		return nil, err
	}
	d := a.Zeros()
	from, base := a.Trained(), init.Trained()
	for i, t := range d.Trained() {
		for j := range t.Data {
			t.Data[j] = from[i].Data[j] - base[i].Data[j]
		}
	}
	return d, nil
}

// Onto makes a difference the adapter init + a, in its own memory; tensors that do not train are init's own. Errors: EInvalid where names, shapes or
// flags differ; then a is unchanged.
func (a *Adapter) Onto(init *Adapter) error {
	if err := a.Matches(init); err != nil {
		return err
	}
	base := init.Trained()
	for i, t := range a.Trained() {
		for j, v := range base[i].Data {
			t.Data[j] += v
		}
	}
	for name, p := range a.Pairs {
		if !p.TrainA {
			p.A = init.Pairs[name].A
		}
		if !p.TrainB {
			p.B = init.Pairs[name].B
		}
	}
	return nil
}

// Matches reports an EInvalid error unless both adapters have the same modules, sizes, flags and scale, and both hold
// every tensor that trains.
func (a *Adapter) Matches(b *Adapter) error {
	for _, x := range []*Adapter{a, b} {
		if err := x.Validate(true); err != nil {
			return err
		}
	}
	if a.Scale != b.Scale {
		return perk.Errorf(perk.EInvalid, op, "scales differ: %v and %v", a.Scale, b.Scale)
	}
	for _, name := range a.Names() {
		p, q := a.Pairs[name], b.Pairs[name]
		if q == nil {
			return perk.Errorf(perk.EInvalid, op, "module %q is adapted in one adapter only", name)
		}
		if p.In != q.In || p.Out != q.Out || p.Rank != q.Rank || p.Full != q.Full || p.NormA != q.NormA || p.TrainA != q.TrainA || p.TrainB != q.TrainB {
			return perk.Errorf(perk.EInvalid, op, "module %q differs: %s against %s", name, p.describe(), q.describe())
		}
	}
	for _, name := range b.Names() {
		if a.Pairs[name] == nil {
			return perk.Errorf(perk.EInvalid, op, "module %q is adapted in one adapter only", name)
		}
	}
	return nil
}

func (p *Pair) describe() string {
	return fmt.Sprintf("in %d, out %d, rank %d, full %t, norm %t, trains A %t, B %t", p.In, p.Out, p.Rank, p.Full, p.NormA, p.TrainA, p.TrainB)
}
