package endpoint

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/perkdb/perk"
)

// openaiRequest is the body of /v1/chat/completions: what of it means something here, and what is refused. Other members are passed over.
type openaiRequest struct {
	Model         string          `json:"model"`
	Messages      []openaiMessage `json:"messages"`
	Stream        bool            `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N                   *int            `json:"n"`
	MaxTokens           int             `json:"max_tokens"`
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	Temperature         float64         `json:"temperature"`
	TopP                float64         `json:"top_p"`
	Seed                int64           `json:"seed"`
	Stop                stopList        `json:"stop"`
	MinConfidence       *float64        `json:"min_confidence"` // ours
	Tools               []any           `json:"tools"`
	ResponseFormat      json.RawMessage `json:"response_format"`
}

// openaiMessage has a text, or a list of parts of which only texts are taken.
type openaiMessage struct {
	Role    string        `json:"role"`
	Content openaiContent `json:"content"`
}

type openaiContent string

// UnmarshalJSON reads either form.
func (c *openaiContent) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*c = openaiContent(text)
		return nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	var texts []string
	for _, p := range parts {
		if p.Type != "text" {
			return perk.Errorf(perk.EInvalid, "endpoint", "message parts of type %.20q are not supported", p.Type)
		}
		texts = append(texts, p.Text)
	}
	*c = openaiContent(strings.Join(texts, "\n"))
	return nil
}

// call checks the request. Errors: EInvalid.
func (q *openaiRequest) call() (call, error) {
	var form struct{ Type string }
	if !unset(q.ResponseFormat) && (json.Unmarshal(q.ResponseFormat, &form) != nil || form.Type != "text") || len(q.Tools) > 0 || q.N != nil && *q.N != 1 {
		return call{}, perk.Errorf(perk.EInvalid, "endpoint", "tools, response_format and n above 1 are not supported")
	}
	var messages []message
	for _, m := range q.Messages {
		messages = append(messages, message{Role: m.Role, Content: string(m.Content)})
	}
	prompt, err := chatPrompt(messages)
	if err != nil {
		return call{}, err
	}
	decode, err := options{
		Temperature: q.Temperature, NumPredict: max(q.MaxTokens, q.MaxCompletionTokens), TopP: q.TopP, Seed: q.Seed, Stop: q.Stop, MinConfidence: q.MinConfidence,
	}.decode()
	return call{q.Model, prompt, decode}, err
}

type openaiUsage struct {
	PromptTokens     int `json:"prompt_tokens"` // not counted
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

type openaiChoice struct {
	Index        int      `json:"index"`
	Message      *message `json:"message,omitempty"`
	Delta        *delta   `json:"delta,omitempty"`
	Logprobs     *int     `json:"logprobs"` // none are given
	FinishReason *string  `json:"finish_reason"`
}

type delta struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content,omitempty"`
}

// openaiReply is a whole answer or a chunk of one.
type openaiReply struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []openaiChoice `json:"choices"`
	Usage   *openaiUsage   `json:"usage,omitempty"`
	Perk    *evidence      `json:"perk,omitempty"`
	Several []evidence     `json:"perk_documents,omitempty"`
}

func (h *Handler) completions(w http.ResponseWriter, r *http.Request) {
	var q openaiRequest
	err := readJSON(w, r.Body, h.o.MaxBody, &q)
	var c call
	if err == nil {
		c, err = q.call()
	}
	if err != nil {
		writeOpenAIError(w, err)
		return
	}
	base := openaiReply{ID: "chatcmpl-" + rand.Text(), Object: "chat.completion", Created: time.Now().Unix(), Model: h.o.Model}
	if q.Stream {
		base.Object = "chat.completion.chunk"
		h.completionsStream(w, r, c, base, q.StreamOptions.IncludeUsage)
		return
	}
	got, err := h.ask(r.Context(), c, nil)
	if err != nil {
		writeOpenAIError(w, err)
		return
	}
	got.openai(&base)
	base.Choices = []openaiChoice{{Message: &message{Role: "assistant", Content: got.text}, FinishReason: got.finish()}}
	base.Usage = got.usage()
	writeJSON(w, http.StatusOK, base)
}

// completionsStream sends server-sent events: the role, the text's pieces, the reason of the end, and [DONE].
func (h *Handler) completionsStream(w http.ResponseWriter, r *http.Request, c call, base openaiReply, usage bool) {
	out := &stream{w: w, contentType: "text/event-stream", prefix: "data: ", suffix: "\n\n"}
	chunk := func(d delta, finish *string) openaiReply {
		line := base
		line.Choices = []openaiChoice{{Delta: &d, FinishReason: finish}}
		return line
	}
	got, err := h.ask(r.Context(), c, func(piece string) error {
		if !out.begun {
			if err := out.send(chunk(delta{Role: "assistant"}, nil)); err != nil {
				return err
			}
		}
		return out.send(chunk(delta{Content: piece}, nil))
	})
	if err != nil {
		if !out.begun {
			writeOpenAIError(w, err)
			return
		}
		_ = out.send(openaiError(err)) // the client may be gone
		return
	}
	last := chunk(delta{}, got.finish())
	got.openai(&last)
	_ = out.send(last)
	if usage {
		base.Choices, base.Usage = []openaiChoice{}, got.usage()
		_ = out.send(base)
	}
	_ = out.raw("[DONE]")
}

func (r *reply) openai(o *openaiReply) {
	if o.Several = r.several; r.answer != nil {
		o.Perk = &r.evidence
	}
}

func (r *reply) usage() *openaiUsage {
	return &openaiUsage{CompletionTokens: r.tokens, TotalTokens: r.tokens}
}

func (r *reply) finish() *string {
	if r.answer != nil {
		return new(doneReason(r.answer))
	}
	return new("stop")
}

// openaiError is an error in OpenAI's form.
func openaiError(err error) map[string]any {
	status, text := describe(err)
	kindOf := "invalid_request_error"
	if status >= 500 {
		kindOf = "server_error"
	}
	return map[string]any{"error": map[string]any{"message": text, "type": kindOf, "param": nil, "code": kind(err)}}
}

func writeOpenAIError(w http.ResponseWriter, err error) {
	status, _ := describe(err)
	comeAgain(w, status)
	writeJSON(w, status, openaiError(err))
}

// openaiModel describes the one model.
func (h *Handler) openaiModel() map[string]any {
	return map[string]any{"id": h.o.Model, "object": "model", "created": h.started.Unix(), "owned_by": "perk"}
}

func (h *Handler) openaiModels(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": []any{h.openaiModel()}})
}

func (h *Handler) openaiOneModel(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("model"); name != h.o.Model {
		writeOpenAIError(w, perk.Errorf(perk.ENotFound, "endpoint", "model %.80q not found", name).WithHint("this server serves %q", h.o.Model))
		return
	}
	writeJSON(w, http.StatusOK, h.openaiModel())
}
