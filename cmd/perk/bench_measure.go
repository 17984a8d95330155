package main

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk/internal/kernel"
)

// bench is what benches of computing share.
type bench struct {
	threads int
	runs    int
	cpu     bool
	asJSON  bool
}

// benchFlags declares the flags that fill a bench.
func (b *bench) benchFlags(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&b.threads, "threads", runtime.GOMAXPROCS(0), "threads to measure with")
	f.IntVar(&b.runs, "runs", rounds, "measurements of which the median is told")
	f.BoolVar(&b.cpu, "cpu", false, "count the process's CPU time over --threads in place of wall time: the fair clock where other programs have a share of the cores")
	f.BoolVar(&b.asJSON, "json", false, "print JSON")
}

// check refuses wrong flags.
func (b *bench) check() error {
	if b.threads < 1 || b.runs < 1 {
		return fmt.Errorf("--threads %d and --runs %d must be positive", b.threads, b.runs)
	}
	return nil
}

// seconds measures f by the clock of the flags.
func (b *bench) seconds(f func() error) (float64, error) {
	wall, cpu := time.Now(), cpuTime()
	err := f()
	if b.cpu {
		return (cpuTime() - cpu).Seconds() / float64(b.threads), err
	}
	return time.Since(wall).Seconds(), err
}

// machine is the first line of every report.
type machine struct {
	CPU      string `json:"cpu"`
	Threads  int    `json:"threads"`
	Clock    string `json:"clock"` // wall or cpu
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (b *bench) machine() machine {
	m := machine{CPU: cpuName(), Threads: b.threads, Clock: "wall", Kernel: kernel.Features(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.cpu {
		m.Clock = "cpu"
	}
	return m
}

func (m machine) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d threads, %s time, %s kernels, %s, %s\n", m.CPU, m.Threads, m.Clock, m.Kernel, m.Go, m.Platform)
}

// writeTable writes aligned columns, the first to the left.
func writeTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		for _, cell := range row {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
