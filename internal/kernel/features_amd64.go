package kernel

import "golang.org/x/sys/cpu"

// detect lists the instruction sets of this CPU, best first.
func detect() []level {
	x := &cpu.X86
	all := []level{levelAMX, levelBF16, levelVNNI, levelAVX512, levelAVX2, levelScalar}
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return all[5:]
	case !x.HasAVX512F || !x.HasAVX512VL || !x.HasAVX512BW || !x.HasAVX512DQ:
		return all[4:]
	case !x.HasAVX512VNNI:
		return all[3:]
	case !x.HasAVX512BF16:
		return all[2:]
	case !x.HasAMXTile || !x.HasAMXBF16 || !useTiles():
		return all[1:]
	default:
		return all
	}
}
