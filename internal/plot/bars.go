package plot

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/perkdb/perk"
)

// Group is one named set of bars, a value for each label of the chart. X of the points is not used.
type Group struct {
	Name   string
	Values []Point
}

// Bars is a bar chart.
type Bars struct {
	Title, Y string
	Labels   []string
	Groups   []Group
	Max      float64 // top of the Y axis; 0: as the values have it
}

// SVG draws the chart. Errors: EInvalid (no labels, a group with more or fewer values than there are labels, a value that is not finite).
func (b Bars) SVG() ([]byte, error) {
	if len(b.Labels) == 0 || len(b.Groups) == 0 {
		return nil, perk.Errorf(perk.EInvalid, "plot.Bars", "%q has no bars", b.Title)
	}
	p := plot.New()
	p.Title.Text, p.Y.Label.Text = b.Title, b.Y
	p.Legend.Top, p.Legend.Padding = true, legendPadding
	slot := width * 0.8 / vg.Length(len(b.Labels))
	thick := slot * 0.8 / vg.Length(len(b.Groups))
	for i, g := range b.Groups {
		if len(g.Values) != len(b.Labels) {
			return nil, perk.Errorf(perk.EInvalid, "plot.Bars", "%q has %d values for %d labels", g.Name, len(g.Values), len(b.Labels))
		}
		if err := (Chart{}).check(Series{Name: g.Name, Points: g.Values}); err != nil {
			return nil, err
		}
		if err := b.add(p, i, g, thick); err != nil {
			return nil, err
		}
	}
	p.NominalX(b.Labels...)
	if p.Y.Min = 0; b.Max > 0 {
		p.Y.Max = b.Max
	}
	if len(b.Groups) > 1 {
		p.Y.Max *= 1 + 0.1*float64(len(b.Groups)) // room for the legend
	}
	return render(p)
}

func (b Bars) add(p *plot.Plot, i int, g Group, thick vg.Length) error {
	values := make(plotter.Values, len(g.Values))
	marks := make(ends, len(g.Values))
	for j, v := range g.Values {
		values[j], marks[j] = v.Y, v
		marks[j].X = float64(j)
	}
	bars, err := plotter.NewBarChart(values, thick)
	if err != nil {
		return perk.E(perk.EInvalid, "plot.Bars", err)
	}
	bars.LineStyle.Width, bars.Color = 0, plotutil.Color(i)
	bars.Offset = thick * (vg.Length(i) - vg.Length(len(b.Groups)-1)/2)
	p.Add(bars)
	if len(b.Groups) > 1 {
		p.Legend.Add(g.Name, bars)
		return nil // error bars have no offset; several groups do without
	}
	errors, err := plotter.NewYErrorBars(marks)
	if err != nil {
		return perk.E(perk.EInvalid, "plot.Bars", err)
	}
	p.Add(errors)
	return nil
}
