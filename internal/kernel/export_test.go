package kernel

import (
	"runtime"
	"testing"
)

// Levels lists the instruction sets that this CPU has, best first.
func Levels() []string {
	var names []string
	for _, l := range detect() {
		names = append(names, l.String())
	}
	return names
}

// SetLevel makes one of Levels the active one until the test ends.
func SetLevel(tb testing.TB, name string) {
	tb.Helper()
	old := active
	active, _ = pickLevel(detect(), name)
	if active.String() != name {
		tb.Fatalf("instruction set %s is not available", name)
	}
	tb.Cleanup(func() { active = old })
}

// Peak is the register-only loop of an instruction set, and how many multiply-adds each of its twelve operations is.
type Peak struct {
	Name string
	Run  func(n int)
	Adds int
}

// Peaks lists the loops that this CPU can run.
func Peaks() []Peak {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	all := []Peak{{"avx2/f32", peak256, 8}, {"avx512/f32", peak512, 16}, {"avx512vnni/int8", peakInt8, 64}, {"avx512bf16/bf16", peakBF16, 32},
		{"amx/bf16", func(n int) { peakAMX(n, &amxShapes) }, 16 * 16 * 32}}
	return all[:len(detect())-1]
}

// RoundBF16 rounds as bfloat16 products do.
func RoundBF16(x float32) float32 { return fromBF16(bf16(x)) }
