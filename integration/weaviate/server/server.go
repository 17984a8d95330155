package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/perkdb/perk"
)

// Config describes a node. Zero ports are chosen; Server.Config gives the chosen ones, to start the same node again.
type Config struct {
	Binary string   // as Build gives it
	Dir    string   // data and log; made when missing
	APIKey string   // when set, requests need it; otherwise anybody may do anything
	Env    []string // further settings, such as "ENABLE_MODULES=generative-ollama,qna-transformers"; they come last and win

	HTTP, GRPC, Gossip, Raft int // ports; those after Gossip and Raft are used too
}

// Server is a running node. Stop must be called.
type Server struct {
	Config Config
	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when the process has ended
}

// PID is the node's process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Endpoint is the address of REST and GraphQL.
func (s *Server) Endpoint() string { return "http://127.0.0.1:" + strconv.Itoa(s.Config.HTTP) }

// GRPC is the address of the gRPC interface.
func (s *Server) GRPC() string { return "127.0.0.1:" + strconv.Itoa(s.Config.GRPC) }

// Start runs a node and waits until it takes schema requests. Errors: EInvalid, EUnavailable (it ended, or is not ready in a minute), ECanceled.
func Start(ctx context.Context, c Config) (*Server, error) {
	const op = "server.Start"
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, perk.E(perk.EInvalid, op, err)
	}
	if err := c.choosePorts(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(c.Dir, "weaviate.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, perk.E(perk.EInvalid, op, err)
	}
	cmd := exec.Command(c.Binary, "--scheme", "http", "--host", "127.0.0.1", "--port", strconv.Itoa(c.HTTP), "--read-timeout=600s", "--write-timeout=600s")
	cmd.Env, cmd.Stdout, cmd.Stderr = c.environment(), log, log
	s := &Server{Config: c, cmd: cmd, log: log, exited: make(chan struct{})}
	if err := s.run(); err != nil {
		log.Close()
		return nil, perk.E(perk.EInvalid, op, err).WithHint("make the server with Build")
	}
	if err := s.waitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// run starts the process and a goroutine that waits for its end. The goroutine keeps its thread, because the process dies with the thread
// that started it.
func (s *Server) run() error {
	dieWithParent(s.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // how it ended is told by its log
		}
		close(s.exited)
	}()
	return <-started
}

// waitReady polls until the node has elected itself and answers for the schema.
func (s *Server) waitReady(ctx context.Context) error {
	const op = "server.Start"
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if s.answers(ctx, "/v1/.well-known/ready") && s.answers(ctx, "/v1/schema") {
			return nil
		}
		select {
		case <-s.exited:
			out, _ := os.ReadFile(s.log.Name())
			return perk.Errorf(perk.EUnavailable, op, "Weaviate ended: %s", tail(out))
		case <-ctx.Done():
			return perk.Errorf(perk.EUnavailable, op, "Weaviate is not ready").WithHint("look at %s", s.log.Name())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) answers(ctx context.Context, path string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint()+path, nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+s.Config.APIKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop ends the node, gently at first, and waits for it. It may be called again.
func (s *Server) Stop() error {
	defer s.log.Close()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-s.exited:
		return nil
	case <-time.After(20 * time.Second):
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	return perk.Errorf(perk.EInternal, "server.Stop", "Weaviate did not end in 20 s and was killed")
}

// Kill ends the node at once, as a failing machine does, and waits for it. Start with the same Config brings it back.
func (s *Server) Kill() {
	defer s.log.Close()
	_ = s.cmd.Process.Kill() // fails only when it has ended
	<-s.exited
}

// environment makes a loopback node that telephones nobody.
func (c Config) environment() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.Dir, "PERSISTENCE_DATA_PATH=" + filepath.Join(c.Dir, "data"),
		"DEFAULT_VECTORIZER_MODULE=none", "ENABLE_MODULES=generative-ollama", "API_BASED_MODULES_DISABLED=true",
		"DISABLE_TELEMETRY=true", "GO_PROFILING_DISABLE=true", "LOG_LEVEL=warning",
		"CLUSTER_HOSTNAME=node1", "CLUSTER_IN_LOCALHOST=true", "CLUSTER_BIND_ADDR=127.0.0.1", "CLUSTER_ADVERTISE_ADDR=127.0.0.1",
		"RAFT_BOOTSTRAP_EXPECT=1", "RAFT_TIMEOUTS_MULTIPLIER=1",
		fmt.Sprint("CLUSTER_GOSSIP_BIND_PORT=", c.Gossip), fmt.Sprint("CLUSTER_DATA_BIND_PORT=", c.Gossip+1),
		fmt.Sprint("RAFT_PORT=", c.Raft), fmt.Sprint("RAFT_INTERNAL_RPC_PORT=", c.Raft+1), fmt.Sprint("GRPC_PORT=", c.GRPC),
	}
	if c.APIKey == "" {
		env = append(env, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true")
	} else {
		env = append(env, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false", "AUTHENTICATION_APIKEY_ENABLED=true",
			"AUTHENTICATION_APIKEY_ALLOWED_KEYS="+c.APIKey, "AUTHENTICATION_APIKEY_USERS=perk")
	}
	return append(env, c.Env...) // the last of equal keys holds
}
