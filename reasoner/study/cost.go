package study

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/reasoner"
)

// Passages that the retrieval of a Cost puts into the prompt; each is as long as a chunk of the memory at most.
const costPassages = 5

// Spent is what one action costs: medians over the repetitions, on one thread.
type Spent struct {
	Seconds float64 `json:"seconds"`
	Peak    int64   `json:"peak"` // bytes of heap above those in use before, as sampled; garbage not collected yet is counted
}

// Costs are what the ways of answering cost on one document, measured in turn within each repetition. All decode the same number of tokens.
type Costs struct {
	Tokens  int `json:"tokens"`  // of the document
	Decoded int `json:"decoded"` // tokens of the answer
	Repeats int `json:"repeats"`

	Encode Spent `json:"encode"` // write the document into an adapter
	Ask    Spent `json:"ask"`    // load the adapter from its bytes and answer
	Prompt Spent `json:"prompt"` // read the whole document and answer
	Index  Spent `json:"index"`  // cut the document and index its passages for BM25
	Search Spent `json:"search"` // retrieve passages, read them and answer

	AdapterBytes int64 `json:"adapter_bytes"` // kept for the memory
	TextBytes    int64 `json:"text_bytes"`    // kept for the whole prompt; retrieval keeps its index as well
	CacheBytes   int64 `json:"cache_bytes"`   // of the prompt's keys and values, were they kept to spare reading the document again
}

// CheapestFrom is the number of questions about one document from which on the memory takes less time in all than the whole prompt and than retrieval; 0: never.
func (c *Costs) CheapestFrom() (prompt, search int) {
	return breakEven(c.Encode.Seconds, c.Prompt.Seconds-c.Ask.Seconds), breakEven(c.Encode.Seconds-c.Index.Seconds, c.Search.Seconds-c.Ask.Seconds)
}

// breakEven is the first number of questions whose saving exceeds what was spent before.
func breakEven(before, saved float64) int {
	if saved <= 0 {
		return 0
	}
	return 1 + max(0, int(math.Floor(before/saved)))
}

// bench is one document, ready to be answered from in each way.
type bench struct {
	*subject
	text     string
	question string
	prompt   []int32 // the question's tokens
	decoded  int
	enc      *encoder.Encoder
	rea      *reasoner.Reasoner
	wide     *lm.Model // the base model with a window for the whole document
	narrow   *lm.Model // with one for the retrieved passages
	payload  []byte
	document *retrieve.Document
}

// costs measures a Cost cell.
func (s *subject) costs(ctx context.Context, t task.Task, f task.Filler, c Cell, part func(float64)) (*Costs, error) {
	b, err := s.bench(ctx, t, f, c)
	if err != nil {
		return nil, err
	}
	out := &Costs{Tokens: s.model.Tokenizer.Count(b.text), Decoded: b.decoded, Repeats: c.N, AdapterBytes: int64(len(b.payload)), TextBytes: int64(len(b.text))}
	cfg := s.model.LM.Config()
	out.CacheBytes = int64(out.Tokens) * 4 * 2 * int64(cfg.Layers*cfg.KVHeads*(cfg.Dim/cfg.Heads))
	actions := []struct {
		run    func(context.Context) error
		to     *Spent
		single []Spent
	}{{run: b.encode, to: &out.Encode}, {run: b.ask, to: &out.Ask}, {run: b.whole, to: &out.Prompt}, {run: b.index, to: &out.Index}, {run: b.search, to: &out.Search}}
	for i := range c.N {
		for j := range actions {
			a := &actions[j]
			one, err := spend(ctx, a.run)
			if err != nil {
				return nil, err
			}
			a.single = append(a.single, one)
			part(float64(i*len(actions)+j+1) / float64(c.N*len(actions)))
		}
	}
	for _, a := range actions {
		*a.to = Spent{
			Seconds: median(a.single, func(s Spent) float64 { return s.Seconds }),
			Peak:    int64(median(a.single, func(s Spent) float64 { return float64(s.Peak) })),
		}
	}
	return out, nil
}

// bench draws the document, and asks once so that the number of decoded tokens is known.
func (s *subject) bench(ctx context.Context, t task.Task, f task.Filler, c Cell) (*bench, error) {
	m := s.model
	e, err := t.Episode(rand.New(rand.NewPCG(c.Seed, uint64(c.Tokens))), task.Options{Tokens: c.Tokens, Count: m.Tokenizer.Count, Filler: f, Split: task.Eval})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(e.Questions, func(q task.QA) bool { return !q.Cloze })
	if at < 0 {
		return nil, perk.Errorf(perk.EInvalid, "study.Cost", "the document has no question in words")
	}
	b := &bench{subject: s, text: e.Text, question: e.Questions[at].Question}
	special, err := recipe.NewSpecials(m.Tokenizer)
	if err != nil {
		return nil, err
	}
	b.prompt = m.Recipe.Prompt.Question(m.Tokenizer, special, b.question)
	if b.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: 1}); err != nil {
		return nil, err
	}
	if b.rea, err = reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{}); err != nil {
		return nil, err
	}
	if err := b.encode(ctx); err != nil {
		return nil, err
	}
	adapter, err := b.rea.Load(b.payload)
	if err != nil {
		return nil, err
	}
	a, err := b.rea.AskWith(ctx, adapter, b.question, perk.DecodeOptions{})
	if err != nil {
		return nil, err
	}
	b.decoded = a.Tokens
	rest := len(b.prompt) + b.decoded
	if b.wide, err = widened(m.LM, 1+m.Tokenizer.Count(b.text)+rest); err != nil {
		return nil, err
	}
	b.narrow, err = widened(m.LM, costPassages*(m.Recipe.ChunkTokens+1)+rest)
	return b, err
}

// widened gives the same weights a window of so many tokens. What is answered then is of no worth, but it costs what such a model's answers cost.
func widened(m *lm.Model, tokens int) (*lm.Model, error) {
	cfg := m.Config()
	cfg.Context = max(cfg.Context, tokens)
	weights := map[string][]float32{}
	for _, t := range m.Tensors() {
		weights[t.Name] = t.Data
	}
	return lm.New(cfg, weights)
}

func (b *bench) encode(ctx context.Context) error {
	a, err := b.enc.Encode(ctx, perk.Document{ID: perk.DocumentID{Collection: "study", UUID: "cost"}, Text: b.text}, nil)
	if err == nil {
		b.payload = a.Payload
	}
	return err
}

func (b *bench) ask(ctx context.Context) error {
	adapter, err := b.rea.Load(b.payload)
	if err != nil {
		return err
	}
	return b.answer(ctx, b.model.LM, adapter, nil)
}

func (b *bench) whole(ctx context.Context) error {
	d, err := retrieve.New(b.text, b.model.Tokenizer, retrieve.Settings{Context: retrieve.Whole})
	if err != nil {
		return err
	}
	return b.answer(ctx, b.wide, nil, d.Context(b.question))
}

func (b *bench) index(context.Context) (err error) {
	b.document, err = retrieve.New(b.text, b.model.Tokenizer, retrieve.Settings{Context: retrieve.Retrieved, Passages: costPassages,
		PassageTokens: b.model.Recipe.ChunkTokens, Retriever: retrieve.ByBM25})
	return err
}

func (b *bench) search(ctx context.Context) error {
	return b.answer(ctx, b.narrow, nil, b.document.Context(b.question))
}

// answer reads a context and the question, and decodes the bench's number of tokens.
func (b *bench) answer(ctx context.Context, m *lm.Model, ad *lora.Adapter, context []int32) error {
	s, err := m.NewSession(ad)
	if err != nil {
		return err
	}
	logits, err := s.Prefill(ctx, slices.Concat(context, b.prompt))
	for range b.decoded - 1 {
		if err != nil {
			return err
		}
		best := 0
		for i, v := range logits {
			if v > logits[best] {
				best = i
			}
		}
		logits, err = s.Step(int32(best))
	}
	return err
}
