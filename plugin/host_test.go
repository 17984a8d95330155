package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

func pid(t testing.TB, m plugin.Module) int {
	t.Helper()
	info, err := m.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.PID
}

func kill(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestKilledDuringEncode(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	victim := pid(t, h)
	once := sync.OnceFunc(func() { kill(t, victim) })
	_, err := h.Encode(t.Context(), document("1", "slow"), func(perk.Progress) { once() })
	if perk.ErrorCode(err) != perk.EUnavailable || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("encode: %v, want unavailable with the signal", err)
	}
	var e *perk.Error
	if !errors.As(err, &e) || e.Op != "plugin.Encode" || e.Hint == "" {
		t.Errorf("error has op and hint %+v", e)
	}
	if _, err := h.Encode(t.Context(), document("1", "quick"), nil); err != nil {
		t.Errorf("next encode: %v", err)
	}
	if now := pid(t, h); now == victim {
		t.Error("the process is the same")
	}
}

func TestCallsWaitForRestart(t *testing.T) {
	c := config("module", t.TempDir(), zerolog.Nop())
	c.Backoff = plugin.Backoff{Min: 300 * time.Millisecond, Max: time.Second}
	h := open(t, c)
	victim := pid(t, h)
	kill(t, victim)
	var owned sync.WaitGroup
	for range 8 {
		owned.Go(func() { // some of them meet the dying process, and are repeated
			if info, err := h.Info(t.Context()); err != nil || info.PID == victim {
				t.Errorf("info: %+v, %v", info, err)
			}
		})
	}
	owned.Wait()
	kill(t, pid(t, h))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := h.Forget(ctx, document("1", "").ID); err == nil {
		t.Error("forget succeeded while no process ran")
	}
	pid(t, h) // a process that runs again can close cleanly
}

func TestPanicNamesItself(t *testing.T) {
	h := open(t, config("module", t.TempDir(), zerolog.Nop()))
	_, err := h.Encode(t.Context(), document("1", "panic"), nil)
	if perk.ErrorCode(err) != perk.EUnavailable || !strings.Contains(err.Error(), "the module lost its mind") {
		t.Errorf("error %v, want unavailable with the panic's message", err)
	}
	pid(t, h)
}

// suspend stops a process and waits until every thread of it stands.
func suspend(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "stopped", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		return err == nil && len(threads) > 0 && !slices.ContainsFunc(threads, func(path string) bool { return state(path) != "T" })
	})
}

// state reads a process's or thread's state letter from a /proc/.../stat file; "" when it is gone.
func state(path string) string {
	stat, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

func TestHungProcessIsReplaced(t *testing.T) {
	c := config("module", t.TempDir(), zerolog.Nop())
	c.Health = 300 * time.Millisecond
	h := open(t, c)
	victim := pid(t, h)
	suspend(t, victim)
	if now := pid(t, h); now == victim {
		t.Error("a stopped process answered")
	}
}

func TestCloseOfHungProcessIsBounded(t *testing.T) {
	c := config("module", t.TempDir(), zerolog.Nop())
	c.Grace = 200 * time.Millisecond
	h, err := plugin.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	suspend(t, pid(t, h))
	if err := h.Close(); perk.ErrorCode(err) != perk.EInternal {
		t.Errorf("close: %v, want internal", err)
	}
}

func TestCrashLoop(t *testing.T) {
	dir := t.TempDir()
	c := config("once", dir, zerolog.Nop())
	c.Backoff = plugin.Backoff{Min: 40 * time.Millisecond, Max: 10 * time.Second}
	h := open(t, c)
	kill(t, pid(t, h))
	starts := func() []string {
		b, err := os.ReadFile(filepath.Join(dir, "starts"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(b))
	}
	eventually(t, 20*time.Second, "started 5 times", func() bool { return len(starts()) >= 5 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := h.Info(ctx)
	if perk.ErrorCode(err) != perk.EUnavailable {
		t.Errorf("error %v, want unavailable", err)
	}
	for _, part := range []string{"exit status 3", "the disk is on fire"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v does not say %q", err, part)
		}
	}
	var last time.Duration
	for i, s := range starts()[1:5] {
		at, err := time.ParseDuration(s + "ms")
		if err != nil {
			t.Fatal(err)
		}
		if want := 40 * time.Millisecond << i; i > 0 && at-last < want {
			t.Errorf("restart %d came after %v, want at least %v", i, at-last, want)
		}
		last = at
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := h.Info(ctx); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("canceled call: %v", err)
	}
}

func TestRestartWait(t *testing.T) {
	c := config("once", t.TempDir(), zerolog.Nop())
	c.RestartWait = 100 * time.Millisecond
	h := open(t, c)
	kill(t, pid(t, h))
	eventually(t, 10*time.Second, "away", func() bool {
		_, err := h.Info(t.Context())
		return perk.ErrorCode(err) == perk.EUnavailable
	})
	for _, err := range h.List(t.Context(), "") {
		if perk.ErrorCode(err) != perk.EUnavailable {
			t.Errorf("list: %v, want unavailable", err)
		}
	}
}

func TestCloseClosesModule(t *testing.T) {
	dir, logs := t.TempDir(), &syncBuffer{}
	h, err := plugin.Open(t.Context(), config("module", dir, zerolog.New(logs)))
	if err != nil {
		t.Fatal(err)
	}
	began, encoded := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(began) })
	go func() {
		_, err := h.Encode(context.WithoutCancel(t.Context()), document("1", "slow"), func(perk.Progress) { once() })
		encoded <- err
	}()
	<-began
	if err := h.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-encoded; perk.ErrorCode(err) != perk.EUnavailable {
		t.Errorf("encode during close: %v, want unavailable", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "closed")); err != nil {
		t.Errorf("the module was not closed: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	if _, err := h.Info(t.Context()); perk.ErrorCode(err) != perk.EUnavailable {
		t.Errorf("info after close: %v, want unavailable", err)
	}
	if want := `"level":"info","room":"plugin","dir":"` + dir + `","documents":0,"message":"module opened"`; !strings.Contains(logs.String(), want) {
		t.Errorf("the plugin's line %s is not in the host's log:\n%s", want, logs)
	}
}

// syncBuffer is a log that may be written and read at once.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
