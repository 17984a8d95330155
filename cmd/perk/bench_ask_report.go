package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/plot"
)

func (r *askReport) print(w io.Writer) error {
	r.machine.print(w)
	for _, l := range r.Lengths {
		fmt.Fprintf(w, "document of %6d tokens: question to answer of %d tokens %.2f ms (p50), %.2f ms (p99)\n", l.Document, l.Answer, l.P50, l.P99)
	}
	fmt.Fprintf(w, "through the plugin process: %.2f ms (p50), %.2f ms (p99)\n", r.Plugin.P50, r.Plugin.P99)
	for _, l := range r.Loads {
		fmt.Fprintf(w, "%d clients: %.0f questions/s on one adapter, %.0f on adapters of their own (%.2f)\n", l.Clients, l.Same, l.Apart, l.Ratio)
	}
	for _, s := range r.Stores {
		if _, err := fmt.Fprintf(w, "%d adapters stored: first question %.2f ms (p50), %.2f ms (p99); again %.2f, %.2f; extra %.2f ms (median)\n",
			s.Stored, s.Cold.P50, s.Cold.P99, s.Warm.P50, s.Warm.P99, s.Extra); err != nil {
			return err
		}
	}
	return nil
}

// plot draws the report. Errors: EDenied, EInvalid (nothing to draw).
func (r *askReport) plot(dir string) error {
	point := func(x int, y float64) plot.Point { return plot.Point{X: float64(x), Y: y, Low: y, High: y} }
	length := plot.Series{Name: "p50"}
	for _, l := range r.Lengths {
		length.Points = append(length.Points, point(l.Document, l.P50))
	}
	apart, same := plot.Series{Name: "adapters of their own"}, plot.Series{Name: "one adapter"}
	for _, l := range r.Loads {
		apart.Points, same.Points = append(apart.Points, point(l.Clients, l.Apart)), append(same.Points, point(l.Clients, l.Same))
	}
	cold, warm := plot.Series{Name: "first question, p50"}, plot.Series{Name: "again, p50"}
	for _, s := range r.Stores {
		cold.Points, warm.Points = append(cold.Points, point(s.Stored, s.Cold.P50)), append(warm.Points, point(s.Stored, s.Warm.P50))
	}
	for name, c := range map[string]plot.Chart{
		"answer-length.svg":  {Title: "An answer of 10 tokens", X: "document tokens", Y: "ms", Log: true, Series: []plot.Series{length}},
		"answer-clients.svg": {Title: "Answers of many clients", X: "clients", Y: "questions a second", Log: true, Series: []plot.Series{apart, same}},
		"answer-stored.svg":  {Title: "Adapters at rest", X: "adapters stored", Y: "ms", Log: true, Series: []plot.Series{cold, warm}},
	} {
		svg, err := c.SVG()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return perk.E(perk.EDenied, "bench", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), svg, 0o644); err != nil {
			return perk.E(perk.EDenied, "bench", err)
		}
	}
	return nil
}
