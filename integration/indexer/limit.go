package indexer

import (
	"context"
	"sync"
	"time"

	"github.com/perkdb/perk"
)

// Limits keep room for the database's own work. The zero value sets none.
type Limits struct {
	Share     float64 // of the time, in (0,1], that may be spent on encoding; 0: all of it
	PerSecond float64 // documents encoded a second; 0: any number
}

// check refuses what makes no sense. Errors: EInvalid.
func (l Limits) check() error {
	if !(l.Share >= 0 && l.Share <= 1) || !(l.PerSecond >= 0) {
		return perk.Errorf(perk.EInvalid, "indexer", "a share of %v and %v documents a second are no limits", l.Share, l.PerSecond).
			WithHint("the share is above 0 and at most 1, the rate 0 (none) or above")
	}
	return nil
}

// limiter spaces encodes: after each one it asks for as much rest as the share leaves, and for the rate's gap.
type limiter struct {
	Limits
	mu   sync.Mutex
	next time.Time // no encode begins before
}

// wait returns when an encode may begin.
func (l *limiter) wait(ctx context.Context) error {
	l.mu.Lock()
	left := time.Until(l.next)
	l.mu.Unlock()
	if left <= 0 {
		return nil
	}
	return pause(ctx, left)
}

// spent tells how long an encode took.
func (l *limiter) spent(took time.Duration) {
	rest := time.Duration(0)
	if l.Share > 0 {
		rest = time.Duration(float64(took) * (1 - l.Share) / l.Share)
	}
	if l.PerSecond > 0 {
		rest = max(rest, time.Duration(float64(time.Second)/l.PerSecond)-took)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	l.next = l.next.Add(rest)
}

// gate lets work through while it is open.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // closed when the gate opens; nil while it is open
}

// set opens or shuts the gate.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case shut && g.shut == nil:
		g.shut = make(chan struct{})
	case !shut && g.shut != nil:
		close(g.shut)
		g.shut = nil
	}
}

func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut != nil
}

// wait returns when the gate is open.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		opens := g.shut
		g.mu.Unlock()
		if opens == nil {
			return nil
		}
		select {
		case <-opens:
		case <-ctx.Done():
			return perk.E(perk.ECanceled, "indexer", ctx.Err())
		}
	}
}
