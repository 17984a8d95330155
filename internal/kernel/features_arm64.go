package kernel

// detect lists the instruction sets of this CPU, best first: every arm64 has NEON.
func detect() []level { return []level{levelNEON, levelScalar} }
