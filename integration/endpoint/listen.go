package endpoint

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
)

// DefaultAddress is where Listen listens when no address is given: Ollama's port, on loopback.
const DefaultAddress = "127.0.0.1:11434"

// Listen opens the endpoint's listener. An address without a host means loopback; one that others can reach needs a key, because whoever
// reaches the endpoint can ask every served document. Errors: EInvalid (address, key missing), EConflict (port taken).
func Listen(ctx context.Context, address, key string) (net.Listener, error) {
	if address == "" {
		address = DefaultAddress
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "endpoint.Listen", err).WithHint("write host:port, such as %s", DefaultAddress)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, perk.E(perk.EConflict, "endpoint.Listen", err).WithHint("choose another address, or stop the program that uses this one")
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); key == "" && (!ok || !tcp.IP.IsLoopback()) {
		ln.Close()
		return nil, perk.Errorf(perk.EInvalid, "endpoint.Listen", "%s can be reached from other machines and no key is set", ln.Addr()).
			WithHint("set a key, or listen on 127.0.0.1")
	}
	return ln, nil
}

// Serve serves until ctx ends, then takes no new requests and waits up to grace for those under way. It closes ln.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, grace time.Duration) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute}
	group, ended := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return perk.E(perk.EUnavailable, "endpoint.Serve", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ended.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := s.Shutdown(last); err != nil {
			return perk.E(perk.ECanceled, "endpoint.Serve", errors.Join(err, s.Close()))
		}
		return nil
	})
	return group.Wait()
}
