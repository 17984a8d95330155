package perk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// DocumentID names one document of a document database. Tenant is empty where the collection has none.
type DocumentID struct {
	Collection string `json:"collection"`
	Tenant     string `json:"tenant,omitempty"`
	UUID       string `json:"uuid"`
}

// String gives the reference form "Collection/uuid" or "Collection/tenant/uuid", which ParseDocumentID reads back.
func (id DocumentID) String() string {
	if id.Tenant == "" {
		return id.Collection + "/" + id.UUID
	}
	return id.Collection + "/" + id.Tenant + "/" + id.UUID
}

// Validate reports an EInvalid error when a part is missing, is longer than 512 bytes, or holds a '/' or a control character.
func (id DocumentID) Validate() error {
	for _, p := range []struct {
		name, value string
		optional    bool
	}{{"collection", id.Collection, false}, {"tenant", id.Tenant, true}, {"uuid", id.UUID, false}} {
		switch {
		case p.value == "" && !p.optional:
			return Errorf(EInvalid, "document id", "%s is empty", p.name)
		case len(p.value) > 512:
			return Errorf(EInvalid, "document id", "%s has %d bytes, at most 512 are allowed", p.name, len(p.value))
		case strings.ContainsFunc(p.value, func(r rune) bool { return r == '/' || r < 0x20 || r == 0x7f || r == '\uFFFD' }):
			return Errorf(EInvalid, "document id", "%s %q holds a '/', a control character or invalid UTF-8", p.name, p.value)
		}
	}
	return nil
}

// ParseDocumentID reads "Collection/uuid" or "Collection/tenant/uuid". Errors: EInvalid.
func ParseDocumentID(s string) (DocumentID, error) {
	var id DocumentID
	switch p := strings.Split(s, "/"); len(p) {
	case 2:
		id = DocumentID{Collection: p[0], UUID: p[1]}
	case 3:
		id = DocumentID{Collection: p[0], Tenant: p[1], UUID: p[2]}
	default:
		return id, Errorf(EInvalid, "document id", "%q is not Collection/uuid or Collection/tenant/uuid", s)
	}
	return id, id.Validate()
}

// Hash is a SHA-256 digest.
type Hash [sha256.Size]byte

// String gives the digest in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short gives the first 12 hexadecimal digits, for people.
func (h Hash) Short() string { return h.String()[:12] }

// IsZero reports whether no digest was set.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText writes the hexadecimal form.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hexadecimal form. Errors: EInvalid.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return Errorf(EInvalid, "hash", "%d characters, want %d hexadecimal digits", len(b), 2*len(h))
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return Errorf(EInvalid, "hash", "%v", err)
	}
	return nil
}

// ContentHash is the digest of a document's text; it decides whether an adapter is up to date.
func ContentHash(text string) Hash { return sha256.Sum256([]byte(text)) }

// InvalidUTF8 gives the offset of the first byte of text that is no part of a UTF-8 character, or -1 where there is none. U+FFFD itself is valid.
func InvalidUTF8(text string) int {
	for at, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[at:]); size == 1 {
				return at
			}
		}
	}
	return -1
}

// Document is a long text to be written into an adapter.
type Document struct {
	ID   DocumentID
	Text string
}

// ModelID is the digest of a base model: configuration, weights and tokenizer.
type ModelID = Hash

// RecipeID is the digest of a Recipe: initial adapter, rates, weighting head, targets and hyper-parameters.
type RecipeID = Hash

// AdapterKey names one adapter: the same document written with another model or recipe is another adapter.
type AdapterKey struct {
	Document DocumentID `json:"document"`
	Model    ModelID    `json:"model"`
	Recipe   RecipeID   `json:"recipe"`
}

// AdapterInfo describes a stored adapter without its payload.
type AdapterInfo struct {
	Key     AdapterKey `json:"key"`
	Content Hash       `json:"content"` // hash of the text that it was written from
	Digest  Hash       `json:"digest"`  // hash of the payload
	Bytes   int64      `json:"bytes"`   // payload size
	Tokens  int        `json:"tokens"`  // document length in tokens
	Chunks  int        `json:"chunks"`
	Steps   int        `json:"steps"`
	Loss    []float64  `json:"loss"` // mean weighted token loss before each inner step, nats
	Seconds float64    `json:"seconds"`
	Created time.Time  `json:"created"`
}

// Adapter is one document's memory. Payload is a safetensors file with the adapter's delta from the recipe's initial adapter.
type Adapter struct {
	AdapterInfo
	Payload []byte
}

// Question asks one document.
type Question struct {
	Document DocumentID
	Text     string
	// Content, when not zero, is the hash of the document's present text; an adapter written from another text is refused with EStale.
	Content Hash
	Options DecodeOptions
}

// Progress tells how far an Encode has come. Done and Total count chunk passes over all inner steps.
type Progress struct {
	Done, Total int
	Step        int     // 0-based inner step
	Loss        float64 // mean weighted token loss of the step so far, nats
}

// Encoder writes a document into an adapter by the inner loop.
type Encoder interface {
	// Encode is deterministic: same text, model and recipe give the same payload bytes. progress may be nil; it is called from one
	// goroutine. Errors: EInvalid (empty text, not UTF-8, too long), ECanceled.
	Encode(ctx context.Context, d Document, progress func(Progress)) (*Adapter, error)
}

// Reasoner answers questions from stored adapters.
type Reasoner interface {
	// Ask loads the document's adapter and decodes an answer. emit, when not nil, gets each piece of the answer's text (support is not
	// emitted) as it is decoded; an error it returns ends the answer. Where a smallest confidence is asked for, the text is emitted in one piece at
	// the end, and not at all when the answer is NotInDocument. Errors: EInvalid (empty or over-long question), ENotFound (no adapter), EStale (adapter
	// of another text), ECorrupt (damaged adapter), EBusy (too many questions wait), ECanceled.
	Ask(ctx context.Context, q Question, emit func(piece string) error) (*Answer, error)
}

// AdapterStore keeps adapters durably. An adapter is served whole or not at all.
type AdapterStore interface {
	// Put stores an adapter under its key, replacing an older one atomically; when it returns nil the adapter is on disk.
	Put(ctx context.Context, a *Adapter) error
	// Get reads and verifies an adapter. Errors: ENotFound, ECorrupt.
	Get(ctx context.Context, k AdapterKey) (*Adapter, error)
	// Info reads an adapter's description without its payload. Errors: ENotFound, ECorrupt.
	Info(ctx context.Context, k AdapterKey) (AdapterInfo, error)
	// Delete removes every adapter of a document, whatever the model and recipe, and says how many there were.
	Delete(ctx context.Context, id DocumentID) (int, error)
	// List walks the adapters of a collection (all collections when it is empty) in key order.
	List(ctx context.Context, collection string) iter.Seq2[AdapterInfo, error]
	// Verify reads every adapter whole, calls report for each damaged one, and says how many were read.
	Verify(ctx context.Context, report func(AdapterKey, error)) (int, error)
	Close() error
}

// Source is a document database or anything else that lists documents.
type Source interface {
	// Document reads one document. Errors: ENotFound, EUnavailable.
	Document(ctx context.Context, id DocumentID) (Document, error)
	// Scan walks all documents after the cursor ("" is the start); the cursor beside a document resumes after it. An error beside a cursor that is not
	// empty belongs to that one document, of which only the ID is then valid, and the scan goes on; an error beside an empty cursor ends the scan.
	Scan(ctx context.Context, after string) iter.Seq2[Scanned, error]
	// Count says how many documents a whole Scan gives, or -1 when that is not known.
	Count(ctx context.Context) (int, error)
}

// Scanned is a document met in a Scan, and the cursor that resumes after it.
type Scanned struct {
	Document Document
	Cursor   string
}

// String names an adapter for people.
func (k AdapterKey) String() string {
	return fmt.Sprintf("%s (model %s, recipe %s)", k.Document, k.Model.Short(), k.Recipe.Short())
}
