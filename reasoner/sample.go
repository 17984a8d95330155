package reasoner

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
)

// sampler picks tokens as DecodeOptions say: the likeliest one at temperature 0, else a draw from the TopK and TopP best.
type sampler struct {
	o   perk.DecodeOptions
	rng *rand.Rand // nil when greedy
}

func newSampler(o perk.DecodeOptions) sampler {
	s := sampler{o: o}
	if o.Temperature > 0 {
		s.rng = rand.New(rand.NewPCG(o.Seed, 0))
	}
	return s
}

// scratch is what samplers use while they pick, one after the other.
type scratch struct {
	p     []float32 // (vocab) the model's own probabilities
	order []int32   // (vocab) tokens by falling logit
	mass  []float64 // probabilities of the candidates at the wanted temperature
}

func newScratch(vocab int) *scratch {
	return &scratch{p: make([]float32, vocab), order: make([]int32, vocab)}
}

// pick chooses the next token from logits (vocab) and gives the model's probability of it, at temperature 1 whatever the options.
// Equal logits go to the smaller id.
func (s *sampler) pick(logits []float32, t *scratch) (token int32, probability float64) {
	kernel.Softmax(t.p, logits)
	if s.rng == nil {
		for i, v := range logits {
			if v > logits[token] {
				token = int32(i)
			}
		}
	} else {
		token = s.draw(logits, t)
	}
	return token, float64(t.p[token])
}

// other picks again, anything but the last pick, and gives the probability that the model gave it.
func (s *sampler) other(last decoded, logits []float32, t *scratch) (token int32, probability float64) {
	logits[last.token] = float32(math.Inf(-1))
	token, probability = s.pick(logits, t)
	return token, probability * (1 - last.probability)
}

// entropy is that of the model's distribution at the last pick, in nats.
func (s *scratch) entropy() float64 {
	sum := 0.0
	for _, p := range s.p {
		if p > 0 {
			sum -= float64(p) * math.Log(float64(p))
		}
	}
	return sum
}

func (s *sampler) draw(logits []float32, t *scratch) int32 {
	for i := range t.order {
		t.order[i] = int32(i)
	}
	slices.SortFunc(t.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(logits[b], logits[a]), cmp.Compare(a, b))
	})
	n := len(t.order)
	if s.o.TopK > 0 {
		n = min(n, s.o.TopK)
	}
	t.mass = t.mass[:0]
	total, top := 0.0, float64(logits[t.order[0]])
	for _, token := range t.order[:n] {
		m := math.Exp((float64(logits[token]) - top) / s.o.Temperature)
		t.mass = append(t.mass, m)
		total += m
	}
	if s.o.TopP > 0 {
		sum := 0.0
		for i, m := range t.mass {
			if sum += m; sum >= s.o.TopP*total {
				t.mass, total = t.mass[:i+1], sum
				break
			}
		}
	}
	u := s.rng.Float64() * total
	for i, m := range t.mass {
		if u -= m; u < 0 {
			return t.order[i]
		}
	}
	return t.order[len(t.mass)-1] // rounding left a rest
}
