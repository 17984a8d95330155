package reasoner

import (
	"context"
	"testing"
	"time"

	"github.com/perkdb/perk"
)

// TestQueue fills a queue that no lane empties: one more is refused, and who leaves makes room.
func TestQueue(t *testing.T) {
	l := &lanes{queue: 2}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 2)
	for range 2 {
		go func() { left <- l.do(ctx, &job{}, nil) }()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		n := len(l.waiting)
		l.mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait", n)
		}
	}
	if err := l.do(t.Context(), &job{}, nil); perk.ErrorCode(err) != perk.EBusy {
		t.Errorf("error %v, want EBusy", err)
	}
	cancel()
	for range 2 {
		if err := <-left; perk.ErrorCode(err) != perk.ECanceled {
			t.Errorf("error %v, want ECanceled", err)
		}
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := l.do(late, &job{}, nil); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want ECanceled: there is room again, and a deadline", err)
	}
	if len(l.waiting) != 0 {
		t.Errorf("%d wait", len(l.waiting))
	}
}
