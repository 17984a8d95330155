package study

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/plot"
)

// position is accuracy over the place of the fact.
func (f *findings) position() section {
	header := []string{"part of the document"}
	sizes := f.o.Scale.positionSize
	chart := plot.Chart{Title: "QA1: accuracy over the place of the fact", X: "share of the document before the fact", Y: "exact match", Max: 1, Marks: true, LegendLeft: true}
	for _, tokens := range sizes {
		name := fmt.Sprintf("%s tokens", plot.Binary(tokens))
		header = append(header, name)
		chart.Series = append(chart.Series, plot.Series{Name: name})
	}
	low, high := make([]float64, len(sizes)), make([]float64, len(sizes))
	var rows [][]string
	for bin := 1; bin <= Bins; bin++ {
		row := []string{fmt.Sprintf("%d–%d%%", 100*(bin-1)/Bins, 100*bin/Bins)}
		measured := false
		for i, tokens := range sizes {
			c := f.o.Scale.accuracy("babilong-qa1", tokens)
			c.Bin = bin
			s := f.scores(c)
			row = append(row, s.percent())
			if s == nil {
				continue
			}
			if p := chart.Series[i].Points; len(p) == 0 {
				low[i], high[i] = s.Share(), s.Share()
			}
			low[i], high[i] = min(low[i], s.Share()), max(high[i], s.Share())
			chart.Series[i].Points = append(chart.Series[i].Points, point((float64(bin)-0.5)/Bins, s.Tally))
			measured = true
		}
		if measured {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return section{}
	}
	row := []string{"largest difference"}
	for i := range sizes {
		if len(chart.Series[i].Points) < 2 {
			row = append(row, notMeasured)
			continue
		}
		row = append(row, fmt.Sprintf("%.1f points", 100*(high[i]-low[i])))
	}
	var text strings.Builder
	text.WriteString("## Accuracy over the place of the fact\n\nQA1, one tenth of the document after the other; the fact asked for begins in it. The model was trained on facts anywhere.\n\n")
	text.WriteString(table(header, append(rows, row)))
	return section{text.String(), []drawing{{"position", chart.SVG}}}
}

// similarity is accuracy over the share of keys that are nearly another's.
func (f *findings) similarity() section {
	header := []string{"records with a similar key"}
	chart := plot.Chart{Title: "Accuracy over similar keys, " + plot.Binary(similarTokens) + " tokens", X: "share of records whose key differs from another's in one character", Y: "exact match",
		Max: 1, Marks: true, LegendLeft: true}
	for _, name := range similarTasks() {
		header = append(header, name)
		chart.Series = append(chart.Series, plot.Series{Name: name})
	}
	var rows [][]string
	for _, share := range similarShares() {
		row := []string{fmt.Sprintf("%d%%", share)}
		measured := false
		for i, name := range similarTasks() {
			c := f.o.Scale.accuracy(name, similarTokens)
			c.Similar = share
			s := f.scores(c)
			row = append(row, s.percent())
			if s != nil {
				measured = true
				chart.Series[i].Points = append(chart.Series[i].Points, point(float64(share)/100, s.Tally))
			}
		}
		if measured {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return section{}
	}
	text := fmt.Sprintf("## Accuracy over similar keys\n\nDocuments of %s tokens. A similar key differs from another record's in one character.\n\n", plot.Binary(similarTokens)) + table(header, rows)
	return section{text, []drawing{{"similarity", chart.SVG}}}
}
