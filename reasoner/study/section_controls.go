package study

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/plot"
)

// controls is what a confidence is worth. The controls without an adapter, with another's, and chance stand beside every accuracy over length.
func (f *findings) controls() section {
	cells := f.study(Controls)
	if len(cells) == 0 || f.cells[cells[0]].Trust == nil {
		return section{}
	}
	t := f.cells[cells[0]].Trust
	var rows [][]string
	for _, r := range t.Rows {
		rows = append(rows, []string{r.Task, percent(tally(r.EM, r.Own)), percent(tally(r.Refused, r.Foreign)), fmt.Sprintf("%.1f", 100*r.Kept), fmt.Sprintf("%.1f", 100*r.Balanced),
			fmt.Sprintf("%.3f", r.Quality.AURC), fmt.Sprintf("%.3f", r.Quality.EAURC), fmt.Sprintf("%.3f", r.Quality.ECE)})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "## Confidence, and questions about other documents\n\nEach document of 256 to %s tokens is asked as many questions about other documents as about itself; any answer to the former is wrong. "+
		"*AURC* is the area under the risk-coverage curve over all these questions, *E-AURC* what of it a perfect order of confidences would spare, *ECE* the expected calibration error. ",
		plot.Binary(cells[0].Tokens))
	if !t.Calibrated {
		text.WriteString("The recipe has no calibration. ")
	}
	text.WriteString("\n\n")
	text.WriteString(table([]string{"task", "right answers", "others' questions refused", "right answers kept, %", "balanced accuracy, %", "AURC", "E-AURC", "ECE"}, rows))
	curve := plot.Series{Name: "all tasks"}
	for _, p := range t.Curve {
		curve.Points = append(curve.Points, plot.Point{X: p.Coverage, Y: p.Risk})
	}
	chart := plot.Chart{Title: "Risk over coverage", X: "share of the questions answered, by falling confidence", Y: "share of wrong answers", Max: 1, LegendTop: true, LegendLeft: true, Series: []plot.Series{curve}}
	return section{text.String(), []drawing{{"risk-coverage", chart.SVG}}}
}
