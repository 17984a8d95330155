package plugin

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// calls counts the calls inside a plugin, so that its module is closed only when none is left: gRPC's Stop ends their contexts and does not wait.
type calls struct {
	mu     sync.Mutex
	n      int
	closed bool
	empty  chan struct{} // closed when closed and n == 0
}

func newCalls() *calls { return &calls{empty: make(chan struct{})} }

// enter counts a call; it reports false after drain.
func (c *calls) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.n++
	}
	return !c.closed
}

func (c *calls) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.closed && c.n == 0 {
		close(c.empty)
	}
}

// drain refuses further calls and reports whether the present ones ended in time. It is called once.
func (c *calls) drain(limit time.Duration) bool {
	c.mu.Lock()
	c.closed = true
	if c.n == 0 {
		close(c.empty)
	}
	c.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.empty:
		return true
	case <-timer.C:
		return false
	}
}

var errClosing = status.Error(codes.Unavailable, "the plugin is closing")

func (c *calls) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
	if !c.enter() {
		return nil, errClosing
	}
	defer c.leave()
	return h(ctx, req)
}

func (c *calls) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if !c.enter() {
		return errClosing
	}
	defer c.leave()
	return h(srv, ss)
}
