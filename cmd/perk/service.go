package main

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/plugin"
)

// endpointGrace is how long requests under way may take when the server ends.
const endpointGrace = 5 * time.Second

// service is what is there while perk serves.
type service struct {
	module  plugin.Module // answers from present texts only
	address string        // of the endpoint
}

// listening is where and how questions are answered over HTTP.
type listening struct {
	on       string // host:port
	endpoint endpoint.Options
}

// serve runs plugin process, socket and endpoint around work, and ends when work or ctx does. open gives the served sources; it is told the endpoint's
// address, which listens already.
func (a *app) serve(ctx context.Context, l listening, open func(ctx context.Context, s service) (endpoint.Sources, error), work func(context.Context, service) error) (err error) {
	ln, err := a.listen(ctx, &l)
	if err != nil {
		return err
	}
	defer ln.Close()
	host, err := a.host(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	sock, err := socket.Listen(ctx, a.data)
	if err != nil {
		return err
	}
	defer sock.Close()
	s := service{module: host, address: "http://" + ln.Addr().String()}
	sources, err := open(ctx, s)
	if err != nil {
		return err
	}
	s.module = &guard{Module: host, a: a, sources: sources}
	return a.attend(ctx, ln, sock, s, sources, l.endpoint, work)
}

// listen opens the endpoint's listener and completes its options.
func (a *app) listen(ctx context.Context, l *listening) (net.Listener, error) {
	l.endpoint.Model, l.endpoint.Key = "perk", os.Getenv(endpointKeyEnv)
	ln, err := endpoint.Listen(ctx, l.on, l.endpoint.Key)
	if err != nil {
		return nil, err
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); l.endpoint.Unsigned && (!ok || !tcp.IP.IsLoopback() || l.endpoint.Key != "") {
		ln.Close()
		return nil, perk.Errorf(perk.EInvalid, "serve", "keys without a signature are taken only on loopback and without $%s", endpointKeyEnv).
			WithHint("leave --unsigned-keys out, and have `perk index --write-refs` write signed keys")
	}
	if err := a.makeData(); err != nil {
		ln.Close()
		return nil, err
	}
	if l.endpoint.Keys, err = a.keys(); err != nil {
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// attend serves both listeners until work has ended.
func (a *app) attend(ctx context.Context, ln, sock net.Listener, s service, sources endpoint.Sources, o endpoint.Options, work func(context.Context, service) error) error {
	info, err := s.module.Info(ctx)
	if err != nil {
		return err
	}
	o.Version, o.Digest, o.Parameters = info.Version, info.Model.String(), info.Params
	handler := endpoint.New(s.module, sources, o, a.log)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return socket.Serve(serving, sock, s.module) })
	group.Go(func() error { return endpoint.Serve(serving, ln, handler, endpointGrace) })
	group.Go(func() error {
		defer stop()
		return work(serving, s)
	})
	err = group.Wait()
	if ctx.Err() != nil && perk.ErrorCode(err) == perk.ECanceled {
		return nil // told to end
	}
	return err
}
