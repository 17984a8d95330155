package meta

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/models"
)

// trainedModel is an untrained model with its recipe, as a folder would give it.
func trainedModel(t testing.TB) (*Config, *models.Model) {
	t.Helper()
	c, tok := tiny(t)
	model, r, err := started(t, c, tok).Export()
	if err != nil {
		t.Fatal(err)
	}
	return c, &models.Model{Name: "tiny", LM: model, Recipe: r, Tokenizer: tok}
}

// readerConfig reads passages without an adapter.
func readerConfig(c *Config) *Config {
	r := *c
	r.Targets, r.Steps = nil, 0
	r.Model.Context = 1024
	r.Reader = &retrieve.Settings{Context: retrieve.Retrieved, Passages: 3, PassageTokens: 40, Retriever: retrieve.ByBM25}
	return &r
}

func newReader(t testing.TB, c *Config, m *models.Model, workers int) *Reader {
	t.Helper()
	r, err := NewReader(c, m, generated, workers)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func twoQuestions() reading {
	return reading{context: []int32{2, 60, 61, 62, 63, 64}, asks: []ask{
		{tokens: []int32{4, 70, 71, 72, 73}, answer: 2}, {tokens: []int32{4, 75, 76, 60, 61, 62}, answer: 3}}}
}

// The losses of a reading's first question are those of the shipped engine. (Later ones stand at higher positions, and the token shift at their
// <ask> reads the end of the question before.)
func TestReadingAgreesWithEngine(t *testing.T) {
	c, m := trainedModel(t)
	r := newReader(t, readerConfig(c), m, 1)
	x := twoQuestions()
	p, err := newReadingProgram[float32](r.c, r.params, shapeOfReading(x), ad.NewPool[float32]())
	if err != nil {
		t.Fatal(err)
	}
	p.load(x, x.roots())
	if err := p.program.Run(); err != nil {
		t.Fatal(err)
	}
	a := x.asks[0]
	ids := slices.Concat(x.context, a.tokens)
	pass, err := m.LM.NewPass(t.Context(), lm.Batch{Tokens: ids, Targets: slices.Repeat([]int32{-1}, len(ids)), B: 1, T: len(ids)}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	logits, err := pass.Logits(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := m.LM.Config().Vocab
	for i := a.answer; i < len(a.tokens); i++ {
		at := len(x.context) + i - 1
		want := nll(logits[at*v:(at+1)*v], a.tokens[i])
		if got := float64(p.nll.Value()[i-a.answer]); math.Abs(got-want) > 1e-4 {
			t.Errorf("answer token %d: loss %g, the engine's %g", i, got, want)
		}
	}
}

func nll(logits []float32, target int32) float64 {
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l))
	}
	return math.Log(sum) - float64(logits[target])
}

// The gradient of a reading in every base weight is that of central differences.
func TestReadingGradient(t *testing.T) {
	c, m := trainedModel(t)
	r := newReader(t, readerConfig(c), m, 1)
	x := twoQuestions()
	build := func() *readingProgram[float64] {
		p, err := newReadingProgram[float64](r.c, r.params, shapeOfReading(x), ad.NewPool[float64]())
		if err != nil {
			t.Fatal(err)
		}
		p.load(x, x.roots())
		if err := p.program.Run(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := build()
	const step = 1e-3 // the parameters are float32
	for i, q := range r.params {
		for _, j := range []int{0, len(q.Data) / 2} {
			if q.Name == "embed" {
				j = int(x.asks[0].tokens[1])*r.c.Model.Dim + j%r.c.Model.Dim
			}
			keep := q.Data[j]
			q.Data[j] = keep + step
			up, high := build().loss.Value()[0], float64(q.Data[j])
			q.Data[j] = keep - step
			down, low := build().loss.Value()[0], float64(q.Data[j])
			q.Data[j] = keep
			if got, want := p.grads[i].Value()[j], (up-down)/(high-low); math.Abs(got-want) > 1e-3*(math.Abs(want)+1e-2) {
				t.Errorf("%s element %d: gradient %g, central difference %g", q.Name, j, got, want)
			}
		}
	}
}

func TestReaderWorkersAndResume(t *testing.T) {
	c, m := trainedModel(t)
	c = readerConfig(c)
	c.Lengths, c.Budget, c.OuterSteps, c.AskTokens, c.Pretrain = []Stage{{Min: 250, Max: 260}}, 500, 2, 200, 2
	whole, dir := newReader(t, c, m, 1), t.TempDir()
	if err := whole.Run(t.Context(), t.TempDir(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	first := newReader(t, c, m, 2)
	if _, err := first.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Save(filepath.Join(dir, CheckpointFile)); err != nil {
		t.Fatal(err)
	}
	second := newReader(t, c, m, 2)
	if err := second.Run(t.Context(), dir, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	equalParams(t, whole.Trainer, second.Trainer)
	if slices.Equal(whole.params[0].Data, m.LM.Tensors()[0].Data) {
		t.Error("the weights did not move")
	}
	model, r, err := second.Export()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Bind(model, m.Tokenizer); err != nil || model.Config().Context != 1024 {
		t.Errorf("error %v, context %d", err, model.Config().Context)
	}
}

// A reader of passages of a long document has a prompt for each question, one of a short document a single one.
func TestReadings(t *testing.T) {
	c, m := trainedModel(t)
	r := newReader(t, readerConfig(c), m, 1)
	for passages, want := range map[int]func(s *sample) bool{
		3:  func(s *sample) bool { return len(s.readings) == len(s.asks) && len(s.readings[0].asks) == 1 },
		99: func(s *sample) bool { return len(s.readings) == 1 && len(s.readings[0].asks) == len(s.asks) },
	} {
		r.c.Reader.Passages = passages
		s, err := r.sampler.draw(rand.New(rand.NewPCG(1, 1)), 400, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.asks) < 2 || !want(s) || len(s.sequences) != 0 {
			t.Errorf("%d passages: %d questions in %d readings", passages, len(s.asks), len(s.readings))
		}
	}
}

// A combined reader starts from the whole recipe, and its questions stand behind their passages.
func TestCombinedReader(t *testing.T) {
	c, m := trainedModel(t)
	combined := *c
	combined.Model.Context, combined.AskTokens = 1024, 512
	combined.Reader = &retrieve.Settings{Context: retrieve.Retrieved, Passages: 2, PassageTokens: 40, Retriever: retrieve.ByBM25, Adapter: true}
	r := newReader(t, &combined, m, 1)
	_, rec, err := r.Export()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range m.Recipe.Init.Trained() {
		if !slices.Equal(rec.Init.Trained()[i].Data, want.Data) {
			t.Errorf("%s is not the start's", want.Name)
		}
	}
	s, err := r.sampler.draw(rand.New(rand.NewPCG(1, 1)), 400, 1)
	if err != nil {
		t.Fatal(err)
	}
	sp := r.sampler.specials
	for _, a := range s.asks {
		if at := slices.Index(a.tokens, sp.Ask); a.tokens[0] != sp.Doc || at < 40 || at > a.answer || len(s.sequences) == 0 {
			t.Errorf("<ask> at %d of %d tokens that begin with %d", at, len(a.tokens), a.tokens[0])
		}
	}
}

func TestReaderErrors(t *testing.T) {
	c, m := trainedModel(t)
	for name, x := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"no section":           {func(c *Config) { c.Reader = nil; c.Targets, c.Steps = all(c, 2), 1 }, "no section reader"},
		"another model":        {func(c *Config) { c.Model.FF = 16 }, "only context may differ"},
		"long documents":       {func(c *Config) { c.Reader = &retrieve.Settings{Context: retrieve.Whole}; c.Lengths[0].Max = 1000 }, "do not fit"},
		"pretraining":          {func(c *Config) { c.Pretrain, c.Reader.Passages, c.Reader.PassageTokens = 1, 1, 2 }, "pretrain is 1"},
		"pretrained adapter":   {func(c *Config) { c.Pretrain, c.Reader.Adapter = 1, true }, "with an adapter"},
		"no passages":          {func(c *Config) { c.Reader.Passages = 0 }, "passages"},
		"adapter and document": {func(c *Config) { c.Reader = &retrieve.Settings{Context: retrieve.Whole, Adapter: true} }, "not the document"},
	} {
		t.Run(name, func(t *testing.T) {
			r := readerConfig(c)
			r.Lengths = slices.Clone(r.Lengths)
			x.change(r)
			if _, err := NewReader(r, m, generated, 1); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), x.want) {
				t.Errorf("error %v, want EInvalid with %q", err, x.want)
			}
		})
	}
}
