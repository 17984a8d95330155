package plugin

import (
	"context"
	"io"
	"iter"

	"google.golang.org/grpc"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// client is the host's side of the wire: a Module whose work is done at the other end. Streams are in grpc_client_stream.go.
type client struct{ rpc pluginpb.ModuleClient }

// NewClient gives the module that Register put on the server at the other end of the connection.
func NewClient(cc grpc.ClientConnInterface) Module {
	return &client{rpc: pluginpb.NewModuleClient(limited{cc})}
}

// limited holds every call to MaxMessage in both directions.
type limited struct{ cc grpc.ClientConnInterface }

func (l limited) options(opts []grpc.CallOption) []grpc.CallOption {
	return append([]grpc.CallOption{grpc.MaxCallSendMsgSize(MaxMessage), grpc.MaxCallRecvMsgSize(MaxMessage)}, opts...)
}

func (l limited) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return l.cc.Invoke(ctx, method, args, reply, l.options(opts)...)
}

func (l limited) NewStream(ctx context.Context, d *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return l.cc.NewStream(ctx, d, method, l.options(opts)...)
}

// Info implements Module.
func (c *client) Info(ctx context.Context) (Info, error) {
	r, err := c.rpc.Info(ctx, &pluginpb.InfoRequest{})
	if err != nil {
		return Info{}, fromStatus(ctx, "plugin.Info", err)
	}
	var p parser
	return p.info(r), p.err
}

// Forget implements Module.
func (c *client) Forget(ctx context.Context, id perk.DocumentID) (int, error) {
	r, err := c.rpc.Forget(ctx, &pluginpb.ForgetRequest{Document: idToPB(id)})
	if err != nil {
		return 0, fromStatus(ctx, "plugin.Forget", err)
	}
	return int(r.Adapters), nil
}

// Describe implements Module.
func (c *client) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	r, err := c.rpc.Describe(ctx, &pluginpb.DescribeRequest{Document: idToPB(id)})
	if err != nil {
		return perk.AdapterInfo{}, fromStatus(ctx, "plugin.Describe", err)
	}
	var p parser
	return p.adapter(r), p.err
}

// GC implements Module.
func (c *client) GC(ctx context.Context) (int64, error) {
	r, err := c.rpc.GC(ctx, &pluginpb.GCRequest{})
	if err != nil {
		return 0, fromStatus(ctx, "plugin.GC", err)
	}
	return r.Bytes, nil
}

// Meta implements Module.
func (c *client) Meta(ctx context.Context, key string) ([]byte, error) {
	r, err := c.rpc.Meta(ctx, &pluginpb.MetaRequest{Key: []byte(key)})
	if err != nil {
		return nil, fromStatus(ctx, "plugin.Meta", err)
	}
	return r.Value, nil
}

// SetMeta implements Module.
func (c *client) SetMeta(ctx context.Context, key string, value []byte) error {
	_, err := c.rpc.SetMeta(ctx, &pluginpb.SetMetaRequest{Key: []byte(key), Value: value})
	if err != nil {
		return fromStatus(ctx, "plugin.SetMeta", err)
	}
	return nil
}

// List implements Module. A consumer that stops early ends the stream at both ends.
func (c *client) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		const op = "plugin.List"
		streamCtx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.rpc.List(streamCtx, &pluginpb.ListRequest{Collection: []byte(collection)})
		if err != nil {
			yield(perk.AdapterInfo{}, fromStatus(ctx, op, err))
			return
		}
		for {
			m, err := stream.Recv()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(perk.AdapterInfo{}, fromStatus(ctx, op, err))
				return
			}
			var p parser
			if info := p.adapter(m); !yield(info, p.err) || p.err != nil {
				return
			}
		}
	}
}
