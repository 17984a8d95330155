package meta

import (
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models"
)

// From starts with what a trained model has learned in place of the seed's draws: a second training, with another mixture or another rate, goes on
// where the first one ended. The moments of the outer loop start at zero. Errors: EInvalid (the model's tensors are not the configuration's).
func (t *Trainer) From(m *models.Model) error {
	learned := learnedBy(m)
	for _, p := range t.params {
		if len(learned[p.Name]) != len(p.Data) {
			return perk.Errorf(perk.EInvalid, "meta.From", "model %q has %d values of %s, the configuration %d", m.Name, len(learned[p.Name]), p.Name, len(p.Data)).
				WithHint("give the training the model and the inner loop of the model that it starts from")
		}
	}
	for _, p := range t.params {
		copy(p.Data, learned[p.Name])
	}
	return nil
}

// learnedBy gives the tensors of a trained model under the names of the trainer's parameters: the inverse of Export.
func learnedBy(m *models.Model) map[string][]float32 {
	out := map[string][]float32{}
	for _, t := range m.LM.Tensors() {
		out[t.Name] = t.Data
	}
	for name, p := range m.Recipe.Init.Pairs {
		out[nameA(name)], out[nameB(name)] = p.A, p.B // no parameter is A where it is the identity
	}
	for _, row := range m.Recipe.Rates {
		for _, v := range row {
			out[nameRates] = append(out[nameRates], float32(math.Log(float64(v))))
		}
	}
	if l := m.Recipe.Rule.Lambda; l > 0 {
		out[nameRidge] = []float32{float32(math.Log(float64(l)))}
	}
	if w := m.Recipe.Weighting; w != nil {
		out[nameW1], out[nameB1], out[nameW2], out[nameB2] = w.W1, w.B1, w.W2, w.B2
	}
	return out
}
