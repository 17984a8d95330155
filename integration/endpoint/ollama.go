package endpoint

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/locate"
)

// reply is a whole answer, or a piece of one when Done is false. Response is /api/generate's field, Message /api/chat's.
type reply struct {
	Model              string    `json:"model"`
	CreatedAt          time.Time `json:"created_at"`
	Response           *string   `json:"response,omitempty"`
	Message            *message  `json:"message,omitempty"`
	Done               bool      `json:"done"`
	DoneReason         string    `json:"done_reason,omitempty"`
	TotalDuration      int64     `json:"total_duration,omitempty"`       // ns
	LoadDuration       int64     `json:"load_duration,omitempty"`        // ns
	PromptEvalDuration int64     `json:"prompt_eval_duration,omitempty"` // ns
	EvalCount          int       `json:"eval_count,omitempty"`
	EvalDuration       int64     `json:"eval_duration,omitempty"` // ns
	Perk               *evidence `json:"perk,omitempty"`
}

// evidence says where an answer comes from.
type evidence struct {
	Document    perk.DocumentID `json:"document"`
	Support     []perk.Fact     `json:"support,omitempty"`
	Probability float64         `json:"probability"`
	Confidence  float64         `json:"confidence"`
	Refused     *string         `json:"refused,omitempty"` // the answer that was not given, because it is not in the document
	Content     perk.Hash       `json:"content"`
	Adapter     perk.Hash       `json:"adapter"`
}

// shape puts a text into a reply: the one difference between the two calls.
type shape func(r *reply, text string)

func (h *Handler) generate(w http.ResponseWriter, r *http.Request) {
	q, err := readRequest(w, r.Body, h.o.MaxBody)
	if err != nil {
		writeError(w, err)
		return
	}
	h.answer(w, r, q, q.Prompt, func(r *reply, text string) { r.Response = &text })
}

func (h *Handler) chat(w http.ResponseWriter, r *http.Request) {
	q, err := readRequest(w, r.Body, h.o.MaxBody)
	if err == nil {
		q.Prompt, err = chatPrompt(q.Messages)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	h.answer(w, r, q, q.Prompt, func(r *reply, text string) { r.Message = &message{Role: "assistant", Content: text} })
}

// answer asks and writes the reply, in pieces unless the request says otherwise.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, q request, prompt string, put shape) {
	start := time.Now()
	out := &stream{w: w}
	var emit func(string) error
	if q.Stream == nil || *q.Stream {
		emit = func(piece string) error {
			line := reply{Model: h.o.Model, CreatedAt: time.Now().UTC()}
			put(&line, piece)
			return out.line(line)
		}
	}
	id, a, err := h.ask(r.Context(), q, prompt, emit)
	if err != nil {
		h.log.Warn().Str("code", string(perk.ErrorCode(err))).Stringer("doc", id).Dur("took", time.Since(start)).Msg("could not answer a question")
		out.fail(err)
		return
	}
	h.log.Info().Stringer("doc", id).Dur("took", time.Since(start)).Msg("answered a question")
	last := reply{
		Model: h.o.Model, CreatedAt: time.Now().UTC(), Done: true, DoneReason: doneReason(a.Stopped),
		TotalDuration: int64(time.Since(start)), LoadDuration: int64(a.Load), PromptEvalDuration: int64(a.Prefill),
		EvalCount: a.Tokens, EvalDuration: int64(a.Decode),
		Perk: &evidence{
			Document: id, Support: a.Support, Probability: a.Probability, Confidence: a.Confidence, Content: a.Adapter.Content, Adapter: a.Adapter.Digest,
		},
	}
	if a.NotInDocument {
		last.Perk.Refused = &a.Text
	}
	if emit == nil {
		put(&last, a.Reply())
		writeJSON(w, http.StatusOK, last)
		return
	}
	if a.NotInDocument {
		if err := emit(a.Reply()); err != nil {
			return // the client is gone
		}
	}
	put(&last, "")
	_ = out.line(last) // the client is gone: nobody is left to tell
}

// ask checks the document's present text and asks its adapter.
func (h *Handler) ask(ctx context.Context, q request, prompt string, emit func(string) error) (perk.DocumentID, *perk.Answer, error) {
	if name := strings.TrimSuffix(q.Model, ":latest"); name != h.o.Model {
		return perk.DocumentID{}, nil, perk.Errorf(perk.ENotFound, "endpoint", "model %q not found", q.Model).WithHint("this server serves %q", h.o.Model)
	}
	id, question, err := readPrompt(prompt)
	if err != nil {
		return id, nil, err
	}
	decode, err := q.Options.decode()
	if err != nil {
		return id, nil, err
	}
	if decode.MinConfidence == nil {
		decode.MinConfidence = h.o.MinConfidence
	}
	select { // before the text is read, so that what waits is small and the check is fresh
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return id, nil, perk.E(perk.ECanceled, "endpoint", ctx.Err())
	}
	source := h.sources(id.Collection)
	if source == nil {
		return id, nil, perk.Errorf(perk.ENotFound, "endpoint", "collection %q is not served here", id.Collection)
	}
	doc, err := source.Document(ctx, id)
	if err != nil {
		return id, nil, err
	}
	a, err := locate.Ask(ctx, h.reasoner, perk.Question{Document: id, Text: question, Options: decode}, doc.Text, emit)
	switch perk.ErrorCode(err) {
	case perk.ENotFound:
		err = pendingError{id}
	case perk.EStale:
		err = staleError{id}
	}
	return id, a, err
}

func doneReason(stopped string) string {
	if stopped == "length" {
		return "length"
	}
	return "stop"
}
