package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/perkdb/perk"
)

// DefaultEndpoint is the public hub.
const DefaultEndpoint = "https://huggingface.co"

const op = "hub"

// Client asks one hub. Its fields must not change after the first call.
type Client struct {
	Endpoint string // without a slash at the end; "": DefaultEndpoint
	Token    string // sent to the endpoint only; "": none
	HTTP     *http.Client
	Pause    time.Duration // before a failed request is made again, doubled each time; 0: a second
}

// File is a file of a repository.
type File struct {
	Name   string // with slashes
	Size   int64  // -1: the hub did not tell
	SHA256 string // of files kept as LFS, hexadecimal; "" for others
	GitSHA string // SHA-1 of the others as git blobs
}

// Repo is a repository at a commit.
type Repo struct {
	Name   string
	Commit string
	Files  []File
}

// maxList bounds the list of a repository's files.
const maxList = 16 << 20

// Repo tells the files of a repository at a revision, "" for its main branch. Errors: EInvalid (a name that can be none), ENotFound, EDenied,
// EUnavailable (the hub cannot be reached or fails), ECanceled.
func (c *Client) Repo(ctx context.Context, repo, revision string) (*Repo, error) {
	if err := checkName(repo); err != nil {
		return nil, err
	}
	if revision == "" {
		revision = "main"
	}
	var list struct {
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
			Size *int64 `json:"size"`
			Blob string `json:"blobId"`
			LFS  *struct {
				SHA256 string `json:"sha256"`
				OID    string `json:"oid"`
				Size   int64  `json:"size"`
			} `json:"lfs"`
		} `json:"siblings"`
	}
	err := c.again(ctx, func() (bool, error) {
		body, err := c.get(ctx, "/api/models/"+repo+"/revision/"+url.PathEscape(revision)+"?blobs=true", 0)
		if err != nil {
			return false, err
		}
		defer body.Close()
		if err := json.NewDecoder(io.LimitReader(body, maxList)).Decode(&list); err != nil {
			return false, perk.Errorf(perk.EUnavailable, op, "read the list of files of %s: %w", repo, err).WithHint("check HF_ENDPOINT: this is not how a hub answers")
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if list.SHA == "" {
		return nil, perk.Errorf(perk.EUnavailable, op, "the hub told no commit of %s", repo).WithHint("check HF_ENDPOINT: this is not how a hub answers")
	}
	out := &Repo{Name: repo, Commit: list.SHA}
	for _, s := range list.Siblings {
		f := File{Name: s.Name, Size: -1, GitSHA: s.Blob}
		if s.Size != nil {
			f.Size = *s.Size
		}
		if s.LFS != nil {
			f.Size, f.SHA256, f.GitSHA = s.LFS.Size, s.LFS.SHA256, ""
			if f.SHA256 == "" {
				f.SHA256 = strings.TrimPrefix(s.LFS.OID, "sha256:")
			}
		}
		if path.IsAbs(s.Name) || path.Clean(s.Name) != s.Name || strings.HasPrefix(s.Name, "..") || strings.ContainsAny(s.Name, "\\\x00") {
			return nil, perk.Errorf(perk.EInvalid, op, "repository %s lists a file %q, which is no name of one", repo, s.Name)
		}
		out.Files = append(out.Files, f)
	}
	return out, nil
}

func checkName(repo string) error {
	owner, name, two := strings.Cut(repo, "/")
	ok := func(s string) bool {
		return s != "" && !strings.HasPrefix(s, ".") && !strings.ContainsFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
		})
	}
	if ok(owner) && (!two || ok(name)) {
		return nil
	}
	return perk.Errorf(perk.EInvalid, op, "%q is no name of a repository", repo).WithHint("write OWNER/NAME, as on the model's page")
}

// again makes a request until it succeeds, or has failed four times without having moved on, as long as it is the hub or the way to it that fails.
func (c *Client) again(ctx context.Context, request func() (moved bool, err error)) error {
	pause := c.Pause
	if pause == 0 {
		pause = time.Second
	}
	for try := 0; ; try++ {
		moved, err := request()
		if err == nil || perk.ErrorCode(err) != perk.EUnavailable {
			return err
		}
		if moved {
			try = 0
		}
		if try == 3 {
			return err
		}
		select {
		case <-ctx.Done():
			return perk.E(perk.ECanceled, op, ctx.Err())
		case <-time.After(pause << try):
		}
	}
}

// get asks for a path from a byte on. The body must be closed.
func (c *Client) get(ctx context.Context, where string, from int64) (io.ReadCloser, error) {
	endpoint := strings.TrimSuffix(c.Endpoint, "/")
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+where, nil)
	if err != nil {
		return nil, perk.Errorf(perk.EInvalid, op, "endpoint %q: %w", endpoint, err).WithHint("HF_ENDPOINT is a URL such as %s", DefaultEndpoint)
	}
	request.Header.Set("User-Agent", "perk")
	// Digests are of the bytes as they are; a compressed body would also count its ranges otherwise.
	request.Header.Set("Accept-Encoding", "identity")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	answer, err := c.http().Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, perk.E(perk.ECanceled, op, ctx.Err())
		}
		return nil, perk.Errorf(perk.EUnavailable, op, "reach %s: %w", endpoint, err).WithHint("check the network, HF_ENDPOINT and proxies, and pull again: what was fetched is kept")
	}
	switch {
	case from == 0 && answer.StatusCode == http.StatusOK:
		return answer.Body, nil
	case from > 0 && answer.StatusCode == http.StatusPartialContent && strings.HasPrefix(answer.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)):
		return answer.Body, nil
	case from > 0 && answer.StatusCode == http.StatusOK:
		return skipped(answer.Body, from) // a server without ranges begins anew
	}
	defer answer.Body.Close()
	return nil, refusal(answer, where)
}

// http gives a client that shows the token to the endpoint alone; net/http's own rule would show it to other ports and subdomains, too.
func (c *Client) http() *http.Client {
	out := http.Client{}
	if c.HTTP != nil {
		out = *c.HTTP
	}
	out.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if request.URL.Host != via[0].URL.Host || request.URL.Scheme != via[0].URL.Scheme {
			request.Header.Del("Authorization")
		}
		if len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &out
}

// skipped leaves out what is there already.
func skipped(body io.ReadCloser, n int64) (io.ReadCloser, error) {
	if _, err := io.CopyN(io.Discard, body, n); err != nil {
		body.Close()
		return nil, perk.Errorf(perk.EUnavailable, op, "the file ended before byte %d: %w", n, err)
	}
	return body, nil
}

// refusal makes an error of an answer.
func refusal(answer *http.Response, where string) error {
	word := answer.Header.Get("X-Error-Message")
	if word == "" {
		word = answer.Status
	} else {
		word = answer.Status + ": " + word
	}
	of := strings.TrimPrefix(strings.TrimPrefix(where, "/api/models/"), "/")
	switch s := answer.StatusCode; {
	case s == http.StatusUnauthorized:
		return perk.Errorf(perk.EDenied, op, "%s: %s", of, word).WithHint("set HF_TOKEN where the repository is private or gated; the hub says the same of one that does not exist, so check its name")
	case s == http.StatusForbidden:
		return perk.Errorf(perk.EDenied, op, "%s: %s", of, word).WithHint("accept the model's licence on its page, and set HF_TOKEN to a token that may read it")
	case s == http.StatusNotFound:
		return perk.Errorf(perk.ENotFound, op, "%s: %s", of, word).WithHint("check the names of repository, revision and file")
	case s == http.StatusTooManyRequests || s >= 500:
		return perk.Errorf(perk.EUnavailable, op, "%s: %s", of, word).WithHint("pull again later: what was fetched is kept")
	}
	return perk.Errorf(perk.EUnavailable, op, "%s: unexpected answer %s", of, word)
}
