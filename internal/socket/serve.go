package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// name is the socket's file in the data directory.
const name = "perk.sock"

// maxPath is what every Unix takes for a socket's path.
const maxPath = 100

// grace is how long calls may take to end after the server was told to.
const grace = 2 * time.Second

// Listen makes the socket in the data directory dir, in place of one that a killed server left behind. Errors: EInvalid (dir has too long a name),
// EDenied, EUnavailable.
func Listen(ctx context.Context, dir string) (net.Listener, error) {
	const op = "socket.Listen"
	path, err := path(op, dir)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, perk.E(perk.EDenied, op, err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err == nil {
		if err = os.Chmod(path, 0o600); err != nil {
			ln.Close()
		}
	}
	if err != nil {
		return nil, perk.E(perk.EUnavailable, op, err).WithHint("the data directory must be on a local file system that the user may write")
	}
	return ln, nil
}

// Serve offers the module until ctx ends; then it lets calls end for a moment, ends those that do not, and removes the socket.
func Serve(ctx context.Context, ln net.Listener, m plugin.Module) error {
	s := grpc.NewServer(append(plugin.ServerOptions(), grpc.WaitForHandlers(true))...)
	plugin.Register(s, m)
	var owned sync.WaitGroup
	served := make(chan struct{})
	owned.Go(func() {
		select {
		case <-ctx.Done():
		case <-served:
			return
		}
		patience := time.AfterFunc(grace, s.Stop)
		defer patience.Stop()
		s.GracefulStop()
	})
	err := s.Serve(ln)
	close(served)
	owned.Wait()
	// A context that ends before the server has begun to listen stops it all the same, and grpc tells of that.
	if err != nil && !(ctx.Err() != nil && errors.Is(err, grpc.ErrServerStopped)) {
		return perk.E(perk.EUnavailable, "socket.Serve", err)
	}
	return nil
}

func path(op, dir string) (string, error) {
	path := filepath.Join(dir, name)
	if len(path) > maxPath {
		return "", perk.Errorf(perk.EInvalid, op, "the path %s has %d bytes, a socket's may have %d", path, len(path), maxPath).
			WithHint("choose a data directory with a shorter name by --data")
	}
	return path, nil
}
