//go:build !unix

package main

import (
	"runtime"
	"time"
)

var started = time.Now()

// cpuTime is the time since the program began: the nearest thing where there is no getrusage.
func cpuTime() time.Duration { return time.Since(started) }

// peakMemory is the memory that the Go runtime took from the system, in bytes: the nearest thing where there is no getrusage.
func peakMemory() int64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.Sys)
}
