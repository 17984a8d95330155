package study

import (
	"fmt"
	"strings"
)

// notMeasured stands for a figure that is not there.
const notMeasured = "–"

// table writes a Markdown table with an empty line after it.
func table(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header)
	b.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String() + "\n"
}

// percent writes a share with its interval and number of questions: "98.2 (96.6–99.0; 500)".
func percent(t *Tally) string {
	if t == nil || t.N == 0 {
		return notMeasured
	}
	low, high := t.Wilson()
	return fmt.Sprintf("%.1f (%.1f–%.1f; %d)", 100*t.Share(), 100*low, 100*high, t.N)
}

// bytesText writes a size: "33.6 KB" of 1,000 bytes.
func bytesText(n int64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// secondsText writes a time to three digits: "1.42 ms", "21.3 s".
func secondsText(s float64) string {
	unit, v := "s", s
	if s < 1 {
		unit, v = "ms", 1000*s
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}
