package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/internal/tokenizer"
	"github.com/perkdb/perk/models"
)

// configFile is the copy of the training configuration beside what it made.
const configFile = "train.json"

type trainOptions struct {
	config, corpus, out string
	from                string
	workers             int
	every               time.Duration
}

func newTrain(a *app) *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train --config FILE --corpus FILE --out DIR",
		Short: "Make a base model and its recipe from nothing but a seed and a text corpus",
		Long: `Make a base model and its recipe from nothing but a seed and a text corpus: tokenizer, pretraining, meta-training.
A configuration with a section reader trains a baseline instead, from a trained model: it answers from its prompt, docs/training/readers.
Training goes on from the checkpoint in DIR where there is one. At the end DIR holds ` + models.ModelFile + `, ` + models.RecipeFile + `,
` + models.TokenizerFile + `, the log and plots of its curves.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(_ context.Context, cmd *cobra.Command, _ []string) error { return runTrain(cmd, o) }),
	}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "training configuration (JSON), such as models/perk-nano/train.json")
	f.StringVar(&o.corpus, "corpus", "", "gzip file of novels separated by 0x1E; default $PERK_DATA/prose/english_novels_97.txt.gz")
	f.StringVar(&o.from, "from", "", "folder of the model that a reader starts from; default: the shipped model; only for a configuration with a section reader")
	f.StringVar(&o.out, "out", "", "folder of checkpoint, log and result")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "documents computed at the same time; does not change the result")
	f.DurationVar(&o.every, "checkpoint-every", 2*time.Minute, "time between checkpoints")
	_ = c.MarkFlagRequired("config")
	_ = c.MarkFlagRequired("out")
	return c
}

func runTrain(cmd *cobra.Command, o trainOptions) error {
	text, err := os.ReadFile(o.config)
	if err != nil {
		return perk.E(perk.EInvalid, "train", err)
	}
	config, err := meta.ParseConfig(text)
	if err != nil {
		return err
	}
	if o.corpus == "" {
		o.corpus = novelsFile()
	}
	prose, err := task.OpenProse(o.corpus)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return perk.E(perk.EInternal, "train", err)
	}
	t, err := newTrainer(cmd.Context(), o, config, prose)
	if err != nil {
		return err
	}
	if err := t.Run(cmd.Context(), o.out, o.every, trainProgress(cmd.ErrOrStderr(), t)); err != nil {
		return err
	}
	model, r, err := t.Export()
	if err != nil {
		return err
	}
	m, err := model.MarshalBinary()
	if err != nil {
		return err
	}
	rb, err := r.Marshal()
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{models.ModelFile: m, models.RecipeFile: rb, configFile: text} {
		if err := meta.WriteFile(filepath.Join(o.out, name), b); err != nil {
			return err
		}
	}
	return meta.Plot(o.out)
}

// trainer is a meta.Trainer or a meta.Reader.
type trainer interface {
	Run(ctx context.Context, dir string, every time.Duration, progress func(meta.Stats, *meta.Line)) error
	Steps() (made, total int)
	Export() (*lm.Model, *recipe.Recipe, error)
}

// newTrainer starts from nothing, or for a reader from a model, whose tokenizer it keeps.
func newTrainer(ctx context.Context, o trainOptions, c *meta.Config, prose *task.Prose) (trainer, error) {
	path := filepath.Join(o.out, models.TokenizerFile)
	if c.Reader == nil {
		if o.from != "" {
			return nil, perk.Errorf(perk.EInvalid, "train", "--from is set, but %s has no section reader", o.config)
		}
		tok, err := trainTokenizer(path, c, prose)
		if err != nil {
			return nil, err
		}
		return meta.New(c, tok, prose, o.workers)
	}
	files := models.Nano()
	if o.from != "" {
		files = models.Path(o.from)
	}
	from, err := models.Load(ctx, files)
	if err != nil {
		return nil, err
	}
	b, err := from.Tokenizer.MarshalJSON()
	if err != nil {
		return nil, err
	}
	if err := meta.WriteFile(path, b); err != nil {
		return nil, err
	}
	return meta.NewReader(c, from, prose, o.workers)
}

// trainTokenizer reads the folder's tokenizer, or learns one from the corpus and the tasks' texts.
func trainTokenizer(path string, c *meta.Config, prose *task.Prose) (*tokenizer.Tokenizer, error) {
	if b, err := os.ReadFile(path); err == nil {
		return tokenizer.Parse(b)
	}
	tok := tokenizer.Train(meta.Corpus(c, prose), c.Model.Vocab)
	b, err := tok.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return tok, meta.WriteFile(path, b)
}

// trainProgress prints a line for every line of the log.
func trainProgress(w io.Writer, t trainer) func(meta.Stats, *meta.Line) {
	return func(_ meta.Stats, l *meta.Line) {
		if l == nil {
			return
		}
		made, total := t.Steps()
		left := time.Duration(l.Seconds/float64(made)*float64(total-made)) * time.Second
		fmt.Fprintf(w, "step %d/%d  %3d%%  loss %.3f  accuracy %.3f  %v  %.0f tokens/s  ETA %v\n",
			made, total, 100*made/total, l.Loss, l.Accuracy, l.ByTask, l.Tokens, left)
	}
}
