package endpoint

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/locate"
)

// call is a question as it came in, whatever the protocol.
type call struct {
	model  string
	prompt string // keys and question
	decode perk.DecodeOptions
}

// reply is what became of a call.
type reply struct {
	text     string // what the caller reads
	answer   *perk.Answer
	evidence evidence
	several  []evidence // of a prompt with several keys, in their order; answer is then nil
	tokens   int        // decoded
}

// evidence says where an answer comes from.
type evidence struct {
	Document    perk.DocumentID `json:"document"`
	Answer      string          `json:"answer,omitempty"` // where several documents were asked
	Error       string          `json:"error,omitempty"`  // why this one of several documents gave no answer
	Support     []perk.Fact     `json:"support,omitempty"`
	Probability float64         `json:"probability"`
	Confidence  float64         `json:"confidence"`
	Refused     *string         `json:"refused,omitempty"` // the answer that was not given, because it is not in the document
	Content     perk.Hash       `json:"content"`
	Adapter     perk.Hash       `json:"adapter"`
}

func evidenceOf(id perk.DocumentID, a *perk.Answer) evidence {
	e := evidence{Document: id, Support: a.Support, Probability: a.Probability, Confidence: a.Confidence, Content: a.Adapter.Content, Adapter: a.Adapter.Digest}
	if a.NotInDocument {
		e.Refused = &a.Text
	}
	return e
}

// ask answers a call from the present texts' adapters. emit, when not nil, gets the answer's pieces.
func (h *Handler) ask(ctx context.Context, c call, emit func(string) error) (r reply, err error) {
	begun := time.Now()
	var ids []perk.DocumentID
	defer func() { h.note(ids, time.Since(begun), err) }()
	if name := strings.TrimSuffix(c.model, ":latest"); name != h.o.Model {
		return r, perk.Errorf(perk.ENotFound, "endpoint", "model %q not found", c.model).WithHint("this server serves %q", h.o.Model)
	}
	keys, question, err := readPrompt(c.prompt)
	if err != nil {
		return r, err
	}
	for _, key := range keys {
		id, err := h.document(key)
		if err != nil {
			return r, err
		}
		ids = append(ids, id)
	}
	if c.decode.MinConfidence == nil {
		c.decode.MinConfidence = h.o.MinConfidence
	}
	within, cancel := context.WithTimeout(ctx, h.o.Deadline)
	defer cancel()
	if err := h.slots.Acquire(within, 1); err != nil { // before a text is read, so that what waits is small and the check is fresh
		return r, h.late(ctx, perk.E(perk.ECanceled, "endpoint", err))
	}
	defer h.slots.Release(1)
	q := perk.Question{Text: question, Options: c.decode}
	if len(ids) == 1 {
		q.Document = ids[0]
		r, err = h.askOne(within, q, emit)
		return r, h.late(ctx, err)
	}
	r = h.askSeveral(within, q, ids)
	if emit != nil {
		err = emit(r.text)
	}
	return r, err
}

// document reads a key and holds it to the rule about signatures.
func (h *Handler) document(key string) (perk.DocumentID, error) {
	id, signed, err := h.o.Keys.Parse(strings.TrimSpace(key))
	switch {
	case perk.ErrorCode(err) == perk.EDenied:
		return id, forbiddenError{err}
	case err != nil:
		return id, perk.E(perk.EInvalid, "endpoint", err).WithHint(exampleHint) // no id: the prompt's text must not reach a log
	case !signed && !h.o.Unsigned:
		return perk.DocumentID{}, forbiddenError{perk.Errorf(perk.EDenied, "endpoint", "the key is not signed").
			WithHint("have `perk index --write-refs` write the objects' keys; `perk serve --unsigned-keys` takes bare ids, on loopback only")}
	}
	return id, nil
}

// present reads a document's text.
func (h *Handler) present(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	source := h.sources(id.Collection)
	if source == nil {
		return perk.Document{}, perk.Errorf(perk.ENotFound, "endpoint", "collection %q is not served here", id.Collection)
	}
	return source.Document(ctx, id)
}

// askOne asks one document.
func (h *Handler) askOne(ctx context.Context, q perk.Question, emit func(string) error) (reply, error) {
	doc, err := h.present(ctx, q.Document)
	if err != nil {
		return reply{}, err
	}
	a, err := locate.Ask(ctx, h.asker, q, doc.Text, emit)
	if err != nil {
		return reply{}, told(q.Document, err)
	}
	r := reply{text: a.Reply(), answer: a, evidence: evidenceOf(q.Document, a), tokens: a.Tokens}
	if emit != nil && a.NotInDocument {
		err = emit(r.text)
	}
	return r, err
}

// askSeveral asks several documents at once. What cannot be answered, also in time, has its reason in the reply.
func (h *Handler) askSeveral(ctx context.Context, q perk.Question, ids []perk.DocumentID) reply {
	r := reply{several: make([]evidence, len(ids))}
	texts := make([]string, len(ids))
	failed := make([]error, len(ids))
	for i := range ids {
		failed[i] = perk.Errorf(perk.EUnavailable, "endpoint", "not answered within %v", h.o.Deadline)
		if i >= h.o.MaxDocuments {
			failed[i] = perk.Errorf(perk.EInvalid, "endpoint", "not asked: a prompt may ask %d documents", h.o.MaxDocuments)
		}
	}
	asked := min(len(ids), h.o.MaxDocuments)
	read := h.readAll(ctx, ids[:asked], texts, failed)
	var questions []perk.Question
	for _, i := range read {
		one := q
		one.Document, one.Content = ids[i], perk.ContentHash(texts[i])
		questions = append(questions, one)
	}
	// Its own error says that it ended early, by the deadline for instance: those without an answer keep their reason.
	_ = h.asker.AskAll(ctx, questions, func(n int, a *perk.Answer, err error) {
		i := read[n]
		if err != nil {
			if ctx.Err() == nil {
				failed[i] = told(ids[i], err)
			}
			return
		}
		locate.Facts(texts[i], a.Support)
		failed[i], r.several[i] = nil, evidenceOf(ids[i], a)
		r.several[i].Answer = a.Reply()
		r.tokens += a.Tokens
	})
	var b strings.Builder
	for i, id := range ids {
		if failed[i] != nil {
			_, text := describe(failed[i])
			r.several[i] = evidence{Document: id, Error: text}
			fmt.Fprintf(&b, "%s: [%s]\n", id, text)
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", id, strings.TrimSpace(r.several[i].Answer))
	}
	r.text = b.String()
	return r
}

// readers is how many texts one prompt reads at the same time.
const readers = 8

// readAll reads the documents' texts and gives the positions of those that came, in order.
func (h *Handler) readAll(ctx context.Context, ids []perk.DocumentID, texts []string, failed []error) []int {
	var group errgroup.Group
	group.SetLimit(readers)
	var mu sync.Mutex
	came := make([]bool, len(ids))
	for i, id := range ids {
		group.Go(func() error {
			doc, err := h.present(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			if texts[i], came[i] = doc.Text, err == nil; err != nil && ctx.Err() == nil {
				failed[i] = err
			}
			return nil
		})
	}
	_ = group.Wait() // the goroutines give none
	var read []int
	for i, ok := range came {
		if ok {
			read = append(read, i)
		}
	}
	return read
}

// late tells the deadline, while the client is still there, from the client's own end.
func (h *Handler) late(client context.Context, err error) error {
	if perk.ErrorCode(err) == perk.ECanceled && client.Err() == nil {
		return lateError{perk.Errorf(perk.EUnavailable, "endpoint", "not answered within %v", h.o.Deadline)}
	}
	return err
}

// told names the two failures that are nobody's fault.
func told(id perk.DocumentID, err error) error {
	switch perk.ErrorCode(err) {
	case perk.ENotFound:
		return pendingError{id}
	case perk.EStale:
		return staleError{id}
	}
	return err
}

// note logs a call, without any of its words, and counts it.
func (h *Handler) note(ids []perk.DocumentID, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = kind(err)
	}
	event := h.log.Info()
	if err != nil {
		event = h.log.Warn()
	}
	if len(ids) > 0 {
		event.Stringer("doc", ids[0])
	}
	event.Int("docs", len(ids)).Str("outcome", outcome).Dur("took", took).Msg("was asked a question")
	if h.o.Asked != nil {
		h.o.Asked(outcome, took)
	}
}
