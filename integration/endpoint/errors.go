package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/perkdb/perk"
)

// pendingError: the document is there and has no adapter.
type pendingError struct{ id perk.DocumentID }

func (e pendingError) Error() string {
	return fmt.Sprintf("pending: %s is not encoded yet; run `perk index`, or wait when `perk serve` watches the collection", e.id)
}

// staleError: the document's adapter was written from another text.
type staleError struct{ id perk.DocumentID }

func (e staleError) Error() string {
	return fmt.Sprintf("stale: %s was changed after it was encoded; run `perk index`, or wait when `perk serve` watches the collection", e.id)
}

// describe gives an error's HTTP status and what the client reads: the kind first, then cause and remedy.
func describe(err error) (int, string) {
	var pending pendingError
	var stale staleError
	switch {
	case errors.As(err, &pending):
		return http.StatusServiceUnavailable, err.Error()
	case errors.As(err, &stale):
		return http.StatusConflict, err.Error()
	}
	switch code := perk.ErrorCode(err); code {
	case perk.EInvalid:
		return http.StatusBadRequest, "invalid: " + err.Error()
	case perk.ENotFound:
		return http.StatusNotFound, "not found: " + err.Error()
	case perk.EDenied:
		return http.StatusUnauthorized, "denied: " + err.Error()
	case perk.EConflict:
		return http.StatusConflict, "conflict: " + err.Error()
	case perk.EUnavailable, perk.EBusy, perk.ENoSpace:
		return http.StatusServiceUnavailable, string(code) + ": " + err.Error()
	case perk.ECanceled:
		return 499, "canceled: " + err.Error() // as nginx: the client closed the request
	default: // ECorrupt, EInternal
		return http.StatusInternalServerError, string(code) + ": " + err.Error()
	}
}

// writeError writes Ollama's {"error": ...}. What is expected to pass by itself asks the client to come again.
func writeError(w http.ResponseWriter, err error) {
	status, text := describe(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, status, map[string]string{"error": text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone cannot be told
}

// stream writes NDJSON. Until the first line an error can still have a status of its own.
type stream struct {
	w     http.ResponseWriter
	begun bool
}

func (s *stream) line(v any) error {
	if !s.begun {
		s.w.Header().Set("Content-Type", "application/x-ndjson")
		s.begun = true
	}
	if err := json.NewEncoder(s.w).Encode(v); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

func (s *stream) fail(err error) {
	if !s.begun {
		writeError(s.w, err)
		return
	}
	_, text := describe(err)
	_ = s.line(map[string]string{"error": text})
}
