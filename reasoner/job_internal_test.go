package reasoner

import (
	"math"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// A model that doubts whether the document answers a question is held to what it recalls: the first mark opens the facts where that is not improbable, and no answer begins with the mark of none.
func TestDoubtDoesNotDecide(t *testing.T) {
	tok := recipetest.Tokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	logits := func(p map[int32]float64) []float32 { // the rest shares what is left evenly
		left := 1.0
		for _, v := range p {
			left -= v
		}
		out := make([]float32, tok.VocabSize())
		for i := range out {
			out[i] = float32(math.Log(left / float64(len(out)-len(p))))
		}
		for token, v := range p {
			out[token] = float32(math.Log(v))
		}
		return out
	}
	open, support := sp.OutputOpen[0], sp.SupportOpen[0]
	word := tok.Encode("b")[0]
	for name, c := range map[string]struct {
		steps []map[int32]float64
		want  []int32
	}{
		"facts first":  {[]map[int32]float64{{open: 0.9, support: 0.05}}, []int32{support}},
		"no facts":     {[]map[int32]float64{{open: 0.99, support: 0.001}}, []int32{open}},
		"not the mark": {[]map[int32]float64{{open: 0.99}, {sp.Absent[0]: 0.9, word: 0.05}}, []int32{open, word}},
	} {
		j := &job{limit: 9, read: time.Now(), pick: newSampler(perk.DecodeOptions{}), rep: newReply(tok, sp, nil, nil)}
		for i, p := range c.steps {
			if _, err := j.take(logits(p), newScratch(tok.VocabSize())); err != nil {
				t.Fatal(err)
			}
			if j.next[0] != c.want[i] {
				t.Errorf("%s: token %d is %d, want %d", name, i, j.next[0], c.want[i])
			}
		}
		if got := j.rep.trace.product; name == "not the mark" && math.Abs(got-0.05) > 1e-4 {
			t.Errorf("%s: probability %v, want .05", name, got)
		}
	}
}
