package study

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/eval"
)

// Options says what is measured, with what, and where the cells are kept.
type Options struct {
	Dir      string // of cells.jsonl and the report; made where it is missing
	Scale    Scale
	Only     []string               // names of studies; none: all
	Model    *models.Model          // under test
	Readers  map[string]eval.Reader // baselines of the length study by name; those with the whole document in the prompt up to longTokens
	Filler   task.Filler
	Variants string // folder of the ablations' models, each in a folder of its name; those that are missing are left out
	Data     string // folder of reference data (babilong/); what is missing is left out
	Threads  int    // documents at the same time; below 1 counts as 1

	Progress func(Progress) // called by one goroutine at a time; may be nil
}

// Progress tells how far Run has come.
type Progress struct {
	Done, Total int           // cells
	Cell        Cell          // being measured
	Share       float64       // of all the work left at the start, in [0,1]
	Left        time.Duration // estimate; 0: not known yet
}

// Run measures the cells that are not there yet. Errors: EInvalid (a study that there is not, a damaged cells.jsonl), ECanceled, and those of measuring; the cells
// measured before are kept.
func Run(ctx context.Context, o Options) error {
	const op = "study.Run"
	if err := o.valid(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return perk.E(perk.EDenied, op, err)
	}
	j, err := openJournal(filepath.Join(o.Dir, CellsFile))
	if err != nil {
		return err
	}
	defer j.file.Close() // every line is synced
	todo, err := o.todo(ctx, j)
	if err != nil {
		return err
	}
	p := newPace(o.Progress, todo)
	for _, t := range todo {
		p.begin(t.cell)
		start := time.Now()
		r, err := t.subject.measure(ctx, o, t.cell, p.part)
		if err != nil {
			return perk.Errorf(perk.ErrorCode(err), op, "%s: %w", t.cell, err)
		}
		r.Seconds = time.Since(start).Seconds()
		if err := j.add(r); err != nil {
			return err
		}
		p.end()
	}
	return nil
}

func (o *Options) valid() error {
	for _, name := range o.Only {
		if !slices.Contains(Names(), name) {
			return perk.Errorf(perk.EInvalid, "study.Run", "there is no study %q", name).WithHint("the studies are %q", Names())
		}
	}
	return nil
}

// readers lists the baselines.
func (o *Options) readers() []string { return slices.Sorted(maps.Keys(o.Readers)) }

// skips reports a cell that would take days: a long document read whole for each document's questions.
func (o *Options) skips(c Cell) bool {
	x, ok := o.Readers[c.Way]
	return ok && x.Settings.Context == retrieve.Whole && c.Tokens > longTokens
}

// job is a cell to measure and what with.
type job struct {
	cell    Cell
	subject *subject
}

// todo lists the cells that are asked for and not in the journal, each once. Variants that were not trained are left out.
func (o *Options) todo(ctx context.Context, j *journal) ([]job, error) {
	var out []job
	seen := map[string]bool{}
	find := o.subjects(ctx)
	for _, s := range Plan(o.Scale, o.readers()) {
		if len(o.Only) > 0 && !slices.Contains(o.Only, s.Name) {
			continue
		}
		for _, c := range s.Cells {
			sub, err := find(c)
			if perk.ErrorCode(err) == perk.ENotFound || o.skips(c) {
				continue
			}
			if err != nil {
				return nil, err
			}
			key := sub.key(c, *o)
			if _, ok := j.done[key]; ok || seen[key] {
				continue
			}
			seen[key] = true
			out = append(out, job{c, sub})
		}
	}
	return out, nil
}

// pace estimates the time left from the work done.
type pace struct {
	report     func(Progress)
	start      time.Time
	now        Progress
	work, done float64 // of all cells, of those measured
	current    float64
}

func newPace(report func(Progress), todo []job) *pace {
	p := &pace{report: report, start: time.Now(), now: Progress{Total: len(todo)}}
	for _, t := range todo {
		p.work += t.cell.work()
	}
	return p
}

func (p *pace) begin(c Cell) {
	p.now.Cell, p.current = c, c.work()
	p.part(0)
}

// part tells the share of the present cell that is done.
func (p *pace) part(share float64) {
	if p.report == nil {
		return
	}
	done := p.done + share*p.current
	p.now.Share = done / p.work
	if done > 0 {
		p.now.Left = time.Duration(float64(time.Since(p.start)) * (p.work - done) / done).Round(time.Second)
	}
	p.report(p.now)
}

func (p *pace) end() {
	p.done += p.current
	p.now.Done++
	p.current = 0
	p.part(0)
}

// subjects gives a function that finds what a cell is measured with. Each model is loaded once. Errors of the function: ENotFound (a variant that was not trained),
// and those of models.Load.
func (o *Options) subjects(ctx context.Context) func(Cell) (*subject, error) {
	type name struct {
		variant string
		bits    int
	}
	known := map[name]*subject{}
	return func(c Cell) (*subject, error) {
		n := name{c.Variant, c.Bits}
		if s, ok := known[n]; ok {
			if s == nil {
				return nil, errMissing(c.Variant)
			}
			return s, nil
		}
		known[n] = nil
		m := o.Model
		if c.Variant != "" {
			var err error
			if m, err = models.Load(ctx, models.Path(filepath.Join(o.Variants, c.Variant))); err != nil {
				return nil, err
			}
		}
		m, err := WithBits(m, c.Bits)
		if err != nil {
			return nil, err
		}
		known[n] = &subject{model: m}
		return known[n], nil
	}
}

func errMissing(variant string) error {
	return perk.E(perk.ENotFound, "study.Run", errors.New("the variant "+variant+" was not trained"))
}
