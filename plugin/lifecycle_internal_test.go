package plugin

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	b := Backoff{Min: 100, Max: 700}
	for n, want := range []time.Duration{100, 200, 400, 700, 700} {
		if got := b.delay(n); got != want {
			t.Errorf("delay %d is %d, want %d", n, got, want)
		}
	}
	if got := b.delay(1 << 30); got != 700 {
		t.Errorf("delay after very many restarts is %d", got)
	}
}

func TestCallsDrain(t *testing.T) {
	idle := newCalls()
	if !idle.drain(time.Minute) {
		t.Error("nothing ran, and the drain timed out")
	}
	c := newCalls()
	for range 2 {
		if !c.enter() {
			t.Fatal("a call was refused before the drain")
		}
	}
	c.leave()
	go func() {
		time.Sleep(10 * time.Millisecond)
		c.leave()
	}()
	if !c.drain(time.Minute) {
		t.Error("the drain timed out")
	}
	if c.enter() {
		t.Error("a call was let in after the drain")
	}
	busy := newCalls()
	busy.enter()
	if busy.drain(time.Millisecond) {
		t.Error("the drain did not wait for the running call")
	}
	busy.leave()
}
