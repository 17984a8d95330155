package plugin

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/perkdb/perk"
)

const (
	exitWait     = 500 * time.Millisecond // how long a call that lost its connection waits to learn how the process ended
	healthMisses = 2                      // health checks in a row that may fail before the process counts as hung
)

// process is one run of the plugin.
type process struct {
	*remote
	command *command
	client  *goplugin.Client
	started time.Time
	lost    chan struct{} // closed by lose
	lose    func()        // says that the connection failed: no call may use the process again
}

// start launches the plugin and waits until it answers. Errors: those of HostConfig.program, what Abort said, ECanceled, else EUnavailable.
func start(ctx context.Context, c *HostConfig) (*process, error) {
	path, err := c.program()
	if err != nil {
		return nil, err
	}
	lost := make(chan struct{})
	p := &process{
		command: newCommand(path, c.Args, &stderrLog{log: c.Logger}),
		started: time.Now(),
		lost:    lost,
		lose:    sync.OnceFunc(func() { close(lost) }),
	}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake(),
		Plugins:          goplugin.PluginSet{pluginName: &bridge{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     2 * c.StartTimeout, // the timeout below comes first
		Logger:           hostLogger(c.Logger),
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			p.command.cmd.Env = append(c.environment(), spec.Env...)
			return p.command, nil
		},
	})
	startCtx, cancel := context.WithTimeout(ctx, c.StartTimeout)
	defer cancel()
	if err := p.connect(startCtx); err != nil {
		p.discard()
		return nil, p.explainStart(ctx, startCtx, err)
	}
	c.Logger.Info().Str("pid", p.command.ID()).Dur("took", time.Since(p.started)).Msg("plugin started")
	return p, nil
}

// connect runs go-plugin's start, which heeds no context: at ctx's end the process is killed, and that ends the start.
func (p *process) connect(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.command.kill)()
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense(pluginName)
	if err != nil {
		return err
	}
	p.remote = raw.(*remote) // bridge.GRPCClient makes nothing else
	return p.check(ctx)
}

// explainStart is called when the process of a failed start is gone.
func (p *process) explainStart(ctx, startCtx context.Context, err error) error {
	const op = "plugin.Open"
	path := p.command.Name()
	switch said := p.command.stderr.aborted(); {
	case said != nil:
		return said
	case ctx.Err() != nil:
		return perk.E(perk.ECanceled, op, ctx.Err())
	case startCtx.Err() != nil:
		return perk.Errorf(perk.EUnavailable, op, "%s did not answer in time", path).WithHint("give it more time with StartTimeout, or look at its log")
	}
	how := "it could not be started"
	if !p.command.alive() {
		how = p.command.ending()
	}
	cause := strings.Join(strings.Fields(err.Error()), " ")
	return perk.Errorf(perk.EUnavailable, op, "start %s: %s (%s)", path, cause, how).
		WithHint("the command must be a perk plugin of the host's version")
}

// check asks go-plugin's health service, which answers without the module.
func (p *process) check(ctx context.Context) error {
	_, err := p.health.Check(ctx, &healthpb.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	return err
}

// usable reports whether calls may use the process: it was not seen to end, and no call has lost the connection. A process that is
// closing has closed its connection already.
func (p *process) usable() bool {
	select {
	case <-p.lost:
		return false
	default:
		return p.command.alive()
	}
}

// watch returns when the process has ended or hangs, with the reason, or when ctx has ended, with nil. One that only lost its connection gets the
// grace to close its module and end.
func (p *process) watch(ctx context.Context, interval, grace time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for misses := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-p.command.exited:
			return p.ended()
		case <-p.lost:
			select {
			case <-p.command.exited:
				return p.ended()
			case <-ctx.Done():
				return nil
			case <-time.After(grace):
				return perk.Errorf(perk.EUnavailable, "plugin.Host", "the plugin process closed its connection and did not end")
			}
		case <-tick.C:
			checkCtx, cancel := context.WithTimeout(ctx, interval)
			err := p.check(checkCtx)
			cancel()
			if err == nil {
				misses = 0
			} else if misses++; misses == healthMisses {
				return perk.Errorf(perk.EUnavailable, "plugin.Host", "the plugin process did not answer %d health checks: %w", misses, err)
			}
		}
	}
}

// ended says how the ended process ended.
func (p *process) ended() error {
	if said := p.command.stderr.aborted(); said != nil {
		return said
	}
	return perk.Errorf(perk.EUnavailable, "plugin.Host", "the plugin process ended (%s)", p.command.ending())
}

// explain gives up the process of a call that lost its connection, and adds to the error how the process ended, when that is known soon. Other
// errors stay as they are.
func (p *process) explain(ctx context.Context, err error) error {
	var e *perk.Error
	if !isLost(err) || !errors.As(err, &e) {
		return err
	}
	p.lose()
	timer := time.NewTimer(exitWait)
	defer timer.Stop()
	select {
	case <-p.command.exited:
		return perk.Errorf(e.Code, e.Op, "the plugin process ended during the call (%s): %w", p.command.ending(), e.Err).
			WithHint("repeat the call; the process is started again")
	case <-ctx.Done():
	case <-timer.C:
	}
	return err
}

// isLost reports whether the connection failed under a call.
func isLost(err error) bool {
	var l lostError
	return errors.As(err, &l)
}

// discard ends the process at once.
func (p *process) discard() {
	p.command.kill() // first: go-plugin's Kill would wait for a hung process
	p.client.Kill()
}

// stop lets the plugin close its module, and kills it when that takes longer than grace.
func (p *process) stop(grace time.Duration) error {
	p.command.patient.Store(true)
	timer := time.AfterFunc(grace, p.command.kill)
	defer timer.Stop()
	p.client.Kill()
	if p.command.end != nil {
		return perk.Errorf(perk.EInternal, "plugin.Close", "the plugin process did not close cleanly (%s)", p.command.ending())
	}
	return nil
}
