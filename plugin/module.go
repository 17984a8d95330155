package plugin

import (
	"context"
	"iter"

	"github.com/perkdb/perk"
)

// Module is what a plugin process offers: documents in, answers out, with base model, recipe and adapter store inside. Every method may be
// called from several goroutines. A Module that is also an io.Closer is closed when its process ends, after the last call has returned.
type Module interface {
	// Info describes the module. It answers at once, also while documents are encoded.
	Info(ctx context.Context) (Info, error)
	// Encode writes a document into an adapter and stores it; when it returns nil the adapter is on disk. progress may be nil; it is
	// called from one goroutine. Errors: EInvalid (id, empty text, not UTF-8, longer than MaxDocument), ENoSpace, ECanceled.
	Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error)
	perk.Reasoner
	// AskAll asks several questions at once. done gets each question's answer or error as it comes, in any order, from one goroutine at a time. When the call
	// itself ends early, with ECanceled or EUnavailable, the questions that done did not get were not answered. Errors: EInvalid (more than MaxQuestions).
	AskAll(ctx context.Context, questions []perk.Question, done func(i int, a *perk.Answer, err error)) error
	// Forget removes every adapter of a document, whatever the model and recipe, and says how many there were. Errors: EInvalid.
	Forget(ctx context.Context, id perk.DocumentID) (int, error)
	// List walks the adapters of a collection (all collections when it is empty) in key order. It ends after the first error.
	List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error]
	// Describe gives the state of one document's adapter of the module's own model and recipe. Errors: EInvalid, ENotFound (pending), ECorrupt.
	Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error)
	// Find gives the documents whose adapters of the module's own model and recipe were written from a text with this hash, at most MaxFound, in the order of
	// their ids.
	Find(ctx context.Context, content perk.Hash) ([]perk.DocumentID, error)
	// Verify reads every adapter whole, calls report (when not nil) for each damaged one, and says how many were read.
	Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error)
	// Export gives one document's adapter of the module's own model and recipe, payload included. Errors: EInvalid, ENotFound, ECorrupt.
	Export(ctx context.Context, id perk.DocumentID) (*perk.Adapter, error)
	// Import stores an adapter of the module's own model and recipe, in place of one that it wrote itself. Its description is not made anew: Bytes and Digest must be
	// the payload's. When it returns nil the adapter is on disk. Errors: EInvalid, EStale (another model or recipe), ECorrupt (not the payload described, or not
	// one of such an adapter), ENoSpace.
	Import(ctx context.Context, a *perk.Adapter) error
	// GC gives space of removed adapters back to the disk and says how many bytes.
	GC(ctx context.Context) (int64, error)
	// Meta reads what SetMeta stored under the key: an indexer's cursor, kept beside the adapters. Errors: ENotFound.
	Meta(ctx context.Context, key string) ([]byte, error)
	// SetMeta stores a value of at most MaxMeta bytes under the key, durably. Errors: EInvalid (too large), ENoSpace.
	SetMeta(ctx context.Context, key string, value []byte) error
}

// Info describes a module and the process that it runs in.
type Info struct {
	Version   string        `json:"version"`    // of the program
	Protocol  int           `json:"protocol"`   // ProtocolVersion of the module's side
	Model     perk.ModelID  `json:"model"`      // digest of the base model
	ModelName string        `json:"model_name"` // for people
	Recipe    perk.RecipeID `json:"recipe"`     // digest of the recipe
	Context   int           `json:"context"`    // window, tokens
	StoreDir  string        `json:"store_dir"`  // where the adapters are
	PID       int           `json:"pid"`        // process id
	Kernel    string        `json:"kernel"`     // numeric kernels in use, such as "avx512"
	Params    int64         `json:"params"`     // parameters of the base model
}

// Limits of the wire.
const (
	MaxMessage  = 1 << 20  // bytes of one message; nothing larger is sent or accepted
	MaxDocument = 64 << 20 // bytes of a document's text
	MaxPayload  = 1 << 30  // bytes of an exported or imported adapter's payload
	MaxMeta     = 64 << 10 // bytes of a value of SetMeta
	MaxFound    = 1000     // documents that Find gives
	pieceSize   = 256 << 10

	MaxQuestions = 1000 // questions of one AskAll
)
