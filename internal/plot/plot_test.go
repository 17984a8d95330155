package plot_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/plot"
)

func chart() plot.Chart {
	return plot.Chart{Title: "Accuracy", X: "tokens", Y: "exact match", Log: true, Max: 1, Marks: true, Series: []plot.Series{
		{Name: "memory & more", Points: []plot.Point{{X: 256, Y: 1, Low: 0.9, High: 1}, {X: 131072, Y: 0.7, Low: 0.6, High: 0.8}}},
		{Name: "published", Dashed: true, Points: []plot.Point{{X: 1024, Y: 0.5}}},
		{Name: "not measured"},
	}}
}

func bars() plot.Bars {
	return plot.Bars{Title: "Rank", Y: "exact match", Labels: []string{"16", "64"}, Groups: []plot.Group{
		{Name: "QA1", Values: []plot.Point{{Y: 0.5, Low: 0.4, High: 0.6}, {Y: 0.75}}},
	}}
}

func TestSVGIsXML(t *testing.T) {
	one := chart()
	one.Series = []plot.Series{{Name: "one point", Points: []plot.Point{{X: 1024, Y: 3}}}}
	one.Max, one.LogY = 0, true
	two := bars()
	two.Groups = append(two.Groups, plot.Group{Name: "QA2", Values: two.Groups[0].Values})
	for name, c := range map[string]struct {
		svg  func() ([]byte, error)
		want []string
	}{
		"chart":     {chart().SVG, []string{"Accuracy", "memory &amp; more", "published", ">1K<", ">128K<", "stroke-dasharray"}},
		"one point": {one.SVG, []string{"one point"}},
		"bars":      {bars().SVG, []string{"Rank", ">16<", ">64<"}},
		"two bars":  {two.SVG, []string{"QA1", "QA2"}},
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := c.svg()
			if err != nil {
				t.Fatal(err)
			}
			again, err := c.svg()
			if err != nil || !bytes.Equal(svg, again) {
				t.Errorf("two drawings of the same values differ, or %v", err)
			}
			elements := 0
			for d := xml.NewDecoder(bytes.NewReader(svg)); ; elements++ {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if elements < 20 {
				t.Errorf("%d elements of XML", elements)
			}
			for _, w := range c.want {
				if !strings.Contains(string(svg), w) {
					t.Errorf("%q is missing", w)
				}
			}
		})
	}
}

func TestErrors(t *testing.T) {
	broken := chart()
	broken.Series[0].Points[1].Y = math.NaN()
	zero := chart()
	zero.Series[0].Points[0].X = 0
	low := chart()
	low.LogY, low.Series[0].Points[0].Low = true, 0
	long := bars()
	long.Labels = append(long.Labels, "256")
	infinite := bars()
	infinite.Groups[0].Values[0].Y = math.Inf(1)
	for name, svg := range map[string]func() ([]byte, error){
		"not a number": broken.SVG, "zero on a logarithmic axis": zero.SVG, "interval to zero": low.SVG, "no points": plot.Chart{Title: "x"}.SVG,
		"too few values": long.SVG, "no bars": plot.Bars{}.SVG, "infinite": infinite.SVG,
	} {
		if _, err := svg(); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBinary(t *testing.T) {
	for n, want := range map[int]string{512: "512", 1000: "1000", 1024: "1K", 131072: "128K"} {
		if got := plot.Binary(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
