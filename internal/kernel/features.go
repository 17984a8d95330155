package kernel

import (
	"os"
	"strings"

	"github.com/perkdb/perk"
)

//go:generate go run ./gen

// level orders the instruction sets; a higher one includes the lower ones.
type level int

const (
	levelScalar level = iota
	levelAVX2         // and FMA
	levelAVX512       // F, VL, BW and DQ
	levelVNNI         // products of bytes
	levelBF16         // products of bfloat16
)

var levelNames = [...]string{"scalar", "avx2", "avx512", "avx512vnni", "avx512bf16"}

func (l level) String() string { return levelNames[l] }

// active is the instruction set in use. It is written at start-up and by tests
// only, so kernels read it without a lock.
var active, errISA = pickLevel(detect(), os.Getenv("PERK_ISA"))

// pickLevel lowers what the CPU has to what the environment asks for. A wish that
// cannot be met leaves what the CPU has, and is an error.
func pickLevel(have level, want string) (level, error) {
	if want == "" {
		return have, nil
	}
	for l, name := range levelNames[:have+1] {
		if name == want {
			return level(l), nil
		}
	}
	cause := "there is no instruction set %q"
	for _, name := range levelNames[have+1:] {
		if name == want {
			cause = "this CPU lacks the instruction set %q"
		}
	}
	return have, perk.Errorf(perk.EInvalid, "kernel", "PERK_ISA: "+cause, want).
		WithHint("unset it, or use one of %s", strings.Join(levelNames[:have+1], ", "))
}

// Features names the instruction set in use: "scalar", "avx2", "avx512",
// "avx512vnni" or "avx512bf16". The environment variable PERK_ISA, read once at
// start-up, lowers it.
func Features() string { return active.String() }

// HasBF16 tells whether the instruction set in use multiplies bfloat16 itself.
func HasBF16() bool { return active >= levelBF16 }

// CheckISA reports an EInvalid error when PERK_ISA names an instruction set that
// this CPU does not have; the best one is in use then.
func CheckISA() error { return errISA }
