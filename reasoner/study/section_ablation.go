package study

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/plot"
)

// ablation compares short trainings that differ in one thing.
func (f *findings) ablation() section {
	var text strings.Builder
	text.WriteString("## Ablations\n\nEach row is a model of its own, trained with the same seed, corpus and 1,000 outer steps on QA1, QA2 and student recall of at most 512 tokens, " +
		"by the configurations in [../training/ablations](../training/ablations). They are far from trained to the end: compare them with their reference, not with the shipped model.\n\n")
	out := section{}
	names, of := groups()
	for _, g := range names {
		header := []string{"what differs"}
		columns := f.variedColumns(&header)
		header = append(header, "bytes of an adapter")
		chart := plot.Bars{Title: "Ablations of " + g, Y: "exact match", Max: 1}
		for _, c := range columns {
			chart.Groups = append(chart.Groups, plot.Group{Name: c.String()})
		}
		var rows [][]string
		for _, a := range of[g] {
			row, size := []string{a.what}, notMeasured
			var points []plot.Point
			for _, c := range columns {
				c.Variant = a.name
				s := f.scores(c)
				row = append(row, s.percent())
				if s != nil {
					size = bytesText(s.AdapterBytes)
					points = append(points, point(0, s.Tally))
				}
			}
			if len(points) == 0 {
				continue
			}
			rows = append(rows, append(row, size))
			if len(points) < len(columns) {
				continue
			}
			chart.Labels = append(chart.Labels, a.label)
			for i, p := range points {
				chart.Groups[i].Values = append(chart.Groups[i].Values, p)
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&text, "### %s\n\n", g)
		text.WriteString(table(header, rows))
		if len(chart.Labels) > 0 {
			out.plots = append(out.plots, drawing{"ablation-" + g, chart.SVG})
		}
		out.text = text.String()
	}
	return out
}
