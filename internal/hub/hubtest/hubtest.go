// Package hubtest serves repositories over HTTP as a Hugging Face hub does, for the tests of programs that fetch from one.
//
// Large files are answered by a redirect to a second server, which stands for the hub's storage and fails a test when it is shown a token.
package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Commit is the one commit of every repository.
const Commit = "0123456789abcdef0123456789abcdef01234567"

// Hub is a running server.
type Hub struct {
	URL   string
	Token string                       // wanted of every request; "": none
	Repos map[string]map[string][]byte // files by repository and name; those that end in .safetensors or .gguf are kept as LFS
	Wrong string                       // a file whose digest is told wrong
	Busy  int                          // so many requests are answered by 503 first

	storage *httptest.Server
	mu      sync.Mutex
	cuts    []int64  // the next answers with a file's bytes end after so many of them
	ranges  []string // Range headers of the requests for bytes
}

// New starts a server, which ends with the test.
func New(t testing.TB, repos map[string]map[string][]byte) *Hub {
	t.Helper()
	h := &Hub{Repos: repos}
	h.storage = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the storage was shown the token")
		}
		repo, name := split(strings.TrimPrefix(r.URL.Path, "/lfs/"))
		h.send(w, r, repo, name)
	}))
	front := httptest.NewServer(h)
	h.URL = front.URL
	t.Cleanup(front.Close)
	t.Cleanup(h.storage.Close)
	return h
}

// Cut lets the next answers with a file's bytes end after so many bytes each.
func (h *Hub) Cut(after ...int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cuts = append(h.cuts, after...)
}

// Ranges tells the Range headers of the requests for bytes so far, "" for those without.
func (h *Hub) Ranges() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ranges)
}

func split(path string) (repo, file string) {
	p := strings.SplitN(path, "/", 3)
	return strings.Join(p[:min(2, len(p))], "/"), strings.Join(p[min(2, len(p)):], "")
}

func large(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".gguf")
}

// ServeHTTP answers as the hub.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	busy := h.Busy > 0
	if busy {
		h.Busy--
	}
	h.mu.Unlock()
	refuse := func(status int, code, message string) {
		w.Header().Set("X-Error-Code", code)
		w.Header().Set("X-Error-Message", message)
		w.WriteHeader(status)
	}
	if busy {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	path, api := strings.CutPrefix(r.URL.Path, "/api/models/")
	repo, rest := split(strings.TrimPrefix(path, "/"))
	files, ok := h.Repos[repo]
	if h.Token != "" && r.Header.Get("Authorization") != "Bearer "+h.Token || !ok && h.Token == "" {
		refuse(http.StatusUnauthorized, "RepoNotFound", "Repository not found")
		return
	}
	if !ok {
		refuse(http.StatusNotFound, "RepoNotFound", "Repository not found")
		return
	}
	verb, rest, _ := strings.Cut(rest, "/")
	switch revision, name, _ := strings.Cut(rest, "/"); {
	case revision != "main" && revision != Commit:
		refuse(http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
	case api && verb == "revision":
		h.list(w, repo)
	case !api && verb == "resolve" && files[name] == nil:
		refuse(http.StatusNotFound, "EntryNotFound", "Entry not found")
	case !api && verb == "resolve" && large(name):
		http.Redirect(w, r, h.storage.URL+"/lfs/"+repo+"/"+name, http.StatusFound)
	case !api && verb == "resolve":
		h.send(w, r, repo, name)
	default:
		refuse(http.StatusNotFound, "", "no such page")
	}
}

// list tells a repository's files.
func (h *Hub) list(w http.ResponseWriter, repo string) {
	type lfs struct {
		SHA256 string `json:"sha256"`
		Size   int    `json:"size"`
	}
	type sibling struct {
		Name string `json:"rfilename"`
		Size int    `json:"size"`
		Blob string `json:"blobId"`
		LFS  *lfs   `json:"lfs,omitempty"`
	}
	var all []sibling
	for name, b := range h.Repos[repo] {
		s := sibling{Name: name, Size: len(b)}
		told := b
		if name == h.Wrong {
			told = append([]byte("other "), b...)
		}
		git := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(told), told))
		s.Blob = hex.EncodeToString(git[:])
		if large(name) {
			sum := sha256.Sum256(told)
			s.LFS = &lfs{hex.EncodeToString(sum[:]), len(b)}
		}
		all = append(all, s)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"id": repo, "sha": Commit, "siblings": all}) // a client that is gone needs no list
}

// send gives a file's bytes, or the range that is asked for, or less.
func (h *Hub) send(w http.ResponseWriter, r *http.Request, repo, name string) {
	h.mu.Lock()
	h.ranges = append(h.ranges, r.Header.Get("Range"))
	cut := int64(-1)
	if len(h.cuts) > 0 {
		cut, h.cuts = h.cuts[0], h.cuts[1:]
	}
	h.mu.Unlock()
	if cut >= 0 {
		w = &cutting{ResponseWriter: w, left: cut}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.Repos[repo][name]))
}

// cutting closes the connection after some bytes of the body.
type cutting struct {
	http.ResponseWriter
	left int64
}

func (c *cutting) Write(b []byte) (int, error) {
	if int64(len(b)) <= c.left {
		c.left -= int64(len(b))
		return c.ResponseWriter.Write(b)
	}
	if _, err := c.ResponseWriter.Write(b[:c.left]); err != nil {
		return 0, err
	}
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler) // net/http's way to end an answer in its middle
}
