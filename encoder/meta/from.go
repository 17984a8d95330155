package meta

import (
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models"
)

// From starts with what trained models have learned in place of the seed's draws: a second training, with another mixture or another rate, goes on
// where the first one ended. Of several models it takes the mean of their parameters: what trainings made of one start lies in one valley, and the mean of
// it is often better than each (docs/adr/0028). The moments of the outer loop start at zero. Errors: EInvalid (no model, tensors that are not the
// configuration's).
func (t *Trainer) From(trained ...*models.Model) error {
	if len(trained) == 0 {
		return perk.Errorf(perk.EInvalid, "meta.From", "there is no model to start from")
	}
	learned := make([]map[string][]float32, len(trained))
	for i, m := range trained {
		learned[i] = learnedBy(m)
		for _, p := range t.params {
			if got := len(learned[i][p.Name]); got != len(p.Data) {
				return perk.Errorf(perk.EInvalid, "meta.From", "model %q has %d values of %s, the configuration %d", m.Name, got, p.Name, len(p.Data)).
					WithHint("give the training the model and the inner loop of the model that it starts from")
			}
		}
	}
	for _, p := range t.params {
		for j := range p.Data {
			sum := 0.0
			for _, l := range learned {
				sum += float64(l[p.Name][j])
			}
			p.Data[j] = float32(sum / float64(len(learned)))
		}
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
