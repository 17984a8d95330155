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
	o     perk.DecodeOptions
	rng   *rand.Rand
	p     []float32 // (vocab) the model's own probabilities
	order []int32   // (vocab) tokens by falling logit; nil when greedy
	mass  []float64 // probabilities of the candidates at the wanted temperature
}

func newSampler(o perk.DecodeOptions, vocab int) *sampler {
	s := &sampler{o: o, p: make([]float32, vocab)}
	if o.Temperature > 0 {
		s.rng = rand.New(rand.NewPCG(o.Seed, 0))
		s.order = make([]int32, vocab)
	}
	return s
}

// pick chooses the next token from logits (vocab) and gives the model's probability of it, at temperature 1 whatever the options.
// Equal logits go to the smaller id.
func (s *sampler) pick(logits []float32) (token int32, probability float64) {
	kernel.Softmax(s.p, logits)
	if s.rng == nil {
		for i, v := range logits {
			if v > logits[token] {
				token = int32(i)
			}
		}
	} else {
		token = s.draw(logits)
	}
	return token, float64(s.p[token])
}

// entropy is that of the model's distribution at the last pick, in nats.
func (s *sampler) entropy() float64 {
	sum := 0.0
	for _, p := range s.p {
		if p > 0 {
			sum -= float64(p) * math.Log(float64(p))
		}
	}
	return sum
}

func (s *sampler) draw(logits []float32) int32 {
	for i := range s.order {
		s.order[i] = int32(i)
	}
	slices.SortFunc(s.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(logits[b], logits[a]), cmp.Compare(a, b))
	})
	n := len(s.order)
	if s.o.TopK > 0 {
		n = min(n, s.o.TopK)
	}
	s.mass = s.mass[:0]
	total, top := 0.0, float64(logits[s.order[0]])
	for _, t := range s.order[:n] {
		m := math.Exp((float64(logits[t]) - top) / s.o.Temperature)
		s.mass = append(s.mass, m)
		total += m
	}
	if s.o.TopP > 0 {
		sum := 0.0
		for i, m := range s.mass {
			if sum += m; sum >= s.o.TopP*total {
				s.mass, total = s.mass[:i+1], sum
				break
			}
		}
	}
	u := s.rng.Float64() * total
	for i, m := range s.mass {
		if u -= m; u < 0 {
			return s.order[i]
		}
	}
	return s.order[len(s.mass)-1] // rounding left a rest
}
