package weaviate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
)

// TestFailuresNameCauseAndRemedy plays the failing side of a Weaviate by hand: most of these a healthy server does not give.
func TestFailuresNameCauseAndRemedy(t *testing.T) {
	schema := `{"class":"Docs","properties":[{"name":"content","dataType":["text"]},{"name":"year","dataType":["int"]}]}`
	for _, c := range []struct {
		name   string
		config weaviate.Config
		status int
		body   string
		want   perk.Code
		text   string
	}{
		{"fine", weaviate.Config{Collection: "Docs"}, 200, schema, "", ""},
		{"key refused", weaviate.Config{Collection: "Docs"}, 401, `{"message":"no"}`, perk.EDenied, "check the API key"},
		{"not permitted", weaviate.Config{Collection: "Docs"}, 403, `{}`, perk.EDenied, "permissions"},
		{"unknown class", weaviate.Config{Collection: "Docs"}, 404, ``, perk.ENotFound, "has no collection \"Docs\" (create it"},
		{"failing inside", weaviate.Config{Collection: "Docs"}, 500, `broken`, perk.EUnavailable, "failed (HTTP 500): broken (look at"},
		{"overloaded", weaviate.Config{Collection: "Docs"}, 429, ``, perk.EUnavailable, "HTTP 429"},
		{"no such property", weaviate.Config{Collection: "Docs", Properties: []string{"body"}}, 200, schema, perk.EInvalid, "no property \"body\" (its text properties: content)"},
		{"property not text", weaviate.Config{Collection: "Docs", Properties: []string{"year"}}, 200, schema, perk.EInvalid, "property Docs.year is [int], not text"},
		{"no tenants", weaviate.Config{Collection: "Docs", Tenant: "a"}, 200, schema, perk.EInvalid, "Docs has no tenants"},
		{"bad name", weaviate.Config{Collection: "a/b"}, 200, schema, perk.EInvalid, "holds a '/'"},
		{"reply too large", weaviate.Config{Collection: "Docs"}, 200, schema + strings.Repeat(" ", 1000), perk.EInvalid, "more than 500 bytes (raise"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer k" {
					t.Errorf("Authorization %q", r.Header.Get("Authorization"))
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer s.Close()
			api, err := weaviate.Connect(weaviate.Server{Endpoint: s.URL, APIKey: "k", MaxReply: 500})
			if err != nil {
				t.Fatal(err)
			}
			_, err = api.Open(t.Context(), c.config, zerolog.Nop())
			if perk.ErrorCode(err) != c.want || (err != nil && !strings.Contains(err.Error(), c.text)) {
				t.Errorf("code %q, %v\nwant %q, %q", perk.ErrorCode(err), err, c.want, c.text)
			}
		})
	}
}

func TestServerDown(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	api, err := weaviate.Connect(weaviate.Server{Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Open(t.Context(), weaviate.Config{Collection: "Docs"}, zerolog.Nop())
	if perk.ErrorCode(err) != perk.EUnavailable || !strings.Contains(err.Error(), "does not answer") || !strings.Contains(err.Error(), "start it") {
		t.Error(err)
	}
	for _, endpoint := range []string{"", "127.0.0.1:8080", "ftp://x", "http://x/v1", "http://"} {
		if _, err := weaviate.Connect(weaviate.Server{Endpoint: endpoint}); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
