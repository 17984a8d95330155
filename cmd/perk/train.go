package main

import (
	"bytes"
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
	from                []string
	base                string
	workers             int
	every               time.Duration
}

func newTrain(a *app) *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train --config FILE --corpus FILE --out DIR",
		Short: "Make a base model and its recipe from nothing but a seed and a text corpus, or a recipe for a base model",
		Long: `Make a base model and its recipe from nothing but a seed and a text corpus: tokenizer, pretraining, meta-training.
With --base the recipe of a given base model is learned: its layers stay as they are, and those below the lowest adapted one are only run, so that adapting the top
layers of a published model is possible without a GPU. It is slow all the same; progress and the time left are printed.
With --from the training goes on from a trained model, with another mixture; given several times, from the mean of the models' parameters, which with
outer_steps 0 is all that is made. A configuration with a section reader trains a baseline: a model that
answers from its prompt, docs/training/readers.
Training goes on from the checkpoint in DIR where there is one. At the end DIR holds ` + models.ModelFile + `, ` + models.RecipeFile + `,
` + models.TokenizerFile + `, the log and plots of its curves; with --base ` + models.RecipeFile + ` in place of all three.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(_ context.Context, cmd *cobra.Command, _ []string) error { return runTrain(cmd, a.shelf(), o) }),
	}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "training configuration (JSON), such as models/perk-nano/train.json")
	f.StringVar(&o.corpus, "corpus", "", "gzip file of novels separated by 0x1E; default $PERK_DATA/prose/english_novels_97.txt.gz")
	f.StringArrayVar(&o.from, "from", nil, "folder of a trained model to start from in place of the seed's draws, or of one of several; a reader starts from one, the shipped model otherwise")
	f.StringVar(&o.base, "base", "", "base model to learn a recipe for, by its name or path as in --model; the configuration then has no field model")
	f.StringVar(&o.out, "out", "", "folder of checkpoint, log and result")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "documents computed at the same time; does not change the result")
	f.DurationVar(&o.every, "checkpoint-every", 2*time.Minute, "time between checkpoints")
	c.MarkFlagsMutuallyExclusive("from", "base")
	_ = c.MarkFlagRequired("config")
	_ = c.MarkFlagRequired("out")
	return c
}

func runTrain(cmd *cobra.Command, shelf *models.Shelf, o trainOptions) error {
	text, err := os.ReadFile(o.config)
	if err != nil {
		return perk.E(perk.EInvalid, "train", err)
	}
	var base *models.Model
	var model *lm.Model
	if o.base != "" {
		files, err := shelf.Find(o.base)
		if err != nil {
			return err
		}
		if base, err = models.Load(cmd.Context(), files); err != nil {
			return err
		}
		model = base.LM
	}
	config, err := meta.ParseConfig(text, model)
	if err != nil {
		return err
	}
	if config.OuterSteps == 0 && len(o.from) < 2 {
		return perk.Errorf(perk.EInvalid, "train", "outer_steps is 0 or missing, so that nothing is learned").
			WithHint("give the configuration outer_steps, or the models to take the mean of by --from, twice or more")
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
	t, err := newTrainer(cmd.Context(), o, config, base, prose)
	if err != nil {
		return err
	}
	if err := t.Run(cmd.Context(), o.out, o.every, trainProgress(cmd.ErrOrStderr(), t)); err != nil {
		return err
	}
	trained, r, err := t.Export()
	if err != nil {
		return err
	}
	if err := writeTrained(o.out, text, trained, r, base == nil); err != nil {
		return err
	}
	if made, _ := t.Steps(); made == 0 { // the mean of trained models has no curves
		return nil
	}
	return meta.Plot(o.out)
}

// writeTrained writes what a training made, and its configuration beside it.
func writeTrained(dir string, config []byte, model *lm.Model, r *recipe.Recipe, own bool) error {
	b, err := r.Marshal()
	if err != nil {
		return err
	}
	files := map[string][]byte{models.RecipeFile: b, configFile: config}
	if own {
		if files[models.ModelFile], err = model.MarshalBinary(); err != nil {
			return err
		}
	}
	for name, b := range files {
		if err := meta.WriteFile(filepath.Join(dir, name), b); err != nil {
			return err
		}
	}
	return nil
}

// trainer is a meta.Trainer or a meta.Reader.
type trainer interface {
	Run(ctx context.Context, dir string, every time.Duration, progress func(meta.Stats, *meta.Line)) error
	Steps() (made, total int)
	Export() (*lm.Model, *recipe.Recipe, error)
}

// newTrainer starts from nothing, with base a recipe for it, or from a trained model, whose tokenizer it keeps.
func newTrainer(ctx context.Context, o trainOptions, c *meta.Config, base *models.Model, prose *task.Prose) (trainer, error) {
	data := meta.Data{Filler: prose, Tasks: task.Open(dataDir())}
	if base != nil {
		return meta.New(c, base.LM, base.Tokenizer, data, o.workers)
	}
	path := filepath.Join(o.out, models.TokenizerFile)
	if c.Reader == nil && len(o.from) == 0 {
		tok, err := trainTokenizer(path, c, prose)
		if err != nil {
			return nil, err
		}
		return meta.New(c, nil, tok, data, o.workers)
	}
	from, tokenizer, err := loadStart(ctx, o.from)
	if err != nil {
		return nil, err
	}
	if c.Reader != nil && len(from) > 1 {
		return nil, perk.Errorf(perk.EInvalid, "train", "a reader starts from one model").WithHint("give --from once")
	}
	if err := meta.WriteFile(path, tokenizer); err != nil {
		return nil, err
	}
	if c.Reader != nil {
		return meta.NewReader(c, from[0], data, o.workers)
	}
	t, err := meta.New(c, nil, from[0].Tokenizer, data, o.workers)
	if err != nil {
		return nil, err
	}
	return t, t.From(from...)
}

// loadStart loads the models that a training starts from, the shipped one where none is named, and gives the file of their one tokenizer.
func loadStart(ctx context.Context, folders []string) (from []*models.Model, tokenizer []byte, err error) {
	var files []models.Files
	for _, folder := range folders {
		files = append(files, models.Path(folder))
	}
	if len(files) == 0 {
		files = append(files, models.Nano())
	}
	for _, f := range files {
		m, err := models.Load(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		b, err := m.Tokenizer.MarshalJSON()
		if err != nil {
			return nil, nil, err
		}
		if tokenizer != nil && !bytes.Equal(b, tokenizer) {
			return nil, nil, perk.Errorf(perk.EInvalid, "train", "the models in %s and %s have not the same tokenizer", files[0].Where, f.Where).
				WithHint("name trainings of one start by --from")
		}
		from, tokenizer = append(from, m), b
	}
	return from, tokenizer, nil
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

// trainPause is the longest time without a sign of life of a training whose steps are slow.
const trainPause = 15 * time.Second

// trainProgress prints a line for every line of the log, and between them where these are far apart.
func trainProgress(w io.Writer, t trainer) func(meta.Stats, *meta.Line) {
	before, _ := t.Steps()
	begun, said := time.Now(), time.Now()
	return func(st meta.Stats, l *meta.Line) {
		if l == nil && time.Since(said) < trainPause {
			return
		}
		said = time.Now()
		made, total := t.Steps()
		left := (said.Sub(begun) / time.Duration(made-before) * time.Duration(total-made)).Round(time.Second)
		fmt.Fprintf(w, "step %d/%d  %3d%%  ", made, total, 100*made/total)
		if l == nil {
			fmt.Fprintf(w, "loss %.3f  ETA %v\n", st.Loss, left)
			return
		}
		fmt.Fprintf(w, "loss %.3f  accuracy %.3f  %v  %.0f tokens/s  ETA %v\n", l.Loss, l.Accuracy, l.ByTask, l.Tokens, left)
	}
}
