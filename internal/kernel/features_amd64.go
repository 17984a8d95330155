package kernel

import "golang.org/x/sys/cpu"

func detect() level {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512BW && x.HasAVX512DQ && x.HasFMA && x.HasAVX2:
		return levelAVX512
	case x.HasAVX2 && x.HasFMA:
		return levelAVX2
	default:
		return levelScalar
	}
}
