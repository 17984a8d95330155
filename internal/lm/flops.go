package lm

// FLOPs counts the model's multiply-adds, twice each, without element-wise work: trunk is what NewPass ran once, perGradient what every
// Gradient runs. Padding counts, since it is computed; the head counts for positions with a target only.
func (p *Pass) FLOPs() (trunk, perGradient float64) {
	c := p.m.cfg
	tokens, targets := float64(len(p.batch.Tokens)), 0.0
	for _, t := range p.batch.Targets {
		if t >= 0 {
			targets++
		}
	}
	// Scores and their use, for the causal half only.
	attended := 2 * float64(c.Dim) * float64(p.batch.T+1)
	for i := range p.m.layers {
		first, last := p.computed(i)
		for mod := range modules {
			l := &p.m.layers[i].lin[mod]
			n := 2 * tokens * float64(l.in) * float64(l.out)
			if !l.there() {
				n = 0
			}
			if mod < first {
				trunk += n
			} else {
				perGradient += n
			}
			if mod > last {
				perGradient += n // back to the module's input
			}
		}
		if first > modO {
			trunk += tokens * attended
		} else {
			perGradient += tokens * attended
		}
		if last < modO {
			perGradient += 2 * tokens * attended
		}
	}
	for i := range p.slots {
		s := &p.slots[i]
		a, b := 2*tokens*float64(s.pair.Rank)*float64(s.pair.In), 2*tokens*float64(s.pair.Rank)*float64(s.pair.Out)
		if s.pair.Full {
			a = 0
		}
		_, last := p.computed(s.layer)
		if i == 0 && p.cut.stage == insideDown {
			trunk += a
		} else {
			perGradient += a
		}
		perGradient += b
		through := s.mod > last
		for _, part := range []struct {
			done bool
			n    float64
		}{{s.pair.TrainB, b}, {s.pair.TrainA || through, b}, {s.pair.TrainA, a}, {through, a}} {
			if part.done {
				perGradient += part.n
			}
		}
	}
	return trunk, perGradient + targets*4*float64(c.Dim)*float64(c.Vocab)
}

// computed tells, for a layer, the first module that every Gradient runs and the last one through whose input it does not go back.
// Modules 0 to modV, and modGate with modUp, read one input, so they stand and fall together.
func (p *Pass) computed(i int) (first, last int) {
	switch {
	case i < p.cut.layer:
		return modules, modules
	case i > p.cut.layer:
		return 0, -1
	}
	switch p.cut.stage {
	case insideDown:
		return modules, modules
	case beforeMLP:
		first = modGate
	}
	switch low := p.slots[0].mod; {
	case low <= modV:
		return first, modV
	case low == modGate || low == modUp:
		return first, modUp
	default:
		return first, low
	}
}
