package main

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/ollama"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/plugin"
)

// endpointGrace is how long requests under way may take when the server ends.
const endpointGrace = 5 * time.Second

// service is what is there while perk serves.
type service struct {
	module   plugin.Module // answers from present texts only
	source   perk.Source
	options  *sourceOptions
	endpoint string // address of the Ollama-compatible endpoint
}

// endpoint is where and how questions are answered over HTTP.
type endpoint struct {
	listen        string   // host:port
	minConfidence *float64 // of questions that set none; nil: the recipe's
}

// serve runs plugin process, socket and endpoint around work, and ends when work or ctx does. open gives the source; it is told the endpoint's
// address, which listens already.
func (a *app) serve(ctx context.Context, e endpoint, open func(ctx context.Context, endpoint string) (perk.Source, *sourceOptions, error), work func(context.Context, *service) error) (err error) {
	key := os.Getenv(endpointKeyEnv)
	ln, err := ollama.Listen(ctx, e.listen, key)
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
	s := &service{endpoint: "http://" + ln.Addr().String()}
	if s.source, s.options, err = open(ctx, s.endpoint); err != nil {
		return err
	}
	sources := ollama.Sources{s.options.Collection: s.source}
	s.module = &guard{Module: host, sources: sources}
	return a.attend(ctx, ln, sock, s, sources, e.minConfidence, work)
}

// attend serves both listeners until work has ended.
func (a *app) attend(ctx context.Context, ln, sock net.Listener, s *service, sources ollama.Sources, least *float64, work func(context.Context, *service) error) error {
	info, err := s.module.Info(ctx)
	if err != nil {
		return err
	}
	handler := ollama.New(s.module, sources, ollama.Options{
		Model: "perk", Version: info.Version, Digest: info.Model.String(), Parameters: info.Params, Key: os.Getenv(endpointKeyEnv),
		MinConfidence: least,
	}, a.log)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return socket.Serve(serving, sock, s.module) })
	group.Go(func() error { return ollama.Serve(serving, ln, handler, endpointGrace) })
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
