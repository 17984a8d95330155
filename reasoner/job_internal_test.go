package reasoner

import (
	"math"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// A model that doubts whether the document answers a question is held to what it recalls: where it would say that nothing does, it recalls facts if they are not improbable, and no answer begins
// with the mark of none. An answer that is there stays.
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
	weights := recipetest.Model(t, 1).Weights(lm.Float32, nil)
	adapted, err := weights.Adapt(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := weights.NewDecoder(4)
	for name, c := range map[string]struct {
		steps []map[int32]float64
		want  []int32
	}{
		"facts first":  {[]map[int32]float64{{open: 0.9, support: 0.05}, {sp.Absent[0]: 0.9, word: 0.05}, {word: 0.5}}, []int32{open, support, word}},
		"an answer":    {[]map[int32]float64{{open: 0.9, support: 0.05}, {word: 0.5}, {sp.OutputClose[0]: 1 - 1e-6}}, []int32{open, word, sp.OutputClose[0]}},
		"no facts":     {[]map[int32]float64{{open: 0.99, support: 0.001}, {sp.Absent[0]: 0.9, word: 0.05}}, []int32{open, word}},
		"not the mark": {[]map[int32]float64{{open: 0.99}, {sp.Absent[0]: 0.9, word: 0.05}}, []int32{open, word}},
	} {
		j := &job{limit: 9, read: time.Now(), pick: newSampler(perk.DecodeOptions{}), rep: newReply(tok, sp, nil, nil), seq: weights.NewSequence()}
		j.seq.Reset(adapted)
		d.Run([]lm.Span{{Sequence: j.seq, Tokens: tok.Encode("a")}})
		read := j.seq.Len()
		for i, p := range c.steps {
			if _, err := j.take(logits(p), newScratch(tok.VocabSize())); err != nil {
				t.Fatal(err)
			}
			if j.next[0] != c.want[i] {
				t.Errorf("%s: token %d is %d, want %d", name, i, j.next[0], c.want[i])
			}
			if j.next[0] == support {
				read-- // the mark that opened the answer is forgotten
			}
			if got := j.seq.Len(); got != read+i {
				t.Errorf("%s: the sequence has %d tokens before token %d, want %d", name, got, i, read+i)
			}
			d.Run([]lm.Span{{Sequence: j.seq, Tokens: j.next[:]}})
		}
		if got := j.rep.trace.product; name == "not the mark" && math.Abs(got-0.05) > 1e-4 {
			t.Errorf("%s: probability %v, want .05", name, got)
		}
	}
}
