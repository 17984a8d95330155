package meta

import (
	"maps"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/perkdb/perk"
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
		p := plot.New()
		p.X.Label.Text, p.Y.Label.Text = "outer step", y
		byName := map[string]plotter.XYs{}
		for _, l := range lines {
			for k, v := range f(l) {
				byName[k] = append(byName[k], plotter.XY{X: float64(l.Step), Y: v})
			}
		}
		var args []any
		for _, k := range slices.Sorted(maps.Keys(byName)) {
			args = append(args, k, byName[k])
		}
		if err := plotutil.AddLines(p, args...); err != nil {
			return perk.E(perk.EInternal, "meta.Plot", err)
		}
		p.Legend.Top = name == "loss"
		if err := p.Save(16*vg.Centimeter, 9*vg.Centimeter, filepath.Join(dir, name+".svg")); err != nil {
			return perk.E(perk.EInternal, "meta.Plot", err)
		}
		return nil
	}
	if err := curve("loss", "outer loss (nats a token)", func(l Line) map[string]float64 { return map[string]float64{"loss": l.Loss} }); err != nil {
		return err
	}
	return curve("accuracy", "questions answered (training documents)", func(l Line) map[string]float64 { return l.ByTask })
}
