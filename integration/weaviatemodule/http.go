package weaviatemodule

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/google/uuid"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/usecases/auth/authorization"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/plugin"
)

const (
	maxBody      = 1 << 20 // bytes of a request
	maxDocuments = 1000    // of a page of /documents

	statusWait = 2 * time.Second // for a plugin that is away
)

// RootHandler serves /v1/modules/perk/: GET status and documents, POST ask and index. Every call is authenticated and authorised as Weaviate's own are.
func (m *Module) RootHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /status", m.handler(m.status))
	mux.Handle("POST /ask", m.handler(m.ask))
	mux.Handle("POST /index", m.handler(m.index))
	mux.Handle("GET /documents", m.handler(m.documents))
	return mux
}

// handler authenticates and writes what f gives as JSON.
func (m *Module) handler(f func(r *http.Request, who *models.Principal) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		who, err := m.principal(r)
		var body any
		if err == nil {
			body, err = f(r, who)
		}
		code := http.StatusOK
		if err != nil {
			code = statusCode(err)
			// the form of Weaviate's own errors
			body = map[string]any{"error": []map[string]string{{"message": err.Error()}}}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody is left to tell
	})
}

func statusCode(err error) int {
	if errors.Is(err, errNobody) {
		return http.StatusUnauthorized
	}
	switch perk.ErrorCode(err) {
	case perk.EInvalid:
		return http.StatusUnprocessableEntity
	case perk.EDenied:
		return http.StatusForbidden
	case perk.ENotFound:
		return http.StatusNotFound
	case perk.EConflict:
		return http.StatusConflict
	case perk.EUnavailable, perk.ECanceled:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// read takes a request's JSON body, in which only known fields may stand.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("there is more than one value")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return perk.Errorf(perk.EInvalid, Name, "read the request: %w", err)
	}
	return nil
}

// statusBody is what GET /status gives.
type statusBody struct {
	Plugin      *plugin.Info       `json:"plugin"`  // null while it is away
	Hosting     bool               `json:"hosting"` // this server launched the plugin; else it uses another server's
	Trouble     string             `json:"trouble,omitempty"`
	Collections []indexer.Overview `json:"collections"` // that are followed, in the order of their names
	Refused     map[string]string  `json:"refused"`     // classes that are not followed because of what their moduleConfig says, and why
}

func (m *Module) status(r *http.Request, who *models.Principal) (any, error) {
	if err := m.may(r, who, authorization.READ, authorization.Cluster()); err != nil {
		return nil, err
	}
	body := statusBody{Hosting: m.link.isHosting(), Collections: append([]indexer.Overview{}, m.follower.fleet.Overviews()...), Refused: m.follower.refusals()}
	ctx, cancel := context.WithTimeout(r.Context(), statusWait)
	defer cancel()
	info, err := remote{m.link}.Info(ctx)
	if err == nil {
		body.Plugin = &info
	} else {
		body.Trouble = err.Error()
	}
	return body, nil
}

// askRequest is POST /ask: one question about one object.
type askRequest struct {
	Collection string `json:"collection"`
	Tenant     string `json:"tenant"`
	ID         string `json:"id"`
	Question   string `json:"question"`
	MaxTokens  int    `json:"maxTokens"`
}

func (m *Module) ask(r *http.Request, who *models.Principal) (any, error) {
	var q askRequest
	if err := read(r, &q); err != nil {
		return nil, err
	}
	id := perk.DocumentID{Collection: q.Collection, Tenant: q.Tenant, UUID: q.ID}
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if q.Question == "" || q.MaxTokens < 0 {
		return nil, perk.Errorf(perk.EInvalid, Name, "there is no question, or maxTokens is negative")
	}
	if err := m.may(r, who, authorization.READ, authorization.Objects(id.Collection, id.Tenant, strfmt.UUID(id.UUID))); err != nil {
		return nil, err
	}
	c, err := m.database.class(id.Collection)
	if err == nil {
		err = c.fits(r.Context(), remote{m.link})
	}
	if err != nil {
		return nil, err
	}
	d, err := m.database.Document(r.Context(), id)
	if err != nil {
		return nil, err
	}
	h := &hit{id: id, text: d.Text}
	m.askAll(r.Context(), []*hit{h}, question{q.Question, perk.DecodeOptions{MaxTokens: q.MaxTokens}})
	return h.reply, nil
}

// indexRequest is POST /index. Action is "run" (one pass over a collection that is not followed), "pause", "resume" or "retry" (the failed documents).
type indexRequest struct {
	Collection string `json:"collection"`
	Action     string `json:"action"`
}

func (m *Module) index(r *http.Request, who *models.Principal) (any, error) {
	var q indexRequest
	if err := read(r, &q); err != nil {
		return nil, err
	}
	if err := m.may(r, who, authorization.UPDATE, authorization.CollectionsData(q.Collection)...); err != nil {
		return nil, err
	}
	if _, err := m.database.class(q.Collection); err != nil {
		return nil, err
	}
	x, err := m.follower.order(r.Context(), q.Collection, q.Action)
	if err != nil {
		return nil, err
	}
	return x.Overview(), nil
}

// documentsBody is what GET /documents?collection=&tenant=&after=&limit= gives: objects and their states, in the order of their ids.
type documentsBody struct {
	Documents []*reply `json:"documents"`
	After     string   `json:"after,omitempty"` // of the next page; "" where there is none
}

func (m *Module) documents(r *http.Request, who *models.Principal) (any, error) {
	q := r.URL.Query()
	class, tenant := q.Get("collection"), q.Get("tenant")
	limit := 100
	if v := q.Get("limit"); v != "" {
		var err error
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > maxDocuments {
			return nil, perk.Errorf(perk.EInvalid, Name, "limit is %q", v).WithHint("give a number from 1 to %d", maxDocuments)
		}
	}
	if err := m.may(r, who, authorization.READ, authorization.Objects(class, tenant, "")); err != nil {
		return nil, err
	}
	c, err := m.database.class(class)
	if err == nil {
		err = m.database.checkTenant(perk.DocumentID{Collection: class, Tenant: tenant}, c)
	}
	if err != nil {
		return nil, err
	}
	after := q.Get("after")
	if after == "" {
		after = uuid.Nil.String()
	}
	page, err := m.database.page(r.Context(), class, tenant, after, limit)
	if err != nil {
		return nil, err
	}
	hits, err := m.hits(r.Context(), page, tenant)
	if err != nil {
		return nil, err
	}
	m.states(r.Context(), hits)
	body := documentsBody{Documents: make([]*reply, len(hits))}
	for i, h := range hits {
		body.Documents[i] = h.reply
	}
	if len(page) == limit {
		body.After = page[len(page)-1].ID.String()
	}
	return body, nil
}
