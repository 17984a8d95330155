package plugin

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// HostConfig says which program is the plugin and how it is looked after. Zero durations get the defaults named beside them.
type HostConfig struct {
	Command  string   // absolute path of the plugin program
	Args     []string // its arguments
	Env      []string // its whole environment as "KEY=value", besides TMPDIR and go-plugin's own; the host's is not passed on
	Dir      string   // when set, Command must lie in this directory, symbolic links resolved
	Checksum []byte   // when set, the SHA-256 that the program must have before each start

	Logger       zerolog.Logger // gets the host's events and, line for line, the plugin's log
	StartTimeout time.Duration  // from launch to first answer, loading of the model included; 60 s
	Health       time.Duration  // between health checks, and the time each may take; 10 s
	Backoff      Backoff        // between restarts
	RestartWait  time.Duration  // longest time that a call waits for a process that is being restarted; 30 s
	Grace        time.Duration  // time for the plugin to close its module before it is killed; 10 s
}

// Backoff doubles the delay before a restart from Min to Max. It starts again at Min when a process has lived longer than Max.
type Backoff struct {
	Min time.Duration // 100 ms
	Max time.Duration // 30 s
}

// delay gives the time before restart n, from 0.
func (b Backoff) delay(n int) time.Duration {
	d := b.Min
	for ; n > 0 && d < b.Max; n-- {
		d *= 2
	}
	return min(d, b.Max)
}

func (c HostConfig) withDefaults() HostConfig {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.StartTimeout, time.Minute},
		{&c.Health, 10 * time.Second},
		{&c.Backoff.Min, 100 * time.Millisecond},
		{&c.Backoff.Max, 30 * time.Second},
		{&c.RestartWait, 30 * time.Second},
		{&c.Grace, 10 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	c.Logger = c.Logger.With().Str("room", "plugin").Logger()
	return c
}

// program gives the path to start, free of symbolic links, after the checks of Dir and Checksum. Errors: EInvalid, ENotFound, EDenied.
func (c *HostConfig) program() (string, error) {
	const op = "plugin.Open"
	if !filepath.IsAbs(c.Command) {
		return "", perk.Errorf(perk.EInvalid, op, "the command %q is not an absolute path", c.Command)
	}
	path, err := filepath.EvalSymlinks(c.Command)
	if err != nil {
		return "", perk.Errorf(perk.ENotFound, op, "find the plugin program: %w", err)
	}
	if c.Dir != "" {
		dir, err := filepath.EvalSymlinks(c.Dir)
		if err != nil {
			return "", perk.Errorf(perk.ENotFound, op, "find the plugin directory: %w", err)
		}
		if rel, err := filepath.Rel(dir, path); err != nil || !filepath.IsLocal(rel) {
			return "", perk.Errorf(perk.EDenied, op, "%s is not in the plugin directory %s", path, dir).WithHint("move the program there")
		}
	}
	if c.Checksum != nil {
		same, err := (&goplugin.SecureConfig{Checksum: c.Checksum, Hash: sha256.New()}).Check(path)
		if err != nil {
			return "", perk.Errorf(perk.EInvalid, op, "checksum of %s: %w", path, err)
		}
		if !same {
			return "", perk.Errorf(perk.EDenied, op, "%s does not have the expected SHA-256", path).WithHint("install the program again, or correct the checksum")
		}
	}
	return path, nil
}

// environment gives what the process gets besides go-plugin's variables.
func (c *HostConfig) environment() []string {
	env := []string{hostVariable + "=" + strconv.Itoa(os.Getpid())}
	if tmp, ok := os.LookupEnv("TMPDIR"); ok {
		env = append(env, "TMPDIR="+tmp)
	}
	return append(env, c.Env...)
}
