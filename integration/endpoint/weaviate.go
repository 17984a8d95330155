package endpoint

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/perkdb/perk"
)

// hookDelay is how long after a vector was asked for its object can be read: the server asks before it stores.
const hookDelay = 2 * time.Second

// hookPattern finds what looks like an object's key in a text.
var hookPattern = regexp.MustCompile(`\b[A-Z][0-9A-Za-z_]{0,254}/(?:[0-9A-Za-z_-]{1,64}/)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:#[0-9A-Za-z_-]{22})?`)

// maxHooked bounds the keys that are looked for in one text.
const maxHooked = 16

// ready answers /.well-known/ready, for which Weaviate's modules wait when they start.
func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func (h *Handler) meta(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"model": h.o.Model, "version": h.o.Version})
}

// answers speaks the protocol of qna-transformers. The text is an object's key, or its whole text, by whose hash the document is found. An error here would end
// Weaviate's whole query, so that only a request that nobody can read gives one: a document that cannot be answered for has no answer.
func (h *Handler) answers(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Text     string `json:"text"`
		Question string `json:"question"`
	}
	if err := readJSON(w, r.Body, max(h.o.MaxBody, maxText), &q); err != nil {
		writeError(w, err)
		return
	}
	reply := struct {
		Text      string   `json:"text"`
		Question  string   `json:"question"`
		Answer    *string  `json:"answer"`
		Certainty *float64 `json:"certainty"`
	}{Text: q.Text, Question: q.Question}
	key, err := h.keyOf(r, q.Text)
	if err == nil {
		got, asked := h.ask(r.Context(), call{h.o.Model, "[[perk:" + key + "]] " + q.Question, perk.DecodeOptions{}}, nil)
		if err = asked; err == nil && got.answer != nil && !got.answer.NotInDocument {
			reply.Answer, reply.Certainty = &got.text, &got.answer.Confidence
		}
	}
	if err != nil {
		h.log.Debug().Str("outcome", kind(err)).Msg("no answer for Weaviate's ask")
	}
	writeJSON(w, http.StatusOK, reply)
}

// maxText is the longest text that is taken in place of a key, as JSON: what a plugin takes as a document.
const maxText = 64 << 20

// keyOf gives the key of the document that a text is, or is the key of. Whoever sends a whole text may read it.
func (h *Handler) keyOf(r *http.Request, text string) (string, error) {
	if _, err := h.document(text); err == nil {
		return text, nil
	} else if forbidden := (forbiddenError{}); errors.As(err, &forbidden) {
		return "", err
	}
	ids, err := h.asker.Find(r.Context(), perk.ContentHash(text))
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		if h.sources(id.Collection) != nil {
			return h.o.Keys.Sign(id), nil
		}
	}
	return "", perk.Errorf(perk.ENotFound, "endpoint", "no served document has this text")
}

// vectors speaks the protocol of text2vec-transformers, so that a named vector makes Weaviate tell of every write. It answers at once, with a vector of one
// dimension that means nothing, and never with an error that would make the user's write fail.
func (h *Handler) vectors(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Text string `json:"text"`
	}
	if err := readJSON(w, r.Body, maxText, &q); err != nil {
		h.log.Warn().Str("outcome", kind(err)).Msg("could not read what was written")
	}
	if h.o.Changed != nil {
		var id perk.DocumentID
		for _, key := range hookPattern.FindAllString(q.Text, maxHooked) {
			if one, err := h.document(key); err == nil {
				id = one
				h.o.Changed(id, hookDelay)
			}
		}
		if id == (perk.DocumentID{}) { // a new object, which has no key yet
			h.o.Changed(id, hookDelay)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"text": "", "dims": 1, "vector": []float32{1}})
}
