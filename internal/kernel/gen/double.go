package main

// double512 and double256 are the micro-kernels of float64: C += A B from a tile64 of double.go, whose fields stand where tile has them. Registers are those of
// tiles; columns are never masked.
var (
	double512 = tiles{name: "double512", v: "Z", rows: 14, b: 28}
	double256 = tiles{name: "double256", v: "Y", rows: 6, b: 12}
)

func doubleKernels(t tiles) []byte {
	g := &narrow{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	g.text(t.name, "t *tile64)")
	g.WriteString("8\n")
	t.arguments(g)
	for i := range 2 * t.rows {
		g.line("VXORPD %s%d, %s%d, %s%d", t.v, i, t.v, i, t.v, i)
	}
	t.loops(g, "rows", func(rows int) {
		for c := range 2 {
			g.line("VMOVUPD %d(DX), %s%d", c*t.bytes(), t.v, t.b+c)
		}
		for r := range rows {
			a := t.b + 2 + r%2
			g.line("VBROADCASTSD %s, %s%d", aAddr(r), t.v, a)
			for c := range 2 {
				g.line("VFMADD231PD %s%d, %s%d, %s%d", t.v, t.b+c, t.v, a, t.v, 2*r+c)
			}
		}
	})
	g.WriteString("\nstore:\n")
	for r := range t.rows {
		for c := range 2 {
			g.line("VADDPD %d(DI), %s%d, %s%d", c*t.bytes(), t.v, 2*r+c, t.v, 2*r+c)
			g.line("VMOVUPD %s%d, %d(DI)", t.v, 2*r+c, c*t.bytes())
		}
		if r < t.rows-1 {
			g.line("ADDQ SI, DI")
			g.line("CMPQ R13, $%d", r+1)
			g.line("JEQ done")
		}
	}
	g.WriteString("\ndone:\n")
	g.line("VZEROUPPER")
	g.line("RET")
	return g.Bytes()
}
