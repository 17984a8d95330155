package lm

import (
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
)

// slot is the place of one adapted module.
type slot struct {
	name       string
	layer, mod int
	pair       lora.Pair // sizes and flags, without tensors
}

// slots finds the place of every pair, bottom first, and holds pairs to the modules' widths. A nil adapter has none.
func (m *Model) slots(ad *lora.Adapter) ([]slot, error) {
	if ad == nil {
		return nil, nil
	}
	if err := ad.Validate(true); err != nil {
		return nil, err
	}
	var out []slot
	for i := range m.layers {
		for mod := range m.layers[i].lin {
			l := &m.layers[i].lin[mod]
			p := ad.Pairs[l.name]
			if p == nil || !l.there() {
				continue
			}
			if p.In != l.in || p.Out != l.out {
				return nil, perk.Errorf(perk.EInvalid, op, "adapter of %q maps %d to %d, the model's layer %d to %d", l.name, p.In, p.Out, l.in, l.out)
			}
			s := slot{name: l.name, layer: i, mod: mod, pair: *p}
			s.pair.A, s.pair.B = nil, nil
			out = append(out, s)
		}
	}
	if len(out) == len(ad.Pairs) {
		return out, nil
	}
	known := map[string]bool{}
	for _, s := range out {
		known[s.name] = true
	}
	var unknown []string
	for _, name := range ad.Names() {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	return nil, perk.Errorf(perk.EInvalid, op, "the model has no linear layer %s", strings.Join(unknown, ", ")).WithHint("the adapter belongs to another model")
}

// place puts ad's pairs into table, one entry a layer, after holding them to the sizes and flags of slots. With
// holder set the tensors that do not train may be absent.
func place(table []pairs, slots []slot, ad *lora.Adapter, holder bool) error {
	clear(table)
	if ad == nil {
		return nil
	}
	if len(ad.Pairs) != len(slots) {
		return perk.Errorf(perk.EInvalid, op, "adapter has %d modules, want %d", len(ad.Pairs), len(slots))
	}
	for i := range slots {
		s := &slots[i]
		p, want := ad.Pairs[s.name], &s.pair
		switch {
		case p == nil:
			return perk.Errorf(perk.EInvalid, op, "adapter lacks module %q", s.name)
		case p.Rank != want.Rank || p.In != want.In || p.Out != want.Out || p.Full != want.Full || p.NormA != want.NormA || p.TrainA != want.TrainA || p.TrainB != want.TrainB:
			return perk.Errorf(perk.EInvalid, op, "adapter of %q has another shape or other flags than announced", s.name)
		case !p.Full && len(p.A) != p.Rank*p.In && (p.TrainA || !holder), len(p.B) != p.Out*p.Rank && (p.TrainB || !holder):
			return perk.Errorf(perk.EInvalid, op, "adapter of %q lacks a tensor", s.name)
		}
		table[s.layer][s.mod] = p
	}
	return nil
}
