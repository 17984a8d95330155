package weaviate

import (
	"errors"
	"net/http"
	"strings"

	"github.com/weaviate/weaviate-go-client/v5/weaviate/fault"

	"github.com/perkdb/perk"
)

// cause gives the HTTP status of a client's error (0: none came), and the error below it.
func cause(err error) (int, error) {
	var w *fault.WeaviateClientError
	if !errors.As(err, &w) {
		return 0, err
	}
	if w.DerivedFromError != nil { // the client's error type does not unwrap
		return 0, w.DerivedFromError
	}
	return w.StatusCode, errors.New(strings.TrimSpace(w.Msg))
}

// tooLarge reports whether a reply was cut off by the client's limit.
func tooLarge(err error) bool {
	_, err = cause(err)
	var big *http.MaxBytesError
	return errors.As(err, &big)
}

// fault maps an error of the client, nil included.
func (c *Client) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	status, err := cause(err)
	switch {
	case tooLarge(err):
		return perk.Errorf(perk.EInvalid, op, "a reply has more than %d bytes", c.maxReply).WithHint("raise the client's MaxReply")
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return perk.Errorf(perk.EDenied, op, "Weaviate at %s refused the key (HTTP %d): %w", c.endpoint, status, err).
			WithHint("check the API key and its permissions")
	case status == http.StatusNotFound:
		return perk.Errorf(perk.ENotFound, op, "Weaviate at %s has no such thing (HTTP 404): %w", c.endpoint, err)
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return perk.Errorf(perk.EInvalid, op, "Weaviate at %s refused the request (HTTP %d): %w", c.endpoint, status, err)
	case status != 0:
		return perk.Errorf(perk.EUnavailable, op, "Weaviate at %s failed (HTTP %d): %w", c.endpoint, status, err).WithHint("look at Weaviate's log")
	}
	return perk.Errorf(perk.EUnavailable, op, "Weaviate at %s does not answer: %w", c.endpoint, err).
		WithHint("start it, or correct the address")
}
