package weaviatemodule

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/plugin"
)

const (
	probeEvery = time.Second      // between two looks whether another node's plugin still answers
	probeTime  = 5 * time.Second  // that it may take to
	linkWait   = 30 * time.Second // longest time that a call waits for a plugin
)

// link is the way to the one plugin of a data directory. The first server to come launches the process and offers it on the directory's socket, where
// other servers of the same machine, and perk's commands, find it. When that server ends, one of the others takes over.
type link struct {
	settings settings
	guard    func(plugin.Module) plugin.Module // what others get of the plugin that this server launched
	log      zerolog.Logger

	cancel context.CancelFunc
	done   chan struct{} // closed when run has ended
	end    error         // how the plugin was stopped; readable once done is closed

	mu      sync.Mutex
	current plugin.Module // nil while there is none
	hosting bool          // this server launched it
	cause   error         // why there is none
	closed  bool          // there will be none
	changed chan struct{} // closed, and replaced, when one of the above changes
}

// openLink connects, and goes on to until close. A plugin that is busy elsewhere or ends is tried again; what is wrong with the settings is an error.
// Errors: EInvalid, ENotFound and EDenied for the program, ECanceled.
func openLink(ctx context.Context, s settings, guard func(plugin.Module) plugin.Module, log zerolog.Logger) (*link, error) {
	l := &link{settings: s, guard: guard, log: log, done: make(chan struct{}), changed: make(chan struct{})}
	first, err := l.connect(ctx)
	switch perk.ErrorCode(err) {
	case perk.EInvalid, perk.ENotFound, perk.EDenied, perk.ECanceled:
		return nil, err
	}
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	go l.run(runCtx, first, err)
	return l, nil
}

// close ends what run began, and says whether the plugin ended cleanly.
func (l *link) close() error {
	l.cancel()
	<-l.done
	return l.end
}

// connection is a plugin, and how to keep and leave it.
type connection struct {
	module  plugin.Module
	hosting bool
	stay    func(ctx context.Context) error // returns when the plugin is lost, or nil when ctx ends
	leave   func() error
}

// run owns the connection.
func (l *link) run(ctx context.Context, c *connection, err error) {
	defer close(l.done)
	defer l.shut()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		if err == nil {
			l.set(c.module, c.hosting, nil)
			err = c.stay(ctx)
			if ctx.Err() != nil {
				l.shut()
				l.end = c.leave()
				return
			}
			l.set(nil, false, err)
			_ = c.leave() // it is lost already
			wait = 100 * time.Millisecond
		}
		l.set(nil, false, err)
		l.log.Warn().Err(err).Msg("there is no plugin")
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		c, err = l.connect(ctx)
	}
}

// connect joins the plugin of another server, or launches one.
func (l *link) connect(ctx context.Context) (*connection, error) {
	client, err := socket.Dial(ctx, l.settings.home)
	if err == nil {
		l.log.Info().Str("data", l.settings.home).Msg("using the plugin of another server")
		return &connection{client, false, func(ctx context.Context) error { return probe(ctx, client) }, client.Close}, nil
	}
	if perk.ErrorCode(err) != perk.ENotFound {
		return nil, err
	}
	config := l.settings.host()
	config.Logger = l.log
	host, err := plugin.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	ln, err := socket.Listen(ctx, l.settings.home)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	serveCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- socket.Serve(serveCtx, ln, l.guard(host)) }()
	stay := func(ctx context.Context) error {
		<-ctx.Done() // the host restarts its process by itself
		return nil
	}
	leave := func() error {
		stop()
		return errors.Join(<-served, host.Close())
	}
	return &connection{host, true, stay, leave}, nil
}

// probe returns when a plugin no longer answers.
func probe(ctx context.Context, m plugin.Module) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probeEvery):
		}
		probeCtx, cancel := context.WithTimeout(ctx, probeTime)
		_, err := m.Info(probeCtx)
		cancel()
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (l *link) set(m plugin.Module, hosting bool, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current, l.hosting, l.cause = m, hosting, cause
	close(l.changed)
	l.changed = make(chan struct{})
}

// shut says that there will be no plugin any more.
func (l *link) shut() {
	l.set(nil, false, errors.New("the server is ending"))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	close(l.changed)
	l.changed = make(chan struct{})
}

// module gives the plugin, after waiting for one when there is none. Errors: EUnavailable, ECanceled.
func (l *link) module(ctx context.Context) (plugin.Module, error) {
	const op = "perk module"
	timer := time.NewTimer(linkWait)
	defer timer.Stop()
	for {
		l.mu.Lock()
		m, cause, closed, changed := l.current, l.cause, l.closed, l.changed
		l.mu.Unlock()
		switch {
		case m != nil:
			return m, nil
		case closed:
			return nil, perk.E(perk.EUnavailable, op, cause)
		case cause == nil:
			cause = errors.New("it is being started")
		}
		select {
		case <-changed:
			continue
		case <-timer.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, perk.E(perk.ECanceled, op, ctx.Err())
			}
		}
		return nil, perk.Errorf(perk.EUnavailable, op, "the plugin is away: %w", cause).WithHint("it is started again and again; look at the server's log")
	}
}

// isHosting says whether this server launched the plugin.
func (l *link) isHosting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hosting
}
