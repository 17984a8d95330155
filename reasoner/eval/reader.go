package eval

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// Reader is a baseline: a model that was trained to answer from its prompt, and what it finds there. Its recipe counts only with Settings.Adapter.
type Reader struct {
	Model    *models.Model
	Settings retrieve.Settings
}

// kind names the Result's field.
func (x Reader) kind() string {
	switch {
	case x.Settings.Adapter:
		return "combined"
	case x.Settings.Context == retrieve.Whole:
		return "prompt"
	}
	return "retrieved"
}

// Way is what a Reader answered, and at what cost.
type Way struct {
	Score
	ByForm        map[string]Form `json:"by_form"`
	Found         float64         `json:"found"`          // share of questions all of whose supporting facts stand in the prompt
	ContextTokens int             `json:"context_tokens"` // median before the question
	SecondsIndex  float64         `json:"seconds_index"`  // median of a document: cut it, index its passages, and write it where there is an adapter
	SecondsRead   float64         `json:"seconds_read"`   // median to find and read what stands before the question; a whole document is read once for all its questions
	SecondsAsk    float64         `json:"seconds_ask"`    // median of a question after that
	KVBytes       int64           `json:"kv_bytes"`       // median of the keys and values after the answer
	Window        int             `json:"window"`         // tokens that the session had room for
	Model         perk.ModelID    `json:"model"`
}

// prepared is a document ready for a reader's questions.
type prepared struct {
	document *retrieve.Document
	adapter  *lora.Adapter // nil: none
	seconds  float64
}

// replied is one question's answer, scored.
type replied struct {
	form      string
	score     Score
	found     bool
	tokens    int
	read, ask float64
	kv        int64
}

// baseline measures a reader on the documents and questions of the run.
func (r *run) baseline(ctx context.Context, x Reader, out *Result) error {
	ready := make([]prepared, len(r.episodes))
	if err := r.each(ctx, func(ctx context.Context, i int) (err error) {
		ready[i], err = r.prepare(ctx, x, i)
		return err
	}); err != nil {
		return err
	}
	m, err := r.fitted(x.Model, ready)
	if err != nil {
		return err
	}
	rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{})
	if err != nil {
		return err
	}
	replies := make([][]replied, len(r.episodes))
	if err := r.each(ctx, func(ctx context.Context, i int) (err error) {
		replies[i], err = r.reply(ctx, rea, m, ready[i], i, x.kind())
		return err
	}); err != nil {
		return err
	}
	w := newWay(ready, replies)
	w.Window, w.Model = m.LM.Config().Context, x.Model.ID
	switch x.kind() {
	case "combined":
		out.Combined = w
	case "prompt":
		out.Prompt = w
	default:
		out.Retrieved = w
	}
	return nil
}

// prepare indexes a document, and writes it where the reader has an adapter.
func (r *run) prepare(ctx context.Context, x Reader, i int) (prepared, error) {
	start := time.Now()
	text := r.episodes[i].Text
	d, err := retrieve.New(text, x.Model.Tokenizer, x.Settings)
	if err != nil || !x.Settings.Adapter {
		return prepared{d, nil, time.Since(start).Seconds()}, err
	}
	enc, err := encoder.New(x.Model.LM, x.Model.Tokenizer, x.Model.Recipe, encoder.Options{Threads: 1})
	if err != nil {
		return prepared{}, err
	}
	a, err := enc.Encode(ctx, perk.Document{ID: perk.DocumentID{Collection: "eval", UUID: fmt.Sprint(i)}, Text: text}, nil)
	if err != nil {
		return prepared{}, err
	}
	rea, err := reasoner.New(x.Model.LM, x.Model.Tokenizer, x.Model.Recipe, nil, reasoner.Options{})
	if err != nil {
		return prepared{}, err
	}
	ad, err := rea.Load(a.Payload)
	return prepared{d, ad, time.Since(start).Seconds()}, err
}

// fitted gives the model with a window as long as the longest prompt and answer, so that a session costs what it needs. Positions are rotary: the window is
// no part of the weights.
func (r *run) fitted(m *models.Model, ready []prepared) (*models.Model, error) {
	sp, err := recipe.NewSpecials(m.Tokenizer)
	if err != nil {
		return nil, err
	}
	need := m.Recipe.ChunkTokens + 1
	for i, d := range ready {
		for _, q := range r.episodes[i].Questions {
			need = max(need, len(d.document.Context(q.Question))+len(m.Recipe.Prompt.Question(m.Tokenizer, sp, q.Question))+reasoner.DefaultMaxTokens)
		}
	}
	c := m.LM.Config()
	c.Context = need
	weights := map[string][]float32{}
	for _, t := range m.LM.Tensors() {
		weights[t.Name] = t.Data
	}
	out := *m
	if out.LM, err = lm.New(c, weights); err != nil {
		return nil, err
	}
	bound := *m.Recipe
	if bound.Model, err = recipe.BaseID(out.LM.ID(), m.Tokenizer); err != nil {
		return nil, err
	}
	out.Recipe = &bound
	return &out, nil
}

// reply asks one document's questions.
func (r *run) reply(ctx context.Context, rea *reasoner.Reasoner, m *models.Model, d prepared, i int, kind string) ([]replied, error) {
	var out []replied
	var reading *reasoner.Reading
	var before []int32
	var shown string
	var read float64
	for _, q := range r.episodes[i].Questions {
		if reading == nil || !d.document.Shared() {
			start := time.Now()
			before = d.document.Context(q.Question)
			var err error
			if reading, err = rea.Read(ctx, d.adapter, before); err != nil {
				return nil, err
			}
			read, shown = time.Since(start).Seconds(), m.Tokenizer.Decode(before)
		}
		start := time.Now()
		a, err := reading.Ask(ctx, q.Question, perk.DecodeOptions{})
		if err != nil {
			return nil, err
		}
		o := replied{form: q.Form, score: Score{EM: task.EM(a.Text, q.Answers), F1: task.F1(a.Text, q.Answers)}, found: true, tokens: len(before),
			read: read, ask: time.Since(start).Seconds(), kv: kvBytes(m.LM.Config(), reading.Len())}
		for _, f := range q.Support {
			if f.Absent {
				continue
			}
			for _, part := range strings.Split(f.Text, perk.Elision) { // a long record is quoted with its middle left out
				o.found = o.found && strings.Contains(shown, part)
			}
		}
		out = append(out, o)
		r.advance(1, "asking: "+kind)
	}
	return out, nil
}

// newWay adds up the documents in their order.
func newWay(ready []prepared, replies [][]replied) *Way {
	w := &Way{ByForm: map[string]Form{}}
	var index, read, ask []float64
	var tokens []int
	var kv []int64
	for i, d := range ready {
		index = append(index, d.seconds)
		for _, o := range replies[i] {
			read, ask, tokens, kv = append(read, o.read), append(ask, o.ask), append(tokens, o.tokens), append(kv, o.kv)
			w.add(o.score)
			f := w.ByForm[o.form]
			f.N++
			f.add(o.score)
			w.ByForm[o.form] = f
			if o.found {
				w.Found++
			}
		}
	}
	w.SecondsIndex = median(index)
	if n := len(ask); n > 0 {
		w.divide(n)
		w.Found /= float64(n)
		w.SecondsRead, w.SecondsAsk, w.ContextTokens, w.KVBytes = median(read), median(ask), median(tokens), median(kv)
	}
	for name, f := range w.ByForm {
		f.divide(f.N)
		w.ByForm[name] = f
	}
	return w
}

// kvBytes is the size of the keys and values of so many tokens in all layers, 4 bytes a value.
func kvBytes(c lm.Config, tokens int) int64 {
	return 2 * 4 * int64(c.Layers) * int64(c.KVHeads*(c.Dim/c.Heads)) * int64(tokens)
}
