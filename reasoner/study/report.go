package study

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
)

// Files of a report.
const (
	JSONFile     = "results.json"
	MarkdownFile = "RESULTS.md"
)

// findings are the measured cells of a plan.
type findings struct {
	o         Options
	plan      []Study
	cells     map[Cell]Result
	published map[place]reference
}

// drawing is a plot of the report.
type drawing struct {
	name string // of the file, without its ending
	svg  func() ([]byte, error)
}

// section is a part of the report: Markdown, and the plots that it shows.
type section struct {
	text  string
	plots []drawing
}

// Write makes results.json, RESULTS.md and the plots from the cells that the folder has for the options' plan and models; what was not measured is
// left out and counted. Errors: EInvalid (a damaged cells.jsonl), EInternal.
func Write(ctx context.Context, o Options) error {
	f, err := collect(ctx, o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return perk.E(perk.EDenied, "study.Write", err)
	}
	var text strings.Builder
	text.WriteString(f.head())
	for _, s := range f.sections() {
		text.WriteString(s.text)
		for _, p := range s.plots {
			svg, err := p.svg()
			if err != nil {
				return err
			}
			if err := meta.WriteFile(filepath.Join(o.Dir, p.name+".svg"), svg); err != nil {
				return err
			}
			fmt.Fprintf(&text, "![%s](%s.svg)\n\n", p.name, p.name)
		}
	}
	if err := meta.WriteFile(filepath.Join(o.Dir, MarkdownFile), []byte(strings.TrimRight(text.String(), "\n")+"\n")); err != nil {
		return err
	}
	b, err := json.MarshalIndent(f.document(), "", "  ")
	if err != nil {
		return perk.E(perk.EInternal, "study.Write", err)
	}
	return meta.WriteFile(filepath.Join(o.Dir, JSONFile), append(b, '\n'))
}

// collect finds the results of the plan's cells.
func collect(ctx context.Context, o Options) (*findings, error) {
	done, _, err := readJournal(filepath.Join(o.Dir, CellsFile))
	if err != nil {
		return nil, err
	}
	f := &findings{o: o, plan: Plan(o.Scale, o.readers()), cells: map[Cell]Result{}}
	find := o.subjects(ctx)
	for _, s := range f.plan {
		for _, c := range s.Cells {
			sub, err := find(c)
			if perk.ErrorCode(err) == perk.ENotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			if r, ok := done[sub.key(c, o)]; ok {
				r.Cell = c
				f.cells[c] = r
			}
		}
	}
	f.published, err = published(o.Data)
	return f, err
}

// study gives the cells of one study.
func (f *findings) study(name string) []Cell {
	for _, s := range f.plan {
		if s.Name == name {
			return s.Cells
		}
	}
	return nil
}

// scores gives what an Accuracy cell counted, nil where it was not measured.
func (f *findings) scores(c Cell) *Scores { return f.cells[c].Scores }

func (f *findings) sections() []section {
	return []section{f.length(), f.position(), f.similarity(), f.bits(), f.ablation(), f.cost(), f.controls()}
}

// head names the model and tells how to read the figures, and what is missing.
func (f *findings) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Results of %s\n\n", f.o.Model.Name)
	fmt.Fprintf(&b, "Base model `%s` (%d parameters), recipe `%s`; filler: %s; seed %d. Greedy decoding; an answer is right when it is an exact match.\n",
		f.o.Model.ID.Short(), f.o.Model.Parameters(), f.o.Model.RecipeID.Short(), f.o.Filler.Name(), seed)
	b.WriteString("Documents and questions are of the evaluation split, which training never sees. A figure is a percentage with its 95% interval (Wilson) and its number of questions.\n")
	b.WriteString("[README.md](README.md) tells how this file is made.\n\n")
	header, row := []string{"study"}, []string{"cells measured"}
	for _, s := range f.plan {
		n := 0
		for _, c := range s.Cells {
			if _, ok := f.cells[c]; ok {
				n++
			}
		}
		header, row = append(header, s.Name), append(row, fmt.Sprintf("%d of %d", n, len(s.Cells)))
	}
	return b.String() + table(header, [][]string{row})
}

// document is results.json.
type document struct {
	Model      string        `json:"model"`
	ModelID    perk.ModelID  `json:"model_id"`
	RecipeID   perk.RecipeID `json:"recipe_id"`
	Parameters int64         `json:"parameters"`
	Filler     string        `json:"filler"`
	Studies    []measured    `json:"studies"`
}

type measured struct {
	Name    string   `json:"name"`
	Planned int      `json:"planned"`
	Cells   []figure `json:"cells"`
}

// figure is a cell with its interval.
type figure struct {
	Result
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

func (f *findings) document() document {
	m := f.o.Model
	d := document{Model: m.Name, ModelID: m.ID, RecipeID: m.RecipeID, Parameters: m.Parameters(), Filler: f.o.Filler.Name()}
	for _, s := range f.plan {
		out := measured{Name: s.Name, Planned: len(s.Cells), Cells: []figure{}}
		for _, c := range s.Cells {
			r, ok := f.cells[c]
			if !ok {
				continue
			}
			one := figure{Result: r}
			if r.Scores != nil {
				low, high := r.Scores.Wilson()
				one.Low, one.High = &low, &high
			}
			out.Cells = append(out.Cells, one)
		}
		d.Studies = append(d.Studies, out)
	}
	return d
}
