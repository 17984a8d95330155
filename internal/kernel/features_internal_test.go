package kernel

import (
	"strings"
	"testing"

	"github.com/perkdb/perk"
)

func TestPickLevelOnlyLowers(t *testing.T) {
	all := []level{levelAMX, levelBF16, levelVNNI, levelAVX512, levelAVX2, levelScalar}
	arm := []level{levelNEON, levelScalar}
	for _, c := range []struct {
		have  []level
		want  string
		get   level
		cause string // of the error; none when empty
	}{
		{all, "", levelAMX, ""},
		{all[1:], "", levelBF16, ""},
		{all, "avx2", levelAVX2, ""},
		{all, "scalar", levelScalar, ""},
		{all, "avx512bf16", levelBF16, ""},
		{all[1:], "amx", levelBF16, `lacks the instruction set "amx" (unset it, or use one of avx512bf16,`},
		{all, "sse9", levelAMX, `no instruction set "sse9"`},
		{all, "AVX2", levelAMX, `no instruction set "AVX2"`},
		{all[4:], "avx512", levelAVX2, `lacks the instruction set "avx512" (unset it, or use one of avx2, scalar)`},
		{arm, "", levelNEON, ""},
		{arm, "avx2", levelNEON, `lacks the instruction set "avx2" (unset it, or use one of neon, scalar)`},
		{all[5:], "avx2", levelScalar, `lacks the instruction set "avx2" (unset it, or use one of scalar)`},
	} {
		got, err := pickLevel(c.have, c.want)
		if got != c.get {
			t.Errorf("pickLevel(%v, %q) = %v, want %v", c.have, c.want, got, c.get)
		}
		if c.cause == "" && err == nil {
			continue
		}
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("pickLevel(%v, %q): %v, want an invalid request: %s", c.have, c.want, err, c.cause)
		}
	}
	if Features() != active.String() {
		t.Errorf("Features() = %q", Features())
	}
}
