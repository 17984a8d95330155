package endpoint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/docref"
)

// Sources gives the source of a served collection, nil for one that is not served: it is the allow-list. It is called from several goroutines.
type Sources func(collection string) perk.Source

// Asker is what the endpoint needs of the plugin's module.
type Asker interface {
	perk.Reasoner
	// AskAll asks several questions at once; see plugin.Module.
	AskAll(ctx context.Context, questions []perk.Question, done func(i int, a *perk.Answer, err error)) error
	// Find gives the documents whose adapters were written from a text with this hash.
	Find(ctx context.Context, content perk.Hash) ([]perk.DocumentID, error)
}

// Options describes the endpoint.
type Options struct {
	Model      string // name of the one model served; "": "perk"
	Version    string // answered by /api/version; "": "0.0.0"
	Digest     string // of the base model, for /api/tags
	Parameters int64  // of the base model, for /api/tags and /api/show
	Key        string // when set, every request must carry it
	Concurrent int    // prompts answered at the same time, further ones wait; 0: 16, because Weaviate asks about 10 hits of a query at once
	MaxBody    int64  // bytes of a request; 0: 1 MiB
	// MinConfidence is that of requests which set no min_confidence; nil: the recipe's. See perk.DecodeOptions.
	MinConfidence *float64
	Keys          *docref.Signer // reads documents' keys; must be set
	Unsigned      bool           // keys without a signature are taken too: whoever reaches the endpoint may ask every served document
	MaxDocuments  int            // documents that one prompt may ask; 0: 32
	Deadline      time.Duration  // of one prompt; 0: 30 s

	Changed func(id perk.DocumentID, wait time.Duration) // told of documents that were written, or of the zero id when it is not known which, and when they can be read; may be nil
	Asked   func(outcome string, took time.Duration)     // told of every question: "ok", or the kind of error; may be nil
	Extra   map[string]http.Handler                      // further paths behind the same key, such as "GET /metrics"
}

// Handler is the endpoint. Make it with New.
type Handler struct {
	asker   Asker
	sources Sources
	o       Options
	slots   *semaphore.Weighted
	routes  http.Handler
	log     zerolog.Logger
	started time.Time
}

// New makes the endpoint over an asker, usually the plugin's module.
func New(a Asker, sources Sources, o Options, log zerolog.Logger) *Handler {
	o.Model, o.Version = cmp.Or(o.Model, "perk"), cmp.Or(o.Version, "0.0.0")
	o.Concurrent, o.MaxBody = cmp.Or(max(o.Concurrent, 0), 16), cmp.Or(max(o.MaxBody, 0), 1<<20)
	o.MaxDocuments, o.Deadline = cmp.Or(max(o.MaxDocuments, 0), 32), cmp.Or(max(o.Deadline, 0), 30*time.Second)
	h := &Handler{
		asker: a, sources: sources, o: o, slots: semaphore.NewWeighted(int64(o.Concurrent)), log: log.With().Str("room", "endpoint").Logger(), started: time.Now(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/generate", h.generate)
	mux.HandleFunc("POST /api/chat", h.chat)
	mux.HandleFunc("GET /api/tags", h.tags)
	mux.HandleFunc("POST /api/show", h.show)
	mux.HandleFunc("GET /api/version", h.version)
	mux.HandleFunc("POST /v1/chat/completions", h.completions)
	mux.HandleFunc("GET /v1/models", h.openaiModels)
	mux.HandleFunc("GET /v1/models/{model}", h.openaiOneModel)
	mux.HandleFunc("GET /.well-known/ready", h.ready)
	mux.HandleFunc("GET /meta", h.meta)
	mux.HandleFunc("POST /answers/", h.answers)
	mux.HandleFunc("POST /vectors", h.vectors)
	mux.HandleFunc("POST /vectors/", h.vectors)
	for path, extra := range o.Extra {
		mux.Handle(path, extra)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("perk is running\n")) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, perk.Errorf(perk.ENotFound, "endpoint", "no %s %.200s here", r.Method, r.URL.Path).
			WithHint("served are Ollama's /api/generate, chat, tags, show and version, OpenAI's /v1/chat/completions and models, and Weaviate's /answers/ and /vectors"))
	})
	h.routes = http.NewCrossOriginProtection().Handler(mux) // no page of another origin may ask; ownName sees to pages that claim this one
	return h
}

// ServeHTTP checks the key and serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		given = ""
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/key/"); ok {
		key, path, _ := strings.Cut(rest, "/")
		if !bearer {
			given = key
		}
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = "/"+path, ""
	}
	if h.o.Key != "" && !sameKey(given, h.o.Key) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, perk.Errorf(perk.EDenied, "endpoint", "the key is missing or wrong").
			WithHint("send the header Authorization: Bearer KEY, or use the address http://host:port/key/KEY"))
		return
	}
	if h.o.Key == "" && !ownName(r.Host) {
		writeError(w, perk.Errorf(perk.EDenied, "endpoint", "without a key, the host name %.80q is not served", r.Host).
			WithHint("use http://127.0.0.1 or http://localhost, or set a key"))
		return
	}
	h.routes.ServeHTTP(w, r)
}

// ownName reports whether a request's host is an address or localhost. A page in a browser whose own name was made to resolve to this machine (DNS
// rebinding) has another, and would otherwise pass for the same origin.
func ownName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return host == "localhost" || net.ParseIP(host) != nil
}

// sameKey compares in a time that tells neither content nor length.
func sameKey(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
