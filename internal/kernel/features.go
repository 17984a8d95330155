package kernel

import (
	"os"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

//go:generate go run ./gen

// level orders the instruction sets; a higher one includes the lower ones.
type level int

const (
	levelScalar level = iota
	levelNEON         // of arm64; matrix products only
	levelAVX2         // and FMA
	levelAVX512       // F, VL, BW and DQ
	levelVNNI         // products of bytes
	levelBF16         // products of bfloat16
	levelAMX          // products of tiles of them
)

var levelNames = [...]string{"scalar", "neon", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"}

func (l level) String() string { return levelNames[l] }

// active is the instruction set in use. It is written at start-up and by tests
// only, so kernels read it without a lock.
var active, errISA = pickLevel(detect(), os.Getenv("PERK_ISA"))

// pickLevel lowers what the CPU has, best first, to what the environment asks for. A wish
// that cannot be met leaves the best, and is an error.
func pickLevel(have []level, want string) (level, error) {
	if want == "" {
		return have[0], nil
	}
	var names []string
	for _, l := range have {
		if l.String() == want {
			return l, nil
		}
		names = append(names, l.String())
	}
	cause := "there is no instruction set %q"
	if slices.Contains(levelNames[:], want) {
		cause = "this CPU lacks the instruction set %q"
	}
	return have[0], perk.Errorf(perk.EInvalid, "kernel", "PERK_ISA: "+cause, want).WithHint("unset it, or use one of %s", strings.Join(names, ", "))
}

// Features names the instruction set in use: "scalar"; on amd64 "avx2", "avx512",
// "avx512vnni", "avx512bf16" or "amx"; on arm64 "neon". The environment variable PERK_ISA, read once at
// start-up, lowers it.
func Features() string { return active.String() }

// HasBF16 tells whether the instruction set in use multiplies bfloat16 itself.
func HasBF16() bool { return active >= levelBF16 }

// CheckISA reports an EInvalid error when PERK_ISA names an instruction set that
// this CPU does not have; the best one is in use then.
func CheckISA() error { return errISA }
