package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// linePeriod is the time between two lines of progress where there is no terminal.
const linePeriod = 5 * time.Second

// progress shows how far something has come: a bar on a terminal, now and then a line elsewhere. Its methods are called from one
// goroutine at a time.
type progress struct {
	w         io.Writer
	name      string
	container *mpb.Progress // nil without a terminal
	bar       *mpb.Bar
	note      atomic.Pointer[string]
	last      time.Time
}

func newProgress(w io.Writer, name string) *progress {
	p := &progress{w: w, name: name, last: time.Now()}
	p.note.Store(new(string))
	if isTerminal(w) {
		p.container = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
		p.bar = p.container.AddBar(0,
			mpb.PrependDecorators(decor.Name(name, decor.WC{C: decor.DindentRight | decor.DextraSpace}), decor.Percentage(decor.WC{W: 5})),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *p.note.Load() })))
	}
	return p
}

// set tells that done of total is reached; note says more, such as the rate.
func (p *progress) set(done, total int64, note string) {
	if p.bar != nil {
		p.note.Store(&note)
		p.bar.SetTotal(total, false)
		p.bar.SetCurrent(done)
		return
	}
	if time.Since(p.last) >= linePeriod && total > 0 {
		p.last = time.Now()
		fmt.Fprintf(p.w, "%s %3d%%  %s\n", p.name, 100*done/total, note)
	}
}

// end leaves the bar as it is, or writes the last line.
func (p *progress) end(note string) {
	if p.bar == nil {
		fmt.Fprintf(p.w, "%s done  %s\n", p.name, note)
		return
	}
	p.note.Store(&note)
	p.bar.SetTotal(-1, true)
	p.bar.Abort(false)
	p.container.Wait()
}
