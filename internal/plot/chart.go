package plot

import (
	"bytes"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/perkdb/perk"
)

// Size of a drawing.
const (
	width  = 16 * vg.Centimeter
	height = 9 * vg.Centimeter

	legendPadding = vg.Length(2) // between two lines
)

// Point is one value of a series with the ends of its interval; Low == High draws no error bar.
type Point struct {
	X, Y      float64
	Low, High float64
}

// Series is one named curve.
type Series struct {
	Name   string
	Points []Point // in rising order of X
	Dashed bool    // for a reference that was not measured here
	Loose  bool    // marks without a line between them
}

// Chart is a line chart.
type Chart struct {
	Title, X, Y string
	Series      []Series
	Log         bool    // logarithmic X, whose ticks are the powers of two; X must be positive
	LogY        bool    // logarithmic Y; Y must be positive
	Max         float64 // top of the Y axis, which then starts at 0; 0: both as the values have it
	Marks       bool    // a mark at every point
	LegendTop   bool    // the legend stands at the bottom right else
	LegendLeft  bool
}

// SVG draws the chart. Errors: EInvalid (a value that is not finite, or not positive on a logarithmic axis; no points at all).
func (c Chart) SVG() ([]byte, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = c.LegendTop, c.LegendLeft, legendPadding
	points := 0
	for i, s := range c.Series {
		if err := c.check(s); err != nil {
			return nil, err
		}
		points += len(s.Points)
		if len(s.Points) > 0 {
			if err := c.add(p, i, s); err != nil {
				return nil, err
			}
		}
	}
	if points == 0 {
		return nil, perk.Errorf(perk.EInvalid, "plot.Chart", "%q has no points", c.Title)
	}
	if c.Log {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, powersOfTwo{}
		if p.X.Min == p.X.Max {
			p.X.Min, p.X.Max = p.X.Min/2, p.X.Max*2
		}
	}
	if c.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{}
		if p.Y.Min == p.Y.Max {
			p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
		}
	}
	if c.Max > 0 {
		p.Y.Min, p.Y.Max = 0, c.Max
	}
	return render(p)
}

// check refuses values that the library would panic at.
func (c Chart) check(s Series) error {
	for _, q := range s.Points {
		for _, v := range []float64{q.X, q.Y, q.Low, q.High} {
			if v-v != 0 {
				return perk.Errorf(perk.EInvalid, "plot.Chart", "%q has the point %+v", s.Name, q)
			}
		}
		if c.Log && q.X <= 0 || c.LogY && (q.Y <= 0 || q.Low < q.High && q.Low <= 0) {
			return perk.Errorf(perk.EInvalid, "plot.Chart", "%q has the point %+v on a logarithmic axis", s.Name, q)
		}
	}
	return nil
}

func (c Chart) add(p *plot.Plot, i int, s Series) error {
	line, marks, err := plotter.NewLinePoints(ends(s.Points))
	if err != nil {
		return perk.E(perk.EInvalid, "plot.Chart", err)
	}
	line.Color, marks.Color, marks.Shape = plotutil.Color(i), plotutil.Color(i), draw.CircleGlyph{}
	marks.Radius = vg.Points(2)
	if s.Dashed {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	if !s.Loose {
		p.Add(line)
	}
	if c.Marks || s.Loose {
		p.Add(marks)
		bars, err := plotter.NewYErrorBars(ends(s.Points))
		if err != nil {
			return perk.E(perk.EInvalid, "plot.Chart", err)
		}
		bars.Color = plotutil.Color(i)
		p.Add(bars)
	}
	if s.Loose {
		p.Legend.Add(s.Name, marks)
		return nil
	}
	p.Legend.Add(s.Name, line)
	return nil
}

// ends are points as the library reads them.
type ends []Point

func (e ends) Len() int                    { return len(e) }
func (e ends) XY(i int) (float64, float64) { return e[i].X, e[i].Y }

// YError gives the distances from the value to the ends of its interval.
func (e ends) YError(i int) (float64, float64) {
	if e[i].Low >= e[i].High {
		return 0, 0
	}
	return e[i].Y - e[i].Low, e[i].High - e[i].Y
}

// powersOfTwo marks an axis: 0.5, 1, 512, 1K, 2K.
type powersOfTwo struct{}

func (powersOfTwo) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for v := math.Exp2(math.Ceil(math.Log2(low))); v <= high; v *= 2 {
		label := Binary(int(v))
		if v < 1 {
			label = strconv.FormatFloat(v, 'g', -1, 64)
		}
		out = append(out, plot.Tick{Value: v, Label: label})
	}
	return out
}

// Binary writes a count in units of 1024 where it is a multiple of it: 512, 1K, 128K.
func Binary(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "K"
	}
	return strconv.Itoa(n)
}

func render(p *plot.Plot) ([]byte, error) {
	w, err := p.WriterTo(width, height, "svg")
	if err != nil {
		return nil, perk.E(perk.EInternal, "plot", err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, perk.E(perk.EInternal, "plot", err)
	}
	return b.Bytes(), nil
}
