package plugin_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// The test binary is also every process that the tests need: the variable says which.
const (
	processEnv = "PERK_TEST_PROCESS"
	dirEnv     = "PERK_TEST_DIR"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(processEnv); what != "" {
		os.Exit(process(what, os.Getenv(dirEnv)))
	}
	goleak.VerifyTestMain(m)
}

// process runs one of the helper processes and gives its exit status.
func process(what, dir string) int {
	log := plugin.NewLogger(os.Stderr)
	serve := func() int {
		log.Info().Str("dir", dir).Int("documents", 0).Msg("module opened")
		if err := plugin.Serve(context.Background(), newMemoryModule(dir), log); err != nil {
			log.Error().Err(err).Msg("plugin failed")
			return 1
		}
		return 0
	}
	switch what {
	case "module":
		return serve()
	case "abort": // cannot open its store
		err := perk.Errorf(perk.EConflict, "adapterstore.Open", "%s is held by process 7", dir).WithHint("stop that process")
		if err := plugin.Abort(os.Stderr, err); err != nil {
			return 2
		}
		return 1
	case "once": // serves the first time; then every start fails
		starts, err := os.OpenFile(filepath.Join(dir, "starts"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
		if err != nil {
			return 2
		}
		seen := bufio.NewScanner(starts).Scan()
		fmt.Fprintln(starts, time.Now().UnixMilli())
		starts.Close()
		if !seen {
			return serve()
		}
		fmt.Fprintln(os.Stderr, "the disk is on fire")
		return 3
	case "greeting": // no plugin at all
		fmt.Println("hello, world")
		return 0
	case "silent":
		time.Sleep(time.Minute)
		return 0
	case "old": // another version of the protocol
		goplugin.Serve(&goplugin.ServeConfig{
			HandshakeConfig: goplugin.HandshakeConfig{
				ProtocolVersion:  plugin.ProtocolVersion + 1,
				MagicCookieKey:   "PERK_PLUGIN_COOKIE",
				MagicCookieValue: os.Getenv("PERK_PLUGIN_COOKIE"),
			},
			Plugins:    goplugin.PluginSet{},
			GRPCServer: goplugin.DefaultGRPCServer,
		})
		return 0
	case "host": // a host with a busy plugin, to be killed
		h, err := plugin.Open(context.Background(), config("module", dir, zerolog.Nop()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		info, err := h.Info(context.Background())
		if err != nil {
			return 1
		}
		announced := false
		_, err = h.Encode(context.Background(), document("1", "slow"), func(perk.Progress) {
			if !announced {
				fmt.Println(info.PID)
			}
			announced = true
		})
		fmt.Fprintln(os.Stderr, "encode ended:", err)
		return 1
	}
	return 2
}

// config is a host of the helper process.
func config(what, dir string, log zerolog.Logger) plugin.HostConfig {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	env := []string{processEnv + "=" + what, dirEnv + "=" + dir}
	if cover := os.Getenv("GOCOVERDIR"); cover != "" {
		env = append(env, "GOCOVERDIR="+cover)
	}
	return plugin.HostConfig{Command: self, Env: env, Logger: log, StartTimeout: 20 * time.Second,
		Backoff: plugin.Backoff{Min: 10 * time.Millisecond, Max: 500 * time.Millisecond}}
}

func document(uuid, text string) perk.Document {
	return perk.Document{ID: perk.DocumentID{Collection: "Article", UUID: uuid}, Text: text}
}

// open gives a running host; the test fails when it does not close cleanly.
func open(t testing.TB, c plugin.HostConfig) *plugin.Host {
	t.Helper()
	h, err := plugin.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

// eventually waits for a condition.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v: not %s", limit, what)
		}
	}
}
