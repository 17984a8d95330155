package main

// floats is the loop of split and absMax over the floats at SI, a vector in register 0 at a time; the last one is masked.
func (g *narrow) floats(wide bool, body func()) {
	v, lanes := "Y", 8
	if wide {
		v, lanes = "Z", 16
	}
	g.line("SUBQ $%d, CX", lanes)
	g.line("JLT tail")
	g.WriteString("\nloop:\n")
	g.line("VMOVUPS (SI), %s0", v)
	body()
	g.line("ADDQ $%d, SI", 4*lanes)
	g.line("ADDQ $32, DI")
	g.line("SUBQ $%d, CX", lanes)
	g.line("JGE loop")
	g.WriteString("\ntail:\n")
	g.line("ADDQ $%d, CX", lanes)
	g.line("JEQ done")
	if wide {
		g.line("MOVL $1, R10")
		g.line("SHLL CX, R10")
		g.line("DECL R10")
		g.line("KMOVW R10, K1")
		g.line("VMOVUPS.Z (SI), K1, Z0")
	} else {
		g.line("LEAQ lanes<>+32(SB), R10")
		g.line("SHLQ $2, CX")
		g.line("SUBQ CX, R10")
		g.line("VMOVUPS (R10), Y15")
		g.line("VMASKMOVPS (SI), Y15, Y0")
	}
	body()
	g.WriteString("\ndone:\n")
}

// fold reduces the lanes of register r to the first by op.
func (g *narrow) fold(wide bool, op string, r int) {
	if wide {
		g.line("VEXTRACTI64X4 $1, Z%d, Y0", r)
		g.line("%s Y0, Y%d, Y%d", op, r, r)
	}
	g.line("VEXTRACTI128 $1, Y%d, X0", r)
	g.line("%s X0, X%d, X%d", op, r, r)
	g.line("VPSHUFD $0x4e, X%d, X0", r)
	g.line("%s X0, X%d, X%d", op, r, r)
	g.line("VPSHUFD $0xb1, X%d, X0", r)
	g.line("%s X0, X%d, X%d", op, r, r)
}

// split emits the kernels for the largest magnitude of floats, and for turning them into two signed bytes each, words on AVX2.
func (g *narrow) split(wide bool) {
	v, width, and, xor := "Y", "256", "VPAND", "VPXOR"
	if wide {
		v, width, and, xor = "Z", "512", "VPANDD", "VPXORD"
	}
	g.text("absMax"+width, "x *float32, n int) uint32")
	g.WriteString("20\n")
	g.line("MOVQ x+0(FP), SI")
	g.line("MOVQ n+8(FP), CX")
	g.line("VPBROADCASTD magnitude<>(SB), %s4", v)
	g.line("%s %s5, %s5, %s5", xor, v, v, v)
	g.floats(wide, func() {
		g.line("%s %s4, %s0, %s0", and, v, v, v)
		g.line("VPMAXSD %s0, %s5, %s5", v, v, v)
	})
	g.fold(wide, "VPMAXSD", 5)
	g.line("VMOVSS X5, ret+16(FP)")
	g.line("VZEROUPPER")
	g.line("RET")

	g.text("split"+width, "dst *byte, x *float32, n int, inv float32) (high, low int32)")
	g.WriteString("40\n")
	g.line("MOVQ dst+0(FP), DI")
	g.line("MOVQ x+8(FP), SI")
	g.line("MOVQ n+16(FP), CX")
	g.line("VBROADCASTSS inv+24(FP), %s4", v)
	g.line("VPBROADCASTD round8<>(SB), %s5", v)
	g.line("%s %s6, %s6, %s6", xor, v, v, v)
	g.line("%s %s7, %s7, %s7", xor, v, v, v)
	g.floats(wide, func() {
		g.line("VMULPS %s4, %s0, %s0", v, v, v)
		g.line("VCVTPS2DQ %s0, %s0", v, v)
		g.line("VPADDD %s5, %s0, %s1", v, v, v)
		g.line("VPSRAD $8, %s1, %s1", v, v)
		g.line("VPSLLD $8, %s1, %s2", v, v)
		g.line("VPSUBD %s2, %s0, %s0", v, v, v)
		g.line("VPADDD %s1, %s6, %s6", v, v, v)
		g.line("VPADDD %s0, %s7, %s7", v, v, v)
		if !wide {
			g.line("VPACKSSDW Y0, Y1, Y0")
			g.line("VMOVDQU Y0, (DI)")
			return
		}
		g.line("VPMOVDB Z1, X1")
		g.line("VPMOVDB Z0, X0")
		g.line("VPUNPCKLDQ X0, X1, X2")
		g.line("VPUNPCKHDQ X0, X1, X3")
		g.line("VMOVDQU X2, (DI)")
		g.line("VMOVDQU X3, 16(DI)")
	})
	g.fold(wide, "VPADDD", 6)
	g.fold(wide, "VPADDD", 7)
	g.line("VMOVSS X6, high+32(FP)")
	g.line("VMOVSS X7, low+36(FP)")
	g.line("VZEROUPPER")
	g.line("RET")
}
