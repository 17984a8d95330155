package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// Client is the module of a running server. It must be closed.
type Client struct {
	plugin.Module
	cc *grpc.ClientConn
}

// Close ends the connection; the server goes on.
func (c *Client) Close() error { return c.cc.Close() }

// Dial reaches the server of a data directory. Errors: ENotFound (no server runs), EDenied (another user's), EConflict (a server of another
// version), EInvalid (dir has too long a name), EUnavailable.
func Dial(ctx context.Context, dir string) (*Client, error) {
	const op = "socket.Dial"
	path, err := path(op, dir)
	if err != nil {
		return nil, err
	}
	// The first connection tells "nobody there" from "does not answer", which gRPC would hide behind its retries.
	probe, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ECONNREFUSED):
		return nil, perk.Errorf(perk.ENotFound, op, "no server runs on %s", dir)
	case errors.Is(err, fs.ErrPermission):
		return nil, perk.E(perk.EDenied, op, err).WithHint("run the command as the user who runs `perk serve`")
	case err != nil:
		return nil, perk.E(perk.EUnavailable, op, err)
	}
	probe.Close()
	cc, err := grpc.NewClient("passthrough:///perk",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}))
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	c := &Client{Module: plugin.NewClient(cc), cc: cc}
	info, err := c.Info(ctx)
	if err == nil && info.Protocol != plugin.ProtocolVersion {
		err = perk.Errorf(perk.EConflict, op, "the server on %s is perk %s, which speaks protocol %d, not %d", dir, info.Version, info.Protocol, plugin.ProtocolVersion).
			WithHint("restart `perk serve` with this program")
	}
	if err != nil {
		cc.Close()
		return nil, err
	}
	return c, nil
}
