package socket_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/plugin"
	"github.com/perkdb/perk/plugin/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// module is a real one, with its adapters in dir, until the test ends.
func module(t testing.TB, dir string) plugin.Module {
	t.Helper()
	e, err := engine.Open(filepath.Join(dir, "adapters"), modelstest.Model(t, 1), engine.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// serve offers a module in dir until the test ends.
func serve(t testing.TB, dir string) {
	t.Helper()
	m := module(t, dir)
	ln, err := socket.Listen(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- socket.Serve(ctx, ln, m) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// shortDir is a directory whose name leaves room for a socket's.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "perk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestModule(t *testing.T) {
	plugintest.RunModuleTests(t, func(t testing.TB) plugin.Module {
		dir := shortDir(t)
		serve(t, dir)
		c, err := socket.Dial(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}, plugintest.Options{})
}

func TestOnlyTheOwnerMayUseIt(t *testing.T) {
	dir := shortDir(t)
	serve(t, dir)
	info, err := os.Stat(filepath.Join(dir, "perk.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A server that is told to end before it has begun ends as any other: without an error, and without its socket.
func TestEndedBeforeItBegan(t *testing.T) {
	dir := shortDir(t)
	m := module(t, dir)
	ended, stop := context.WithCancel(t.Context())
	stop()
	for range 300 { // which of both comes first is the scheduler's choice
		ln, err := socket.Listen(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := socket.Serve(ended, ln, m); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "perk.sock")); !os.IsNotExist(err) {
			t.Fatalf("the socket is still there: %v", err)
		}
	}
}

func TestNoServer(t *testing.T) {
	dir := shortDir(t)
	if _, err := socket.Dial(t.Context(), dir); perk.ErrorCode(err) != perk.ENotFound {
		t.Errorf("without a socket: %v", err)
	}
	// A killed server leaves its socket: bind one and close it without removing the file.
	ln, err := socket.Listen(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ln.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
	ln.Close()
	if _, err := os.Stat(filepath.Join(dir, "perk.sock")); err != nil {
		t.Fatal(err)
	}
	if _, err := socket.Dial(t.Context(), dir); perk.ErrorCode(err) != perk.ENotFound {
		t.Errorf("beside a leftover: %v", err)
	}
	serve(t, dir) // takes its place
	c, err := socket.Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestTooLongName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if _, err := socket.Listen(t.Context(), dir); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "shorter") {
		t.Error(err)
	}
	if _, err := socket.Dial(t.Context(), dir); perk.ErrorCode(err) != perk.EInvalid {
		t.Error(err)
	}
}
