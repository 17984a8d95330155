package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/perkdb/perk"
)

// pendingError: the document is there and has no adapter.
type pendingError struct{ id perk.DocumentID }

func (e pendingError) Error() string {
	return fmt.Sprintf("%s is not encoded yet; run `perk index`, or wait when `perk serve` watches the collection", e.id)
}

// staleError: the document's adapter was written from another text.
type staleError struct{ id perk.DocumentID }

func (e staleError) Error() string {
	return fmt.Sprintf("%s was changed after it was encoded; run `perk index`, or wait when `perk serve` watches the collection", e.id)
}

// forbiddenError: the caller is known, and may not ask this.
type forbiddenError struct{ error }

// lateError: the deadline passed.
type lateError struct{ error }

// classify gives an error's HTTP status and a word for its kind.
func classify(err error) (int, string) {
	var pending pendingError
	var stale staleError
	var forbidden forbiddenError
	var late lateError
	switch {
	case errors.As(err, &pending):
		return http.StatusServiceUnavailable, "pending"
	case errors.As(err, &stale):
		return http.StatusConflict, "stale"
	case errors.As(err, &forbidden):
		return http.StatusForbidden, "forbidden"
	case errors.As(err, &late):
		return http.StatusGatewayTimeout, "late"
	}
	switch code := perk.ErrorCode(err); code {
	case perk.EInvalid:
		return http.StatusBadRequest, "invalid"
	case perk.ENotFound:
		return http.StatusNotFound, "not found"
	case perk.EDenied:
		return http.StatusUnauthorized, "denied"
	case perk.EConflict:
		return http.StatusConflict, "conflict"
	case perk.EUnavailable, perk.EBusy, perk.ENoSpace:
		return http.StatusServiceUnavailable, string(code)
	case perk.ECanceled:
		return 499, "canceled" // as nginx: the client closed the request
	default: // ECorrupt, EInternal
		return http.StatusInternalServerError, string(code)
	}
}

// kind is one word for an error, for logs and counters.
func kind(err error) string {
	_, word := classify(err)
	return strings.ReplaceAll(word, " ", "_")
}

// describe gives an error's HTTP status and what the client reads: the kind first, then cause and remedy.
func describe(err error) (int, string) {
	status, word := classify(err)
	return status, word + ": " + err.Error()
}

// writeError writes {"error": ...} as Ollama does, and Weaviate's modules read. What is expected to pass by itself asks the client to come again.
func writeError(w http.ResponseWriter, err error) {
	status, text := describe(err)
	comeAgain(w, status)
	writeJSON(w, status, map[string]string{"error": text})
}

func comeAgain(w http.ResponseWriter, status int) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone cannot be told
}

// stream writes a reply in pieces, each as JSON between prefix and suffix. Until the first piece an error can still have a status of its own.
type stream struct {
	w              http.ResponseWriter
	contentType    string
	prefix, suffix string
	begun          bool
}

func (s *stream) send(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.raw(string(text))
}

func (s *stream) raw(text string) error {
	if !s.begun {
		s.w.Header().Set("Content-Type", s.contentType)
		s.w.Header().Set("Cache-Control", "no-cache")
		s.begun = true
	}
	if _, err := s.w.Write([]byte(s.prefix + text + s.suffix)); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}
