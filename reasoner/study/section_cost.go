package study

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/plot"
)

// cost is what memory, whole prompt and retrieval cost over the length of the document.
func (f *findings) cost() section {
	curves := []struct {
		name   string
		figure func(c *Costs) float64
		series plot.Series
	}{
		{name: "memory: write", figure: func(c *Costs) float64 { return c.Encode.Seconds }},
		{name: "memory: ask", figure: func(c *Costs) float64 { return c.Ask.Seconds }},
		{name: "prompt: ask", figure: func(c *Costs) float64 { return c.Prompt.Seconds }},
		{name: "retrieval: index", figure: func(c *Costs) float64 { return c.Index.Seconds }},
		{name: "retrieval: ask", figure: func(c *Costs) float64 { return c.Search.Seconds }},
	}
	var seconds, space [][]string
	for _, cell := range f.study(Costing) {
		c := f.cells[cell].Costs
		if c == nil {
			continue
		}
		prompt, search := c.CheapestFrom()
		length := plot.Binary(cell.Tokens)
		row := []string{length}
		for i := range curves {
			v := curves[i].figure(c)
			row = append(row, secondsText(v))
			curves[i].series.Points = append(curves[i].series.Points, plot.Point{X: float64(cell.Tokens), Y: v})
		}
		seconds = append(seconds, append(row, from(prompt), from(search)))
		space = append(space, []string{length, bytesText(c.AdapterBytes), bytesText(c.TextBytes), bytesText(c.CacheBytes),
			bytesText(c.Encode.Peak), bytesText(c.Ask.Peak), bytesText(c.Prompt.Peak), bytesText(c.Index.Peak), bytesText(c.Search.Peak)})
	}
	if len(seconds) == 0 {
		return section{}
	}
	chart := plot.Chart{Title: "Seconds over length, one thread", X: "tokens of the document", Y: "seconds", Log: true, LogY: true, Marks: true, LegendTop: true, LegendLeft: true}
	header := []string{"tokens"}
	for _, c := range curves {
		header = append(header, c.name)
		c.series.Name = c.name
		chart.Series = append(chart.Series, c.series)
	}
	header = append(header, "cheaper than the prompt from", "cheaper than retrieval from")
	var text strings.Builder
	fmt.Fprintf(&text, "## Cost over length\n\nThe same base model, document and question on one thread; the ways take turns, medians of at least %d. All answers have as many tokens as the memory's. "+
		"*Prompt* reads the whole document for every question; *retrieval* (BM25) reads %d passages of at most a chunk. The last columns are the number of questions about one document from which on the memory takes "+
		"less time in all, writing included.\n\n", f.o.Scale.repeats, costPassages)
	text.WriteString(table(header, seconds))
	text.WriteString("Bytes kept, and by how much the heap grew at most (sampled, garbage not yet collected included). *Keys and values* are what the prompt would have to keep to spare reading the document again.\n\n")
	text.WriteString(table([]string{"tokens", "adapter", "text", "keys and values", "memory: write, peak", "memory: ask, peak", "prompt: ask, peak", "retrieval: index, peak", "retrieval: ask, peak"}, space))
	return section{text.String(), []drawing{{"cost", chart.SVG}}}
}

// from names a number of questions.
func from(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "1 question"
	}
	return fmt.Sprintf("%d questions", n)
}
