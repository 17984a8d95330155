package plugin

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/perkdb/perk"
)

// Host runs a plugin process and is the Module inside it. Its methods may be called from several goroutines; while the process is restarted
// they wait, as long as their context and HostConfig.RestartWait allow. Besides the errors of Module they give EUnavailable: when the process
// dies during the call, and when it does not come back in time.
type Host struct {
	config HostConfig
	cancel context.CancelFunc // ends supervise
	done   chan struct{}      // closed when supervise has ended
	end    error              // how the last process was stopped; readable once done is closed

	mu      sync.Mutex
	current *process      // nil while no process runs
	cause   error         // why none runs
	closed  bool          // no process will run again
	changed chan struct{} // closed, and replaced, when one of the above changes
}

var _ Module = (*Host)(nil)

// Open launches the plugin process and returns when it answers; the first start is not repeated. ctx bounds the start only. The caller must Close
// the Host. Errors: EInvalid, ENotFound and EDenied for the command, ECanceled, what the plugin's main passed to Abort, else EUnavailable.
func Open(ctx context.Context, c HostConfig) (*Host, error) {
	c = c.withDefaults()
	p, err := start(ctx, &c)
	if err != nil {
		return nil, err
	}
	superviseCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &Host{config: c, cancel: cancel, done: make(chan struct{}), current: p, changed: make(chan struct{})}
	go h.supervise(superviseCtx, p)
	return h, nil
}

// Close lets the plugin end its calls and close its module, kills it when that takes longer than HostConfig.Grace, and returns when the process
// is gone. Errors: EInternal when it did not end cleanly. Further calls of Close give the same.
func (h *Host) Close() error {
	h.cancel()
	<-h.done
	return h.end
}

// supervise owns the process: it replaces one that ended or hangs, until ctx ends.
func (h *Host) supervise(ctx context.Context, p *process) {
	defer close(h.done)
	defer h.set(nil, errors.New("the host is closed"), true)
	restarts := 0
	for {
		cause := p.watch(ctx, h.config.Health, h.config.Grace)
		if ctx.Err() != nil {
			h.set(nil, errors.New("the host is closing"), true)
			h.end = p.stop(h.config.Grace)
			return
		}
		h.set(nil, cause, false)
		p.discard()
		h.config.Logger.Warn().Err(cause).Msg("plugin process was lost")
		if time.Since(p.started) > h.config.Backoff.Max {
			restarts = 0
		}
		if p = h.restart(ctx, &restarts); p == nil {
			return
		}
		h.set(p, nil, false)
	}
}

// restart tries until a process answers; nil when ctx ended first.
func (h *Host) restart(ctx context.Context, restarts *int) *process {
	for {
		delay := h.config.Backoff.delay(*restarts)
		*restarts++
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		p, err := start(ctx, &h.config)
		if err == nil {
			return p
		}
		if ctx.Err() != nil {
			return nil
		}
		h.config.Logger.Warn().Err(err).Int("restarts", *restarts).Dur("waited", delay).Msg("plugin did not start again")
		h.set(nil, err, false)
	}
}

func (h *Host) set(p *process, cause error, closed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.current, h.cause, h.closed = p, cause, closed
	close(h.changed)
	h.changed = make(chan struct{})
}

// running gives the process, after waiting for one when there is none.
func (h *Host) running(ctx context.Context, op string) (*process, error) {
	timer := time.NewTimer(h.config.RestartWait)
	defer timer.Stop()
	for {
		h.mu.Lock()
		p, cause, closed, changed := h.current, h.cause, h.closed, h.changed
		h.mu.Unlock()
		if p != nil && p.usable() {
			return p, nil
		}
		if closed {
			return nil, perk.E(perk.EUnavailable, op, cause)
		}
		if p != nil { // supervise has yet to learn it
			cause = errors.New("the plugin process has just ended or is closing")
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
		// A deadline that passed while the process was away tells less than why it is away.
		return nil, perk.Errorf(perk.EUnavailable, op, "the plugin process is away: %w", cause).
			WithHint("it is started again and again; look at its log")
	}
}

// call runs f on the running process. again says that f may be repeated once when the process dies under it.
func call[T any](ctx context.Context, h *Host, op string, again bool, f func(Module) (T, error)) (T, error) {
	for {
		p, err := h.running(ctx, op)
		if err != nil {
			var none T
			return none, err
		}
		v, err := f(p.module)
		if !isLost(err) {
			return v, err
		}
		if err = p.explain(ctx, err); !again {
			return v, err
		}
		again = false
	}
}
