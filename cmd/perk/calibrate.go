package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/calibrate"
	"github.com/perkdb/perk/reasoner/study"
)

// calibrateReport is what `perk calibrate` found.
type calibrateReport struct {
	Calibration *confidence.Calibration `json:"calibration"`
	Rows        []calibrate.Row         `json:"rows"` // on the questions that it was fitted on
}

func newCalibrate(a *app) *cobra.Command {
	var o calibrate.Options
	var out string
	var bits int
	var asJSON bool
	c := &cobra.Command{
		Use:   "calibrate --out FILE",
		Short: "Fit the confidence of a model's answers, and when it answers \"not in this document\"",
		Long: `Write generated documents into adapters, ask each about itself and about others, fit the confidence of the answers, and write the recipe with the fit.
Put the file in the place of the model's ` + models.RecipeFile + `; adapters that are there stay valid, unless --bits changes how they are stored. Tasks:
` + strings.Join(calibrate.Tasks(), ", ") + `.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			if m, err = study.WithBits(m, bits); err != nil {
				return err
			}
			if o.Filler, err = filler(); err != nil {
				return err
			}
			bar := newProgress(cmd.ErrOrStderr(), "calibrating")
			o.Progress = func(done, total int) { bar.set(int64(done), int64(total), "") }
			fit, answers, err := calibrate.Fit(ctx, m, o)
			bar.end("")
			if err != nil {
				return err
			}
			r := *m.Recipe
			r.Calibration = fit
			b, err := r.Marshal()
			if err != nil {
				return err
			}
			if err := meta.WriteFile(filepath.Clean(out), b); err != nil {
				return err
			}
			report := calibrateReport{fit, calibrate.Judge(answers)}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), report)
			}
			report.print(cmd.OutOrStdout())
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "file for the calibrated recipe, such as DIR/"+models.RecipeFile)
	f.StringSliceVar(&o.Tasks, "task", nil, "tasks that make documents and questions; default all of them")
	f.IntVar(&o.Documents, "documents", 60, "documents of each task")
	f.IntVar(&o.MinTokens, "min-tokens", 256, "length of the shortest document")
	f.IntVar(&o.MaxTokens, "max-tokens", 2048, "length of the longest document")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of documents and questions")
	f.IntVar(&o.Threads, "threads", runtime.GOMAXPROCS(0), "documents at the same time, each on one thread; does not change the result")
	f.IntVar(&bits, "bits", 0, "store adapters with so many bits an element, 1 to 8 or 32, in place of the recipe's; documents are then encoded again")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.MarkFlagRequired("out")
	return c
}

func (r calibrateReport) print(w io.Writer) {
	fmt.Fprintf(w, "%-24s %5s %7s %6s %6s %8s %6s %6s %6s\n", "task", "own", "foreign", "EM", "kept", "refused", "AURC", "E-AURC", "ECE")
	for _, row := range r.Rows {
		q := row.Quality
		fmt.Fprintf(w, "%-24s %5d %7d %6.3f %6.3f %8.3f %6.3f %6.3f %6.3f\n", row.Task, row.Own, row.Foreign, row.EM, row.Kept, row.Refused, q.AURC, q.EAURC, q.ECE)
	}
	fmt.Fprintf(w, "answers of a confidence below %.3f are \"not in this document\"\n", r.Calibration.Threshold)
}
