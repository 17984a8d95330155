package encoder

import (
	"context"
	"crypto/sha256"
	"runtime"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
)

// Options are an Encoder's settings. None of them changes what is written, except that Precision rounds it and GroupTokens changes its last bits; after the ridge rule's rounding a changed last bit
// may be another level of an element, and of those before it, that reads the same.
type Options struct {
	Threads     int       // 0: as many as the Go runtime uses
	GroupTokens int       // 0: DefaultGroupTokens
	KeepBytes   int64     // 0: DefaultKeepBytes; see Loop.KeepBytes
	Precision   Precision // 0: BFloat16 where the CPU multiplies it, else Float32
}

// Precision is the form in which an encode multiplies by the base model's frozen matrices; sums and everything else are float32. The bytes of an adapter
// follow from document, model, recipe, precision and kind of CPU.
type Precision string

// Precisions.
const (
	Float32  Precision = "float32"
	BFloat16 Precision = "bfloat16" // about twice as fast where the CPU multiplies it, slow elsewhere
)

// Defaults of Options.
const (
	DefaultGroupTokens = 4096
	DefaultKeepBytes   = 256 << 20
)

// Stats tells what an encode cost.
type Stats struct {
	Tokens  int     `json:"tokens"` // of the document
	Chunks  int     `json:"chunks"` // sequences written, reversed ones included
	Groups  int     `json:"groups"` // gradient accumulations in a step
	Steps   int     `json:"steps"`
	FLOPs   float64 `json:"flops"` // as Trace counts
	Seconds float64 `json:"seconds"`

	Precision Precision `json:"precision"`
}

// Encoder writes documents into adapters of one base model by one recipe. It may be shared by goroutines; each Encode uses
// Options.Threads workers and memory of its own.
type Encoder struct {
	loop  Loop
	form  Precision
	tok   recipe.Tokenizer
	model perk.ModelID
	id    perk.RecipeID
}

var _ perk.Encoder = (*Encoder)(nil)

// New makes an encoder. The recipe must not change afterwards. Errors: EStale (the recipe belongs to another base model), EInvalid (a
// damaged recipe; chunks longer than the model's context; targets or head that do not fit the model; a tokenizer without the
// special tokens; an unknown precision).
func New(model *lm.Model, tok recipe.Tokenizer, r *recipe.Recipe, o Options) (*Encoder, error) {
	base, id, err := r.Bind(model, tok)
	if err != nil {
		return nil, err
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.GroupTokens <= 0 {
		o.GroupTokens = DefaultGroupTokens
	}
	if o.KeepBytes <= 0 {
		o.KeepBytes = DefaultKeepBytes
	}
	switch o.Precision {
	case "":
		o.Precision = Float32
		if kernel.HasBF16() {
			o.Precision = BFloat16
		}
	case Float32, BFloat16:
	default:
		return nil, perk.Errorf(perk.EInvalid, "encoder.New", "there is no precision %q", o.Precision).WithHint("use %s or %s", Float32, BFloat16)
	}
	if o.Precision == BFloat16 {
		model = model.BFloat16()
	}
	return &Encoder{
		form: o.Precision,
		loop: Loop{Model: model, Recipe: r, Threads: o.Threads, GroupTokens: o.GroupTokens, KeepBytes: o.KeepBytes},
		tok:  tok, model: base, id: id,
	}, nil
}

// Key names the adapter that Encode makes of a document.
func (e *Encoder) Key(doc perk.DocumentID) perk.AdapterKey {
	return perk.AdapterKey{Document: doc, Model: e.model, Recipe: e.id}
}

// Encode implements perk.Encoder.
func (e *Encoder) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (*perk.Adapter, error) {
	a, _, err := e.EncodeStats(ctx, d, progress)
	return a, err
}

// Delta writes a text into an adapter and gives what it changed, and how that is best rounded when it is packed: what Encode stores, before that. Errors: as Encode's.
func (e *Encoder) Delta(ctx context.Context, text string) (*lora.Adapter, lora.Rounding, error) {
	delta, _, trace, err := e.write(ctx, text, nil)
	return delta, trace.Round, err
}

func (e *Encoder) write(ctx context.Context, text string, progress func(perk.Progress)) (*lora.Adapter, *Chunks, Trace, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, Trace{}, perk.E(perk.ECanceled, "encoder.Encode", err)
	}
	r := e.loop.Recipe
	chunks, err := Chunk(text, e.tok, r)
	if err != nil {
		return nil, nil, Trace{}, err
	}
	phi, trace, err := e.loop.Run(ctx, chunks, progress)
	if err != nil {
		return nil, nil, Trace{}, err
	}
	delta, err := phi.Delta(r.Init)
	if err != nil {
		return nil, nil, Trace{}, perk.E(perk.EInternal, "encoder.Encode", err)
	}
	return delta, chunks, trace, nil
}

// EncodeStats is Encode, and tells what it cost.
func (e *Encoder) EncodeStats(ctx context.Context, d perk.Document, progress func(perk.Progress)) (*perk.Adapter, Stats, error) {
	start := time.Now()
	if err := d.ID.Validate(); err != nil {
		return nil, Stats{}, err
	}
	r := e.loop.Recipe
	delta, chunks, trace, err := e.write(ctx, d.Text, progress)
	if err != nil {
		return nil, Stats{}, err
	}
	payload, err := delta.Pack(r.Bits, trace.Round)
	if err != nil {
		return nil, Stats{}, perk.E(perk.EInternal, "encoder.Encode", err)
	}
	s := Stats{Tokens: len(chunks.Tokens), Chunks: chunks.Len(), Groups: trace.Groups, Steps: r.Steps, FLOPs: trace.FLOPs, Seconds: time.Since(start).Seconds(), Precision: e.form}
	return &perk.Adapter{
		AdapterInfo: perk.AdapterInfo{
			Key: e.Key(d.ID), Content: perk.ContentHash(d.Text), Digest: sha256.Sum256(payload), Bytes: int64(len(payload)),
			Tokens: s.Tokens, Chunks: s.Chunks, Steps: s.Steps, Loss: trace.Loss, Seconds: s.Seconds, Created: time.Now().UTC(),
		},
		Payload: payload,
	}, s, nil
}
