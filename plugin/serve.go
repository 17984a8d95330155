package plugin

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	"github.com/perkdb/perk"
)

// ParentPoll is how often a plugin process looks whether its host still lives.
const ParentPoll = 100 * time.Millisecond

// drainLimit is how long calls may take to end after their contexts have ended. A module that needs longer is not closed but left to the
// process's end, which its store must survive anyway.
const drainLimit = 1500 * time.Millisecond

// Serve runs the module as this process's plugin. It returns after the host has closed the connection or has died, after SIGTERM, and after
// ctx has ended; by then every call has ended and the module, if it is an io.Closer, is closed. The caller should exit then. log should come from NewLogger.
// Errors: EInvalid when the process was not started by a host, EUnavailable when calls would not end, and what the module's Close gives.
func Serve(ctx context.Context, m Module, log zerolog.Logger) error {
	const op = "plugin.Serve"
	parent := os.Getppid()
	hello := handshake()
	if os.Getenv(hello.MagicCookieKey) != hello.MagicCookieValue {
		return perk.Errorf(perk.EInvalid, op, "this process was not started by a plugin host").WithHint("do not start it by hand: the host starts it")
	}
	if host := os.Getenv(hostVariable); host != "" && host != strconv.Itoa(parent) {
		return perk.Errorf(perk.EUnavailable, op, "the host, process %s, has died or is not this process's parent", host).
			WithHint("start the plugin without a wrapper, or with one that execs it")
	}
	// A dead host's pipes are broken: without this the next log line would kill the process before its module is closed.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stopSignals := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stopSignals()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	running := newCalls()
	made := make(chan *grpc.Server, 1)
	returned := make(chan struct{})
	started := false
	var owned sync.WaitGroup
	owned.Go(func() { watchParent(ctx, parent, cancel) })
	owned.Go(func() {
		<-ctx.Done()
		select {
		case s := <-made:
			s.Stop()
		case <-returned:
		}
	})
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: hello,
		Plugins:         goplugin.PluginSet{pluginName: &bridge{module: m}},
		Logger:          hostLogger(log),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			opts = append(opts, ServerOptions()...)
			opts = append(opts, grpc.ChainUnaryInterceptor(running.unary), grpc.ChainStreamInterceptor(running.stream))
			s := grpc.NewServer(opts...)
			made <- s
			started = true
			return s
		},
	})
	log.Info().AnErr("cause", context.Cause(ctx)).Msg("plugin is closing")
	close(returned)
	cancel(nil)
	owned.Wait()
	_ = os.Remove(os.Getenv(goplugin.EnvUnixSocketDir)) // empty by now; a host that died cannot remove it
	if !running.drain(drainLimit) {
		return perk.Errorf(perk.EUnavailable, op, "calls still ran %v after their contexts had ended; the module was not closed", drainLimit)
	}
	var err error
	if !started {
		err = perk.Errorf(perk.EUnavailable, op, "no socket could be made; go-plugin's reason is in the log at debug level").WithHint("check that TMPDIR can be written")
	}
	if c, ok := m.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// watchParent cancels the context when the process that started this one is gone: another process is the parent then.
func watchParent(ctx context.Context, parent int, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(ParentPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				cancel(errors.New("the host process has died"))
				return
			}
		}
	}
}
