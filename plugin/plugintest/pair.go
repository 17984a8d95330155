package plugintest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/perkdb/perk/plugin"
)

// Pair gives the host's side of the module, in this process. Both sides end with the test.
func Pair(t testing.TB, m plugin.Module) plugin.Module {
	t.Helper()
	listener := bufconn.Listen(plugin.MaxMessage)
	s := grpc.NewServer(append(plugin.ServerOptions(), grpc.WaitForHandlers(true))...)
	plugin.Register(s, m)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///module",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		if err := cc.Close(); err != nil {
			t.Errorf("close connection: %v", err)
		}
		s.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return plugin.NewClient(cc)
}
