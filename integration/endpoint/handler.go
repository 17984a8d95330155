package endpoint

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// Sources gives the source of a served collection, nil for one that is not served: it is the allow-list. It is called from several goroutines.
type Sources func(collection string) perk.Source

// Options describes the endpoint.
type Options struct {
	Model      string // name of the one model served; "": "perk"
	Version    string // answered by /api/version; "": "0.0.0"
	Digest     string // of the base model, for /api/tags
	Parameters int64  // of the base model, for /api/tags and /api/show
	Key        string // when set, every request must carry it
	Concurrent int    // questions answered at the same time, further ones wait; 0: 4
	MaxBody    int64  // bytes of a request; 0: 1 MiB
	// MinConfidence is that of requests which set no min_confidence; nil: the recipe's. See perk.DecodeOptions.
	MinConfidence *float64
}

// Handler is the endpoint. Make it with New.
type Handler struct {
	reasoner perk.Reasoner
	sources  Sources
	o        Options
	slots    chan struct{}
	routes   http.Handler
	log      zerolog.Logger
}

// New makes the endpoint over a reasoner, usually the plugin's module.
func New(r perk.Reasoner, sources Sources, o Options, log zerolog.Logger) *Handler {
	if o.Model == "" {
		o.Model = "perk"
	}
	if o.Version == "" {
		o.Version = "0.0.0"
	}
	if o.Concurrent <= 0 {
		o.Concurrent = 4
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	h := &Handler{reasoner: r, sources: sources, o: o, slots: make(chan struct{}, o.Concurrent), log: log.With().Str("room", "endpoint").Logger()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/generate", h.generate)
	mux.HandleFunc("POST /api/chat", h.chat)
	mux.HandleFunc("GET /api/tags", h.tags)
	mux.HandleFunc("POST /api/show", h.show)
	mux.HandleFunc("GET /api/version", h.version)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("perk is running\n")) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, perk.Errorf(perk.ENotFound, "endpoint", "no %s %s here", r.Method, r.URL.Path).
			WithHint("served are /api/generate, /api/chat, /api/tags, /api/show and /api/version"))
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
