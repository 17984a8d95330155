package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

func newPlugin(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "plugin",
		Short: "Run the plugin process (started by the other commands, not by hand)",
		Long:  "Run the plugin process, which owns base model and adapter store. The other commands start it over go-plugin; it ends with them.",
		Args:  cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, _ *cobra.Command, _ []string) error {
			// Ctrl-C reaches the whole process group; the host decides when its plugin ends.
			return a.runPlugin(context.WithoutCancel(ctx))
		}),
	}
}

// runPlugin uses the process's own standard streams: they are part of go-plugin's contract.
func (a *app) runPlugin(ctx context.Context) error {
	log := plugin.NewLogger(os.Stderr).Level(a.log.GetLevel())
	files, err := a.shelf().Find(a.model)
	var m *models.Model
	if err == nil {
		m, err = models.Load(ctx, files)
	}
	if err != nil {
		return errors.Join(err, plugin.Abort(os.Stderr, err))
	}
	e, err := engine.Open(a.storeDir(), m, engine.Options{Version: version(), Logger: log, Name: files.Ref, Find: a.find})
	if err != nil {
		return errors.Join(err, plugin.Abort(os.Stderr, err))
	}
	return plugin.Serve(ctx, e, log)
}
