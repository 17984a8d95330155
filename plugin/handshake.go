package plugin

import (
	"context"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// ProtocolVersion changes whenever an old host and a new plugin, or the other way round, would misunderstand each other.
const ProtocolVersion = 3

// pluginName is the one entry of go-plugin's plugin set.
const pluginName = "module"

// hostVariable tells the plugin its host's process id, so that it can see that the host died before Serve.
const hostVariable = "PERK_PLUGIN_HOST"

// handshake is what host and plugin agree on before they speak gRPC. The cookie is no secret: it tells a person who starts the plugin by
// hand that a host must do so.
func handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  ProtocolVersion,
		MagicCookieKey:   "PERK_PLUGIN_COOKIE",
		MagicCookieValue: "b6a1f6b8-2f5b-4f0e-9d0a-6d2a0c1f7e53",
	}
}

// bridge is go-plugin's view of a Module: it registers the plugin's side and makes the host's side.
type bridge struct {
	goplugin.NetRPCUnsupportedPlugin
	module Module // nil on the host's side
}

var _ goplugin.GRPCPlugin = (*bridge)(nil)

// remote is what the host gets from a connection.
type remote struct {
	module Module
	health healthpb.HealthClient
}

// GRPCServer registers the module. It is go-plugin's to call.
func (b *bridge) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	Register(s, b.module)
	return nil
}

// GRPCClient makes the host's side, a *remote. It is go-plugin's to call.
func (b *bridge) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	return &remote{module: NewClient(cc), health: healthpb.NewHealthClient(cc)}, nil
}
