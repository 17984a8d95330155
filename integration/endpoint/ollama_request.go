package endpoint

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"

	"github.com/perkdb/perk"
)

// ollamaRequest is the body of /api/generate and /api/chat. Stream is on unless it is set to false.
type ollamaRequest struct {
	Model    string          `json:"model"`
	Prompt   string          `json:"prompt"`
	Messages []message       `json:"messages"`
	Stream   *bool           `json:"stream"`
	Options  options         `json:"options"`
	Suffix   string          `json:"suffix"`
	Images   []any           `json:"images"`
	Tools    []any           `json:"tools"`
	Format   json.RawMessage `json:"format"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Images  []any  `json:"images,omitempty"`
}

// options are those of Ollama's options that mean something here, and min_confidence, which is ours.
type options struct {
	Temperature float64  `json:"temperature"`
	NumPredict  int      `json:"num_predict"` // below 1: the reasoner's default
	TopK        int      `json:"top_k"`
	TopP        float64  `json:"top_p"`
	Seed        int64    `json:"seed"`
	Stop        stopList `json:"stop"`

	MinConfidence *float64 `json:"min_confidence"`
}

// stopList is a string or a list of strings.
type stopList []string

// UnmarshalJSON reads either form.
func (s *stopList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = stopList{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

// decode maps the options. Errors: EInvalid.
func (o options) decode() (perk.DecodeOptions, error) {
	switch {
	case o.Temperature < 0 || math.IsInf(o.Temperature, 0):
		return perk.DecodeOptions{}, perk.Errorf(perk.EInvalid, "endpoint", "temperature %v is below 0", o.Temperature)
	case o.TopP < 0 || o.TopP > 1:
		return perk.DecodeOptions{}, perk.Errorf(perk.EInvalid, "endpoint", "top_p %v is not in 0..1", o.TopP)
	case o.TopK < 0:
		return perk.DecodeOptions{}, perk.Errorf(perk.EInvalid, "endpoint", "top_k %d is below 0", o.TopK)
	case o.MinConfidence != nil && !(*o.MinConfidence >= 0 && *o.MinConfidence <= 1):
		return perk.DecodeOptions{}, perk.Errorf(perk.EInvalid, "endpoint", "min_confidence %v is not in 0..1", *o.MinConfidence)
	}
	var stop []string
	for _, s := range o.Stop {
		if s != "" {
			stop = append(stop, s)
		}
	}
	return perk.DecodeOptions{
		MaxTokens: max(o.NumPredict, 0), Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, Seed: uint64(o.Seed), Stop: stop,
		MinConfidence: o.MinConfidence,
	}, nil
}

// readOllama reads and checks a body of at most limit bytes. Errors: EInvalid.
func readOllama(w http.ResponseWriter, body io.ReadCloser, limit int64) (ollamaRequest, error) {
	var q ollamaRequest
	err := readJSON(w, body, limit, &q)
	if err == nil && (len(q.Images) > 0 || len(q.Tools) > 0 || q.Suffix != "" || !unset(q.Format)) {
		err = perk.Errorf(perk.EInvalid, "endpoint", "images, tools, suffix and format are not supported")
	}
	return q, err
}

// unset reports whether a member of JSON says nothing.
func unset(v json.RawMessage) bool {
	return len(v) == 0 || string(v) == `""` || string(v) == "null"
}

// readJSON reads a body of at most limit bytes. Errors: EInvalid.
func readJSON(w http.ResponseWriter, body io.ReadCloser, limit int64, v any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, body, limit)).Decode(v)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return perk.Errorf(perk.EInvalid, "endpoint", "the request has more than %d bytes", limit).
			WithHint("send the document's key, not its text")
	case err != nil:
		return perk.Errorf(perk.EInvalid, "endpoint", "the request is not the JSON of this API: %v", err)
	}
	return nil
}
