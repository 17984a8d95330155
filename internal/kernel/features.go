package kernel

import "os"

//go:generate go run ./gen

// level orders the instruction sets; a higher one includes the lower ones.
type level int

const (
	levelScalar level = iota
	levelAVX2
	levelAVX512
)

func (l level) String() string {
	switch l {
	case levelAVX512:
		return "avx512"
	case levelAVX2:
		return "avx2"
	default:
		return "scalar"
	}
}

// active is the instruction set in use. It is written at start-up and by tests
// only, so kernels read it without a lock.
var active = pickLevel(detect(), os.Getenv("PERK_KERNEL"))

// pickLevel lowers what the CPU has to what the environment asks for; it never
// raises it, and it ignores names that it does not know.
func pickLevel(have level, want string) level {
	for l := levelScalar; l < have; l++ {
		if l.String() == want {
			return l
		}
	}
	return have
}

// Features names the instruction set in use: "avx512", "avx2" or "scalar".
// The environment variable PERK_KERNEL, read once at start-up, lowers it.
func Features() string { return active.String() }
