package kernel

import "testing"

func TestPickLevelOnlyLowers(t *testing.T) {
	for _, c := range []struct {
		have level
		want string
		get  level
	}{
		{levelAVX512, "", levelAVX512},
		{levelAVX512, "avx2", levelAVX2},
		{levelAVX512, "scalar", levelScalar},
		{levelAVX512, "avx512", levelAVX512},
		{levelAVX512, "sse9", levelAVX512},
		{levelAVX2, "avx512", levelAVX2},
		{levelScalar, "avx2", levelScalar},
	} {
		if got := pickLevel(c.have, c.want); got != c.get {
			t.Errorf("pickLevel(%v, %q) = %v, want %v", c.have, c.want, got, c.get)
		}
	}
	if Features() != active.String() {
		t.Errorf("Features() = %q", Features())
	}
}
