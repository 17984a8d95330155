package endpoint_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
)

func TestListen(t *testing.T) {
	for _, c := range []struct {
		address, key string
		want         perk.Code
	}{
		{"127.0.0.1:0", "", ""}, {":0", "", ""}, {"0.0.0.0:0", "", perk.EInvalid}, {"0.0.0.0:0", "k", ""}, {"nonsense", "", perk.EInvalid},
	} {
		ln, err := endpoint.Listen(t.Context(), c.address, c.key)
		if perk.ErrorCode(err) != c.want {
			t.Errorf("%s with key %q: %v", c.address, c.key, err)
		}
		if err == nil {
			if _, err := endpoint.Listen(t.Context(), ln.Addr().String(), "k"); perk.ErrorCode(err) != perk.EConflict {
				t.Errorf("a taken port: %v", err)
			}
			ln.Close()
		}
	}
}

// TestServeEndsGracefully: the request under way when ctx ends is answered, and no goroutine is left.
func TestServeEndsGracefully(t *testing.T) {
	defer goleak.VerifyNone(t)
	ln, err := endpoint.Listen(t.Context(), "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-ctx.Done()
		time.Sleep(20 * time.Millisecond)
		w.WriteHeader(http.StatusTeapot)
	})
	served := make(chan error, 1)
	go func() { served <- endpoint.Serve(ctx, ln, h, 5*time.Second) }()
	go func() { <-begun; cancel() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTeapot {
		t.Error(resp.Status)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
