package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/reasoner/eval"
	"github.com/perkdb/perk/reasoner/study"
)

// paperSuite is the only suite: every figure of docs/results.
const paperSuite = "paper"

// suite is what `perk eval --suite` is told.
type suite struct {
	name, out, scale, variants string
	only                       []string
	report                     bool
}

func (s *suite) flags(f *pflag.FlagSet) {
	f.StringVar(&s.name, "suite", "", `measure a whole study: "`+paperSuite+`"; goes on where it was ended`)
	f.StringVar(&s.out, "out", "docs/results", "folder of a suite's cells, tables and plots")
	f.StringVar(&s.scale, "scale", "full", "how much a suite measures: full, quick or smoke")
	f.StringSliceVar(&s.only, "only", nil, "measure these studies of a suite only: "+strings.Join(study.Names(), ", ")+"; the report has what is measured of all")
	f.StringVar(&s.variants, "variants", "build/ablations", "folder of the models of a suite's ablations")
	f.BoolVar(&s.report, "report", false, "measure nothing; write a suite's tables and plots from the cells that are there")
}

// run measures what is missing and writes the report. Baselines are folders of readers, each named after its folder.
func (s *suite) run(ctx context.Context, cmd *cobra.Command, a *app, baselines []string, threads int) error {
	if s.name != paperSuite {
		return perk.Errorf(perk.EInvalid, "eval", "there is no suite %q", s.name).WithHint("the suite is %q", paperSuite)
	}
	o := study.Options{Dir: s.out, Only: s.only, Variants: s.variants, Data: dataDir(), Threads: threads}
	var err error
	if o.Scale, err = study.ScaleByName(s.scale); err != nil {
		return err
	}
	if o.Model, err = a.load(ctx); err != nil {
		return err
	}
	if o.Filler, err = filler(); err != nil {
		return err
	}
	list, err := readers(ctx, baselines)
	if err != nil {
		return err
	}
	o.Readers = map[string]eval.Reader{}
	for _, r := range list {
		if _, ok := o.Readers[r.Model.Name]; ok || r.Model.Name == study.Memory {
			return perk.Errorf(perk.EInvalid, "eval", "there are two ways of answering named %q", r.Model.Name).WithHint("rename the reader's folder")
		}
		o.Readers[r.Model.Name] = r
	}
	if !s.report {
		show := newSuiteProgress(cmd.ErrOrStderr())
		o.Progress = show.set
		if err := study.Run(ctx, o); err != nil {
			return err
		}
		show.end()
	}
	if err := study.Write(ctx, o); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(s.out, study.MarkdownFile))
	return nil
}

// suiteProgress is a bar on a terminal, and a line a cell elsewhere.
type suiteProgress struct {
	w     io.Writer
	bar   *progress // nil without a terminal
	begun time.Time
	done  int
}

func newSuiteProgress(w io.Writer) *suiteProgress {
	p := &suiteProgress{w: w, begun: time.Now(), done: -1}
	if isTerminal(w) {
		p.bar = newProgress(w, "measuring")
	}
	return p
}

func (p *suiteProgress) set(s study.Progress) {
	note := fmt.Sprintf("cell %d of %d: %s", min(s.Done+1, s.Total), s.Total, s.Cell)
	if s.Left > 0 {
		note += fmt.Sprintf("  ETA %v", s.Left)
	}
	switch {
	case p.bar != nil:
		p.bar.set(int64(10000*s.Share), 10000, note)
	case s.Done != p.done && s.Done < s.Total:
		fmt.Fprintf(p.w, "%8v  %3.0f%%  %s\n", time.Since(p.begun).Round(time.Second), 100*s.Share, note)
	}
	p.done = s.Done
}

func (p *suiteProgress) end() {
	if p.bar != nil {
		p.bar.end("")
	}
}
