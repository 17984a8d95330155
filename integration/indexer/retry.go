package indexer

import (
	"context"
	"time"

	"github.com/perkdb/perk"
)

// withDefaults fills the zero fields.
func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 8
	}
	if r.First <= 0 {
		r.First = 250 * time.Millisecond
	}
	if r.Max <= 0 {
		r.Max = 10 * time.Second
	}
	return r
}

// away reports whether err says that a server or process is away for now. A call that was cancelled while the caller's own context goes on
// was cut off by the other side (a plugin that died in the middle), which is the same thing.
func away(ctx context.Context, err error) bool {
	code := perk.ErrorCode(err)
	return code == perk.EUnavailable || code == perk.ECanceled && ctx.Err() == nil
}

// do calls f until it gives something else than "away" or the attempts are used up.
func (r Retry) do(ctx context.Context, f func() error) error {
	wait := r.First
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || !away(ctx, err) || attempt >= r.Attempts {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, r.Max)
	}
}
