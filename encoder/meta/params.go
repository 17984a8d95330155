package meta

import (
	"math"
	"math/rand/v2"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
)

// Names of the learned tensors that are not the base model's.
const (
	nameRates = "rates"     // (steps, tensors) logarithms of the inner rates
	nameRidge = "ridge"     // (1, 1) logarithm of the ridge rule's lambda
	nameW1    = "weight.w1" // token-weighting head, shapes as in recipe.Weighting
	nameB1    = "weight.b1"
	nameW2    = "weight.w2"
	nameB2    = "weight.b2"
)

func nameA(module string) string { return "init." + module + ".A" }
func nameB(module string) string { return "init." + module + ".B" }

// param is one tensor that the outer loop learns.
type param struct {
	Name       string
	Rows, Cols int
	Data       []float32 // (Rows, Cols)
	Rate       bool      // a logarithm of an inner rate or lambda: its own learning rate, no decay
}

// newParams draws every tensor's start from the seed, in a fixed order.
func newParams(c *Config) ([]*param, error) {
	rng := rand.New(rand.NewPCG(c.Seed, 0x9e3779b97f4a7c15))
	tensors, err := lm.Tensors(c.Model)
	if err != nil {
		return nil, err
	}
	d, residual := float64(c.Model.Dim), 0.5/math.Sqrt(2*float64(c.Model.Layers))
	var out []*param
	add := func(name string, rows, cols int, std float64) *param {
		p := &param{Name: name, Rows: rows, Cols: cols, Data: make([]float32, rows*cols)}
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64() * std)
		}
		out = append(out, p)
		return p
	}
	for _, t := range tensors {
		if c.frozen() {
			break
		}
		std := 1 / math.Sqrt(d) // embedding and every projection that reads a normalised vector
		switch part(t.Name) {
		case "attn.conv":
			std = 0.02
		case "attn.o":
			std *= residual
		case "mlp.down":
			std = residual / math.Sqrt(float64(t.Shape[1]))
		}
		add(t.Name, t.Shape[0], t.Shape[1], std)
	}
	if c.readsOnly() {
		return out, nil
	}
	start, err := recipe.Start(linears(c.Model, tensors), c.Targets, c.Scale, rng)
	if err != nil {
		return nil, err
	}
	for _, t := range c.Targets {
		p := start.Pairs[t.Module]
		if !t.Full {
			copy(add(nameA(t.Module), p.Rank, p.In, 0).Data, p.A)
		}
		copy(add(nameB(t.Module), p.Out, p.Rank, 0).Data, p.B)
	}
	rates := add(nameRates, c.Steps, len(start.Trained()), 0)
	rates.Rate = true
	for i := range rates.Data {
		rates.Data[i] = float32(math.Log(c.InnerRate))
	}
	if c.Rule.Name == recipe.Ridge {
		p := add(nameRidge, 1, 1, 0)
		p.Rate = true
		p.Data[0] = float32(math.Log(c.InnerRidge))
	}
	if h := c.WeightHidden; h > 0 {
		add(nameW1, h, 2*c.Model.Dim, 1/math.Sqrt(2*d))
		add(nameB1, 1, h, 0)
		add(nameW2, 1, h, 0) // the last layer starts at zero: every token weighs the same
		add(nameB2, 1, 1, 0)
	}
	return out, nil
}

// data gives a parameter in the precision of a graph.
func data[T kernel.Float](p *param) []T { return inPrecision[T](p.Data) }

// inPrecision gives values in the precision of a graph: float32 as they are, so that the graph reads the values themselves.
func inPrecision[T kernel.Float](v []float32) []T {
	if x, ok := any(v).([]T); ok {
		return x
	}
	x := make([]T, len(v))
	for i, v := range v {
		x[i] = T(v)
	}
	return x
}
