package meta

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/plot"
)

// Plot draws the curves of a training folder's log into loss.svg and accuracy.svg beside it. Errors: EInvalid (no log, or a damaged one), EInternal.
func Plot(dir string) error {
	lines, err := readLog(filepath.Join(dir, LogFile))
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return perk.Errorf(perk.EInvalid, "meta.Plot", "%s holds no training log", dir)
	}
	curve := func(name, y string, f func(Line) map[string]float64) error {
		byName := map[string][]plot.Point{}
		for _, l := range lines {
			for k, v := range f(l) {
				byName[k] = append(byName[k], plot.Point{X: float64(l.Step), Y: v})
			}
		}
		c := plot.Chart{X: "outer step", Y: y, LegendTop: name == "loss"}
		for _, k := range slices.Sorted(maps.Keys(byName)) {
			c.Series = append(c.Series, plot.Series{Name: k, Points: byName[k]})
		}
		svg, err := c.SVG()
		if err != nil {
			return perk.E(perk.ErrorCode(err), "meta.Plot", err)
		}
		return WriteFile(filepath.Join(dir, name+".svg"), svg)
	}
	if err := curve("loss", "outer loss (nats a token)", func(l Line) map[string]float64 { return map[string]float64{"loss": l.Loss} }); err != nil {
		return err
	}
	return curve("accuracy", "questions answered (training documents)", func(l Line) map[string]float64 { return l.ByTask })
}
