package plugin

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// pipeDelay bounds how long the end of standard error is awaited after the process is gone.
const pipeDelay = 2 * time.Second

// command runs one plugin process for go-plugin. Unlike go-plugin's own runner it inherits neither environment nor standard input, knows how the
// process ended, and lets a closing module take its time.
type command struct {
	cmd     *exec.Cmd
	stdout  io.ReadCloser
	stderr  *stderrLog
	patient atomic.Bool   // Kill waits for the process, which somebody else kills when its grace is over
	exited  chan struct{} // closed when the process has ended
	end     error         // what Wait gave; readable once exited is closed

	mu     sync.Mutex // held while the process starts or is killed
	killed bool
}

var _ runner.Runner = (*command)(nil)

func newCommand(path string, args []string, stderr *stderrLog) *command {
	c := &command{cmd: exec.Command(path, args...), stderr: stderr, exited: make(chan struct{})}
	c.cmd.Stderr = stderr
	c.cmd.WaitDelay = pipeDelay
	return c
}

// Start starts the process unless it was killed before.
func (c *command) Start(context.Context) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed {
		return errors.New("the start was given up")
	}
	if c.stdout, err = c.cmd.StdoutPipe(); err != nil {
		return err
	}
	return c.cmd.Start()
}

// Wait waits for the process's end. go-plugin calls it once, when standard output has ended.
func (c *command) Wait(context.Context) error {
	c.end = c.cmd.Wait()
	close(c.exited)
	return c.end
}

// Kill ends the process at once, or waits for its end when it is to be given time.
func (c *command) Kill(context.Context) error {
	if c.patient.Load() {
		<-c.exited
		return nil
	}
	c.kill()
	return nil
}

func (c *command) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killed = true
	if c.cmd.Process != nil {
		_ = c.cmd.Process.Kill() // fails only for a process that has ended
		// A child that the process left behind may hold standard output open, and go-plugin reads that to its end.
		time.AfterFunc(pipeDelay, func() { _ = c.stdout.Close() })
	}
}

// alive reports whether the process was not seen to end.
func (c *command) alive() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// ending says how an ended process ended, and with what words.
func (c *command) ending() string {
	how := "exit status 0"
	if c.end != nil {
		how = c.end.Error()
	}
	if plain := c.stderr.lastWords(); plain != "" {
		how += ": " + plain
	}
	return how
}

// Diagnose has nothing to add: start explains failures itself.
func (c *command) Diagnose(context.Context) string { return "" }

// Stdout carries the handshake.
func (c *command) Stdout() io.ReadCloser { return c.stdout }

// Stderr is empty for go-plugin: stderrLog has the stream, because go-plugin's parser panics on a @message that is no string.
func (c *command) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is the program's path.
func (c *command) Name() string { return c.cmd.Path }

// ID is the process id; never empty, because go-plugin would skip its clean-up then.
func (c *command) ID() string {
	if c.cmd.Process == nil {
		return "not started"
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

// PluginToHost keeps the address: both sides see the same files. It refuses anything but a unix socket or a loopback address.
func (c *command) PluginToHost(network, addr string) (string, string, error) {
	if network != "unix" && !strings.HasPrefix(addr, "127.0.0.1:") {
		return "", "", errors.New("the plugin announced an address that is not local: " + addr)
	}
	return network, addr, nil
}

// HostToPlugin keeps the address.
func (c *command) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
