package kernel

import "testing"

// Levels lists the instruction sets that this CPU has, best first.
func Levels() []string {
	var names []string
	for l := detect(); l >= levelScalar; l-- {
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

// Peak returns the register-only loop of an instruction set and its lanes.
func Peak(name string) (run func(n int), lanes int) {
	switch name {
	case "avx512", "avx512vnni", "avx512bf16":
		return peak512, 16
	case "avx2":
		return peak256, 8
	}
	return nil, 0
}
