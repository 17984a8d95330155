package retrieve

import "github.com/perkdb/perk"

// What stands in the prompt.
const (
	Whole     = "document"
	Retrieved = "retrieved"
)

// Names of the rankers.
const (
	ByBM25   = "bm25"
	ByCosine = "tfidf"
)

// Settings says what a reader finds in its prompt.
type Settings struct {
	Context       string `json:"context"`                  // Whole or Retrieved
	Passages      int    `json:"passages,omitempty"`       // k, most passages in a prompt
	PassageTokens int    `json:"passage_tokens,omitempty"` // longest passage
	Retriever     string `json:"retriever,omitempty"`      // ByBM25 or ByCosine
	Adapter       bool   `json:"adapter,omitempty"`        // the document's adapter is loaded as well
}

// Validate reports the first setting that makes no prompt. Errors: EInvalid.
func (s Settings) Validate() error {
	bad := func(format string, args ...any) error {
		return perk.Errorf(perk.EInvalid, "retrieve.Settings", "reader: "+format, args...)
	}
	switch s.Context {
	case Whole:
		if s.Passages != 0 || s.PassageTokens != 0 || s.Retriever != "" {
			return bad("a prompt with the whole document has no passages and no retriever")
		}
	case Retrieved:
		if s.Passages < 1 || s.PassageTokens < 1 {
			return bad("%d passages of %d tokens, want at least one of each", s.Passages, s.PassageTokens)
		}
		if s.Retriever != ByBM25 && s.Retriever != ByCosine {
			return bad("retriever is %q, want %q or %q", s.Retriever, ByBM25, ByCosine)
		}
	default:
		return bad("context is %q, want %q or %q", s.Context, Whole, Retrieved)
	}
	return nil
}

// MostTokens bounds the tokens of a Context for a document of so many tokens, labels counted.
func (s Settings) MostTokens(document int) int {
	if s.Context == Retrieved {
		return min(s.Passages*(s.PassageTokens+1), 2*document)
	}
	return document + 1
}
