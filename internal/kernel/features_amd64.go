package kernel

import "golang.org/x/sys/cpu"

func detect() level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return levelScalar
	case !x.HasAVX512F || !x.HasAVX512VL || !x.HasAVX512BW || !x.HasAVX512DQ:
		return levelAVX2
	case !x.HasAVX512VNNI:
		return levelAVX512
	case !x.HasAVX512BF16:
		return levelVNNI
	default:
		return levelBF16
	}
}
