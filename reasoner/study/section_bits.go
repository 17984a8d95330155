package study

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/plot"
)

// affordable is the loss of accuracy, against exact elements, up to which a smaller adapter is the better one.
const affordable = 0.01

// bits is accuracy over the width of a stored adapter's elements.
func (f *findings) bits() section {
	header := []string{"bits", "bytes of an adapter"}
	columns := f.variedColumns(&header)
	header = append(header, "mean")
	chart := plot.Bars{Title: "Bits of a stored adapter's elements", Y: "exact match", Max: 1}
	for _, c := range columns {
		chart.Groups = append(chart.Groups, plot.Group{Name: c.String()})
	}
	var rows [][]string
	exact, smallest := 0.0, 0
	for _, bits := range f.o.Scale.widths {
		row := []string{fmt.Sprint(bits), notMeasured}
		mean, n := 0.0, 0
		for i, c := range columns {
			c.Bits = bits
			s := f.scores(c)
			row = append(row, s.percent())
			if s == nil {
				continue
			}
			row[1] = bytesText(s.AdapterBytes)
			mean, n = mean+s.Share()/float64(len(columns)), n+1
			chart.Groups[i].Values = append(chart.Groups[i].Values, point(0, s.Tally))
		}
		if n < len(columns) {
			return section{} // compared only as a whole
		}
		if bits == lora.RawBits {
			exact = mean
		}
		if exact-mean < affordable {
			smallest = bits
		}
		rows = append(rows, append(row, fmt.Sprintf("%.1f", 100*mean)))
		chart.Labels = append(chart.Labels, fmt.Sprint(bits))
	}
	var text strings.Builder
	text.WriteString("## Bytes of an adapter\n\nThe same documents and questions, with adapters stored in so many bits an element; 32 are exact ones.\n\n")
	text.WriteString(table(header, rows))
	fmt.Fprintf(&text, "The smallest width that loses less than a point of the mean: %d bits.\n\n", smallest)
	return section{text.String(), []drawing{{"bits", chart.SVG}}}
}

// variedColumns lists the places at which models are varied, as cells of the model under test, and adds their names to a header.
func (f *findings) variedColumns(header *[]string) []Cell {
	var out []Cell
	for _, tokens := range f.o.Scale.ablationSize {
		for _, name := range variedTasks() {
			c := f.o.Scale.accuracy(name, tokens)
			out = append(out, c)
			*header = append(*header, c.String())
		}
	}
	return out
}
