package endpoint

import (
	"net/http"
	"time"

	"github.com/perkdb/perk"
)

// ollamaReply is a whole answer, or a piece of one when Done is false. Response is /api/generate's field, Message /api/chat's.
type ollamaReply struct {
	Model              string     `json:"model"`
	CreatedAt          time.Time  `json:"created_at"`
	Response           *string    `json:"response,omitempty"`
	Message            *message   `json:"message,omitempty"`
	Done               bool       `json:"done"`
	DoneReason         string     `json:"done_reason,omitempty"`
	TotalDuration      int64      `json:"total_duration,omitempty"`       // ns
	LoadDuration       int64      `json:"load_duration,omitempty"`        // ns
	PromptEvalDuration int64      `json:"prompt_eval_duration,omitempty"` // ns
	EvalCount          int        `json:"eval_count,omitempty"`
	EvalDuration       int64      `json:"eval_duration,omitempty"` // ns
	Perk               *evidence  `json:"perk,omitempty"`
	Several            []evidence `json:"perk_documents,omitempty"`
}

// shape puts a text into a reply: the one difference between the two calls.
type shape func(r *ollamaReply, text string)

func (h *Handler) generate(w http.ResponseWriter, r *http.Request) {
	q, err := readOllama(w, r.Body, h.o.MaxBody)
	if err != nil {
		writeError(w, err)
		return
	}
	h.ollama(w, r, q, q.Prompt, func(r *ollamaReply, text string) { r.Response = &text })
}

func (h *Handler) chat(w http.ResponseWriter, r *http.Request) {
	q, err := readOllama(w, r.Body, h.o.MaxBody)
	if err == nil {
		q.Prompt, err = chatPrompt(q.Messages)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	h.ollama(w, r, q, q.Prompt, func(r *ollamaReply, text string) { r.Message = &message{Role: "assistant", Content: text} })
}

// ollama asks and writes the reply, in pieces unless the request says otherwise.
func (h *Handler) ollama(w http.ResponseWriter, r *http.Request, q ollamaRequest, prompt string, put shape) {
	start := time.Now()
	decode, err := q.Options.decode()
	if err != nil {
		writeError(w, err)
		return
	}
	out := &stream{w: w, contentType: "application/x-ndjson", suffix: "\n"}
	var emit func(string) error
	if q.Stream == nil || *q.Stream {
		emit = func(piece string) error {
			line := ollamaReply{Model: h.o.Model, CreatedAt: time.Now().UTC()}
			put(&line, piece)
			return out.send(line)
		}
	}
	got, err := h.ask(r.Context(), call{q.Model, prompt, decode}, emit)
	if err != nil {
		if !out.begun {
			writeError(w, err)
			return
		}
		_, text := describe(err)
		_ = out.send(map[string]string{"error": text}) // the client may be gone
		return
	}
	last := ollamaReply{
		Model: h.o.Model, CreatedAt: time.Now().UTC(), Done: true, DoneReason: "stop", TotalDuration: int64(time.Since(start)), EvalCount: got.tokens, Several: got.several,
	}
	if a := got.answer; a != nil {
		last.DoneReason = doneReason(a)
		last.LoadDuration, last.PromptEvalDuration, last.EvalDuration, last.Perk = int64(a.Load), int64(a.Prefill), int64(a.Decode), &got.evidence
	}
	if emit == nil {
		put(&last, got.text)
		writeJSON(w, http.StatusOK, last)
		return
	}
	put(&last, "")
	_ = out.send(last) // the client is gone: nobody is left to tell
}

func doneReason(a *perk.Answer) string {
	if a.Stopped == "length" {
		return "length"
	}
	return "stop"
}
