package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/plugin"
)

// with calls body with the module of the running server, or with that of a plugin process that lives as long as the call.
func (a *app) with(ctx context.Context, body func(m plugin.Module) error) (err error) {
	client, err := socket.Dial(ctx, a.data)
	switch {
	case err == nil:
		a.log.Info().Str("data", a.data).Msg("using the running server")
		return errors.Join(body(client), client.Close())
	case perk.ErrorCode(err) != perk.ENotFound:
		return err
	}
	host, err := a.host(ctx)
	if err != nil {
		return err
	}
	return errors.Join(body(&guard{Module: host, a: a}), host.Close())
}

// host launches the plugin process: this program once more.
func (a *app) host(ctx context.Context) (*plugin.Host, error) {
	if err := a.makeData(); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, perk.E(perk.EInternal, "plugin", err)
	}
	args := []string{"plugin", "--data", a.data, "--models", a.models, "--log-level", a.level}
	if a.model != "" {
		args = append(args, "--model", a.model)
	}
	if a.encodeThreads > 0 {
		args = append(args, "--"+encodeThreadsFlag, strconv.Itoa(a.encodeThreads))
	}
	return plugin.Open(ctx, plugin.HostConfig{Command: self, Args: args, Env: pluginEnv(), Logger: a.log})
}

// pluginEnv is what the plugin process gets to see of the environment: no keys, because it speaks to no server.
func pluginEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case name == weaviateKeyEnv, name == endpointKeyEnv, name == refSecretEnv:
		case name == "HOME", name == "GOMAXPROCS", name == "GOMEMLIMIT", strings.HasPrefix(name, "PERK_"):
			env = append(env, e)
		}
	}
	return env
}
