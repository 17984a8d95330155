package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/models"
)

// app is what all commands share: the global flags, and what became of them.
type app struct {
	data, model, models, level string

	log     zerolog.Logger
	started bool // the command line was understood and its command begun

	encodeThreads int // of the plugin; 0: as many as there are processors
}

// Environment variables that are no flags, because other users of the machine can read a command line.
const (
	weaviateKeyEnv = "PERK_WEAVIATE_KEY" // sent to Weaviate
	endpointKeyEnv = "PERK_ENDPOINT_KEY" // wanted of whoever asks `perk serve`
	refSecretEnv   = "PERK_REF_SECRET"   // signs documents' keys; not set: a file in the data directory
)

// environment marks a flag with the variable that is its default.
const environment = "environment"

func (a *app) flags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.data, "data", "", "directory of adapters and server socket; default ~/.local/share/perk")
	f.StringVar(&a.model, "model", "", "name of a model (perk model ls), or path of a folder or .gguf file; default: the embedded "+models.Nano().Name)
	f.StringVar(&a.models, "models", "", "directory of models; default: models in the data directory")
	f.StringVar(&a.level, "log-level", "warn", "debug, info, warn or error")
	fromEnvironment(f, "data", "PERK_HOME")
	fromEnvironment(f, "model", "PERK_MODEL")
	fromEnvironment(f, "models", "PERK_MODELS")
	fromEnvironment(f, "log-level", "PERK_LOG_LEVEL")
}

// fromEnvironment lets a variable stand for a flag that is not given.
func fromEnvironment(f *pflag.FlagSet, flag, variable string) {
	g := f.Lookup(flag)
	g.Usage += " [$" + variable + "]"
	g.Annotations = map[string][]string{environment: {variable}}
}

// prepare completes the flags from the environment and makes the log. It runs before the command.
func (a *app) prepare(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names := f.Annotations[environment]
		if f.Changed || len(names) == 0 || failed != nil {
			return
		}
		if value := os.Getenv(names[0]); value != "" {
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				failed = fmt.Errorf("%s: %w", names[0], err)
			}
		}
	})
	if failed != nil {
		return failed
	}
	if err := kernel.CheckISA(); err != nil {
		return err
	}
	level, err := zerolog.ParseLevel(a.level)
	if err != nil || a.level == "" {
		return fmt.Errorf("there is no log level %q; use debug, info, warn or error", a.level)
	}
	w := cmd.ErrOrStderr()
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05"}
	}
	a.log = zerolog.New(w).Level(level).With().Timestamp().Logger()
	if a.data == "" {
		a.data, err = defaultData()
	}
	if err == nil {
		a.data, err = filepath.Abs(a.data)
	}
	if a.models == "" {
		a.models = filepath.Join(a.data, "models")
	}
	return err
}

func defaultData() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "perk"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the data directory: %w; name one by --data", err)
	}
	return filepath.Join(home, ".local", "share", "perk"), nil
}

// do makes a command's body: from here on an error is a failure, not a wrong command line.
func (a *app) do(body func(ctx context.Context, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		return body(cmd.Context(), cmd, args)
	}
}

// shelf is where models are kept.
func (a *app) shelf() *models.Shelf { return models.NewShelf(a.models) }

// load reads the model that the flags name.
func (a *app) load(ctx context.Context) (*models.Model, error) { return a.find(ctx, a.model) }

// find reads a model by name or path.
func (a *app) find(ctx context.Context, name string) (*models.Model, error) {
	f, err := a.shelf().Find(name)
	if err != nil {
		return nil, err
	}
	m, err := models.Load(ctx, f)
	if err == nil {
		limitGarbage(m.Parameters())
	}
	return m, err
}

// limitGarbage keeps what the collector leaves lying about near 64 MB: its own rule is as much again as is in use, which beside the weights of a
// large model is the larger part of the process. Weights count twice: in float32 at first, in bfloat16 for either direction afterwards.
func limitGarbage(parameters int64) {
	const garbage, perWeight = 64 << 20, 8
	if percent := 100 * garbage / (perWeight * max(parameters, 1)); percent < 100 && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(int(max(percent, 5)))
	}
}

// makeData makes the data directory, which nobody else may enter.
func (a *app) makeData() error {
	if err := os.MkdirAll(a.data, 0o700); err != nil {
		return perk.E(perk.EDenied, "data directory", err).WithHint("name a directory that you may write by --data")
	}
	return nil
}

// storeDir is where the adapters are.
func (a *app) storeDir() string { return filepath.Join(a.data, "adapters") }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// printJSON writes a value as one line.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
