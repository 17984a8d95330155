package study

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perkdb/perk/internal/plot"
)

// length is accuracy over the length of the document, with controls, readers and what others published.
func (f *findings) length() section {
	var text strings.Builder
	text.WriteString("## Accuracy over length\n\n" +
		"*Memory* answers from the document's adapter alone, the document is not in the prompt. *No adapter* is the base model alone, *another's adapter* that of another document " +
		"of the kind, *chance* always gives the most frequent answer of the kind of question.\n\n")
	out := section{}
	over := plot.Chart{Title: "Memory: accuracy over length", X: "tokens of the document", Y: "exact match", Log: true, Max: 1, Marks: true, LegendLeft: true}
	for _, name := range lengthTasks() {
		t := f.taskOverLength(name)
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(&text, "### %s\n\n", name)
		text.WriteString(table(t.header, t.rows))
		text.WriteString(f.forms(name))
		memory := t.chart.Series[0]
		memory.Name = name
		over.Series = append(over.Series, memory)
		out.plots = append(out.plots, drawing{"length-" + name, t.chart.SVG})
	}
	if len(over.Series) > 0 {
		out.plots = append([]drawing{{"length", over.SVG}}, out.plots...)
	}
	if f.published != nil {
		text.WriteString("*Published* are the best and the median of the models measured on BABILong (its own stories and filler, the document in the prompt, models of 0.1 to some 100 billion " +
			"parameters): a reference, not a comparison of like with like.\n\n")
	}
	out.text = text.String()
	return out
}

// overLength is one task's table and chart.
type overLength struct {
	header []string
	rows   [][]string
	chart  plot.Chart
}

func (f *findings) taskOverLength(name string) overLength {
	ways := append([]string{Memory}, f.o.readers()...)
	reference := strings.HasPrefix(name, "babilong") && f.published != nil
	out := overLength{header: append(append([]string{"tokens"}, ways...), "no adapter", "another's adapter", "chance")}
	if reference {
		out.header = append(out.header, "published best", "published median")
	}
	series := make([]plot.Series, len(ways))
	for i, w := range ways {
		series[i].Name = w
	}
	chance, median := plot.Series{Name: "chance", Dashed: true}, plot.Series{Name: "published, median", Dashed: true}
	for _, tokens := range f.o.Scale.lengths {
		row := []string{plot.Binary(tokens)}
		measured := false
		for i, w := range ways {
			c := f.o.Scale.accuracy(name, tokens)
			c.Way = w
			s := f.scores(c)
			row = append(row, s.percent())
			if s != nil {
				measured = true
				series[i].Points = append(series[i].Points, point(float64(tokens), s.Tally))
			}
		}
		if !measured {
			continue
		}
		if s := f.scores(f.o.Scale.accuracy(name, tokens)); s != nil {
			row = append(row, percent(s.None), percent(s.Wrong), fmt.Sprintf("%.1f", 100*s.Chance))
			chance.Points = append(chance.Points, plot.Point{X: float64(tokens), Y: s.Chance})
		} else {
			row = append(row, notMeasured, notMeasured, notMeasured)
		}
		if reference {
			r, ok := f.published[place{name, tokens}]
			if ok {
				row = append(row, fmt.Sprintf("%.1f (%s)", 100*r.Best, r.By), fmt.Sprintf("%.1f (%d models)", 100*r.Median, r.Models))
				median.Points = append(median.Points, plot.Point{X: float64(tokens), Y: r.Median})
			} else {
				row = append(row, notMeasured, notMeasured)
			}
		}
		out.rows = append(out.rows, row)
	}
	series = append(series, chance)
	if reference {
		series = append(series, median)
	}
	out.chart = plot.Chart{Title: name, X: "tokens of the document", Y: "exact match", Log: true, Max: 1, Marks: true, LegendLeft: true, Series: series}
	return out
}

// forms tables the memory's accuracy by kind of question, where a task has few kinds.
func (f *findings) forms(name string) string {
	var kinds []string
	var rows [][]string
	for _, tokens := range f.o.Scale.lengths {
		s := f.scores(f.o.Scale.accuracy(name, tokens))
		if s == nil || len(s.Forms) == 0 {
			continue
		}
		for k := range maps.Keys(s.Forms) {
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	slices.Sort(kinds)
	for _, tokens := range f.o.Scale.lengths {
		if s := f.scores(f.o.Scale.accuracy(name, tokens)); s != nil && len(s.Forms) > 0 {
			row := []string{plot.Binary(tokens)}
			for _, k := range kinds {
				t := s.Forms[k]
				row = append(row, percent(&t))
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return ""
	}
	return table(append([]string{"memory, tokens"}, kinds...), rows)
}

// percent writes the share of right answers, a dash where there are no scores.
func (s *Scores) percent() string {
	if s == nil {
		return notMeasured
	}
	return percent(&s.Tally)
}

// point is a share with its interval.
func point(x float64, t Tally) plot.Point {
	low, high := t.Wilson()
	return plot.Point{X: x, Y: t.Share(), Low: min(low, t.Share()), High: max(high, t.Share())}
}
