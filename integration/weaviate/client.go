package weaviate

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	client "github.com/weaviate/weaviate-go-client/v5/weaviate"

	"github.com/perkdb/perk"
)

// Server says where a Weaviate is.
type Server struct {
	Endpoint string                       // such as "http://127.0.0.1:8080"
	APIKey   string                       // sent as a bearer token when set
	MaxReply int64                        // bytes of one reply; 0: 128 MiB
	Timeout  time.Duration                // of one request; 0: one minute
	Ref      func(perk.DocumentID) string // makes the key that RefProperty holds; nil: the bare id
}

// Client speaks to one Weaviate. It may be used by several goroutines.
type Client struct {
	endpoint string
	maxReply int64
	ref      func(perk.DocumentID) string
	api      *client.Client
}

// Connect makes a client; it sends nothing. Errors: EInvalid (endpoint).
func Connect(s Server) (*Client, error) {
	u, err := url.Parse(s.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, perk.Errorf(perk.EInvalid, "weaviate.Connect", "%q is not the address of a Weaviate", s.Endpoint).
			WithHint("write it like http://127.0.0.1:8080")
	}
	if s.MaxReply <= 0 {
		s.MaxReply = 128 << 20
	}
	if s.Timeout <= 0 {
		s.Timeout = time.Minute
	}
	if s.Ref == nil {
		s.Ref = perk.DocumentID.String
	}
	config := client.Config{Scheme: u.Scheme, Host: u.Host, Headers: map[string]string{},
		ConnectionClient: &http.Client{Timeout: s.Timeout, Transport: limited{http.DefaultTransport, s.MaxReply}}}
	if s.APIKey != "" {
		config.Headers["Authorization"] = "Bearer " + s.APIKey
	}
	api, err := client.NewClient(config)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "weaviate.Connect", err)
	}
	return &Client{endpoint: s.Endpoint, maxReply: s.MaxReply, ref: s.Ref, api: api}, nil
}

// Ready reports whether the server answers and takes the key. Errors: EUnavailable, EDenied.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.api.Misc().MetaGetter().Do(ctx)
	return c.fault("weaviate.Ready", err)
}

// limited bounds the replies that a transport reads: the client reads each of them whole into memory.
type limited struct {
	http.RoundTripper
	max int64
}

// RoundTrip sends a request.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, l.max)
	}
	return resp, err
}
