package main

import (
	"bytes"
	"fmt"
)

// The kernels for weights of 8 and 16 bits read panels of 32 columns: 128 bytes hold four k of every column as bytes, or two k as
// bfloat16. Registers of all of them, as narrowArgs in narrow.go orders the arguments:
//
//	AX          rows of x; R8, R9, R10 their stride times 1, 3, 5      DX, CX  a panel and its steps
//	BX          scales of the columns       DI, SI  y and its row stride
//	R11, R12    steps, panels               R13     rows               R15     the arguments
const narrowArgs = `	MOVQ args+0(FP), R15
	MOVQ 0(R15), AX
	MOVQ 8(R15), R8
	MOVQ 16(R15), DX
	MOVQ 24(R15), BX
	MOVQ 32(R15), DI
	MOVQ 40(R15), SI
	MOVQ 48(R15), R11
	MOVQ 56(R15), R12
	MOVQ 64(R15), R13
	LEAQ (R8)(R8*2), R9
	LEAQ (R8)(R8*4), R10
`

// rowAddr addresses byte off of row r of x.
func rowAddr(off, r int) string {
	return fmt.Sprintf("%d(AX)", off) + []string{"", "(R8*1)", "(R8*2)", "(R9*1)", "(R8*4)", "(R10*1)"}[r]
}

type narrow struct{ bytes.Buffer }

func (g *narrow) line(format string, args ...any) {
	fmt.Fprintf(g, "\t"+format+"\n", args...)
}

func (g *narrow) text(name, args string) {
	fmt.Fprintf(g, "\n// func %s(%s\nTEXT ·%s(SB), NOSPLIT, $0-", name, args, name)
}

func (g *narrow) zero(kind string, registers int) {
	for i := range registers {
		if kind == "Z" {
			g.line("VPXORQ Z%d, Z%d, Z%d", i, i, i)
		} else {
			g.line("VPXOR Y%d, Y%d, Y%d", i, i, i)
		}
	}
}

// variants emits a loop over panels for each number of rows up to most, which body and tail fill: body takes one step of a panel
// from DX, tail turns sums into a row of y at R14.
func (g *narrow) variants(most int, start, body func(rows int), tail func(r, rows int)) {
	for rows := most; rows >= 1; rows-- {
		if rows > 1 {
			g.line("CMPQ R13, $%d", rows)
			g.line("JNE less%d", rows)
		}
		fmt.Fprintf(g, "\npanel%d:\n", rows)
		g.line("MOVQ R11, CX")
		start(rows)
		fmt.Fprintf(g, "\nstep%d:\n", rows)
		body(rows)
		g.line("ADDQ $256, DX")
		g.line("ADDQ $16, AX")
		g.line("DECQ CX")
		g.line("JNZ step%d", rows)
		g.line("MOVQ 0(R15), AX")
		g.line("MOVQ DI, R14")
		for r := range rows {
			tail(r, rows)
			if r < rows-1 {
				g.line("ADDQ SI, R14")
			}
		}
		g.line("ADDQ $128, DI")
		g.line("ADDQ $128, BX")
		g.line("DECQ R12")
		g.line("JNZ panel%d", rows)
		g.line("VZEROUPPER")
		g.line("RET")
		if rows > 1 {
			fmt.Fprintf(g, "\nless%d:\n", rows)
		}
	}
}

// begin512 loads arguments and masks: K1, K2 the columns to write, K3, K4 those to read, none where beta is 0, so that y may hold NaN.
func (g *narrow) begin512(name string) {
	g.text(name, "args *narrowArgs)")
	g.WriteString("8\n" + narrowArgs)
	g.line("KMOVW 76(R15), K1")
	g.line("KMOVW 78(R15), K2")
	g.line("KXORW K3, K3, K3")
	g.line("KXORW K4, K4, K4")
	g.line("MOVL 72(R15), CX")
	g.line("SHLL $1, CX // drops the sign: beta may be -0")
	g.line("JZ fresh")
	g.line("KMOVW K1, K3")
	g.line("KMOVW K2, K4")
	g.WriteString("\nfresh:\n")
}

// store512 writes y = sums + beta y for the sums in Z a and Z b; beta is in Z31.
func (g *narrow) store512(a, b int) {
	g.line("VMOVUPS.Z (R14), K3, Z29")
	g.line("VMOVUPS.Z 64(R14), K4, Z30")
	g.line("VFMADD231PS Z29, Z31, Z%d", a)
	g.line("VFMADD231PS Z30, Z31, Z%d", b)
	g.line("VMOVUPS Z%d, K1, (R14)", a)
	g.line("VMOVUPS Z%d, K2, 64(R14)", b)
}

// int8AVX512 multiplies bytes by VNNI: weights are unsigned (biased by 128), x is two signed bytes. Row r has the sums of the high bytes in
// 4r and 4r+1, of the low ones in 4r+2 and 4r+3; a single row takes the two quads of a step in sums of their own.
func (g *narrow) int8AVX512() {
	g.begin512("int8Panels512")
	g.variants(6, func(rows int) { g.zero("Z", max(8, 4*rows)) }, func(rows int) {
		for quad := range 2 {
			g.line("VMOVDQU32 %d(DX), Z26", 128*quad)
			g.line("VMOVDQU32 %d(DX), Z27", 128*quad+64)
			for r := range rows {
				sum := 4 * r
				if rows == 1 {
					sum = 4 * quad
				}
				for part := range 2 { // high, low
					g.line("VPBROADCASTD %s, Z%d", rowAddr(16+8*quad+4*part, r), 24+part)
					g.line("VPDPBUSD Z%d, Z26, Z%d", 24+part, sum+2*part)
					g.line("VPDPBUSD Z%d, Z27, Z%d", 24+part, sum+2*part+1)
				}
			}
		}
	}, func(r, rows int) {
		h, l := 4*r, 4*r+2
		if rows == 1 {
			for i := range 4 {
				g.line("VPADDD Z%d, Z%d, Z%d", 4+i, i, i)
			}
		}
		g.line("VPBROADCASTD %s, Z28", rowAddr(4, r))
		g.line("VPBROADCASTD %s, Z29", rowAddr(8, r))
		g.line("VBROADCASTSS two8<>(SB), Z30")
		for c := range 2 {
			g.line("VPSUBD Z28, Z%d, Z%d", h+c, h+c)
			g.line("VPSUBD Z29, Z%d, Z%d", l+c, l+c)
			g.line("VCVTDQ2PS Z%d, Z%d", h+c, h+c)
			g.line("VCVTDQ2PS Z%d, Z%d", l+c, l+c)
			g.line("VFMADD231PS Z30, Z%d, Z%d", h+c, l+c)
		}
		g.line("VBROADCASTSS %s, Z28", rowAddr(0, r))
		g.line("VMULPS (BX), Z28, Z29")
		g.line("VMULPS 64(BX), Z28, Z30")
		g.line("VMULPS Z29, Z%d, Z%d", l, l)
		g.line("VMULPS Z30, Z%d, Z%d", l+1, l+1)
		g.line("VBROADCASTSS 72(R15), Z31")
		g.store512(l, l+1)
	})
}

// bf16AVX512 widens weights in registers. Row r has the sums of k mod 4 = i in 8r+2i and 8r+2i+1.
func (g *narrow) bf16AVX512() {
	g.begin512("bf16Panels512")
	g.line("VPTERNLOGD $0xff, Z26, Z26, Z26")
	g.line("VPSLLD $16, Z26, Z26 // the upper halves")
	g.line("VBROADCASTSS 72(R15), Z31")
	g.variants(3, func(rows int) { g.zero("Z", 8*rows) }, func(rows int) {
		for pair := range 2 {
			g.line("VMOVDQU32 %d(DX), Z24", 128*pair)
			g.line("VMOVDQU32 %d(DX), Z25", 128*pair+64)
			g.line("VPSLLD $16, Z24, Z27")
			g.line("VPSLLD $16, Z25, Z28")
			g.line("VPANDD Z26, Z24, Z24")
			g.line("VPANDD Z26, Z25, Z25")
			for r := range rows {
				for half, w := range [2][2]int{{27, 28}, {24, 25}} {
					k := 2*pair + half
					g.line("VBROADCASTSS %s, Z29", rowAddr(4*k, r))
					g.line("VFMADD231PS Z29, Z%d, Z%d", w[0], 8*r+2*k)
					g.line("VFMADD231PS Z29, Z%d, Z%d", w[1], 8*r+2*k+1)
				}
			}
		}
	}, func(r, _ int) {
		s := 8 * r
		for i := range 4 {
			g.line("VADDPS Z%d, Z%d, Z%d", s+4+i, s+i, s+i)
		}
		g.line("VADDPS Z%d, Z%d, Z%d", s+2, s, s)
		g.line("VADDPS Z%d, Z%d, Z%d", s+3, s+1, s+1)
		g.store512(s, s+1)
	})
}

// halves256 emits an AVX2 loop over one panel, 16 columns at a time, for one row. The result goes to 32 floats at y, without beta.
func (g *narrow) halves256(name string, xBytes int, setup, body, tail func()) {
	g.text(name, "args *narrowArgs)")
	g.WriteString("8\n" + narrowArgs)
	g.line("MOVQ $2, R12")
	setup()
	g.WriteString("\nhalf:\n")
	g.line("MOVQ R11, CX")
	g.line("MOVQ DX, R14")
	g.line("MOVQ 0(R15), AX")
	g.zero("Y", 8)
	g.WriteString("\nstep:\n")
	body()
	g.line("ADDQ $256, R14")
	g.line("ADDQ $%d, AX", xBytes)
	g.line("DECQ CX")
	g.line("JNZ step")
	g.line("MOVQ 0(R15), AX")
	tail()
	g.line("ADDQ $64, DX")
	g.line("ADDQ $64, BX")
	g.line("ADDQ $64, DI")
	g.line("DECQ R12")
	g.line("JNZ half")
	g.line("VZEROUPPER")
	g.line("RET")
}

// int8AVX2: four columns a register, with two partial sums each; high bytes of x in 0..3, low ones in 4..7.
func (g *narrow) int8AVX2() {
	g.halves256("int8Panel256", 32, func() {}, func() {
		for quad := range 2 {
			g.line("VPBROADCASTQ %d(AX), Y12", 16+16*quad)
			g.line("VPBROADCASTQ %d(AX), Y13", 24+16*quad)
			for c := range 4 {
				g.line("VPMOVZXBW %d(R14), Y8", 128*quad+16*c)
				g.line("VPMADDWD Y12, Y8, Y9")
				g.line("VPMADDWD Y13, Y8, Y10")
				g.line("VPADDD Y9, Y%d, Y%d", c, c)
				g.line("VPADDD Y10, Y%d, Y%d", 4+c, 4+c)
			}
		}
	}, func() {
		for s := 0; s < 8; s += 2 {
			g.line("VPHADDD Y%d, Y%d, Y%d", s+1, s, s)
			g.line("VPERMQ $0xd8, Y%d, Y%d", s, s)
		}
		g.line("VPBROADCASTD 4(AX), Y8")
		g.line("VPBROADCASTD 8(AX), Y9")
		g.line("VBROADCASTSS two8<>(SB), Y10")
		g.line("VBROADCASTSS (AX), Y11")
		for c := range 2 {
			h, l := 2*c, 4+2*c
			g.line("VPSUBD Y8, Y%d, Y%d", h, h)
			g.line("VPSUBD Y9, Y%d, Y%d", l, l)
			g.line("VCVTDQ2PS Y%d, Y%d", h, h)
			g.line("VCVTDQ2PS Y%d, Y%d", l, l)
			g.line("VFMADD231PS Y10, Y%d, Y%d", h, l)
			g.line("VMULPS %d(BX), Y11, Y12", 32*c)
			g.line("VMULPS Y12, Y%d, Y%d", l, l)
			g.line("VMOVUPS Y%d, %d(DI)", l, 32*c)
		}
	})
}

// bf16AVX2: sums of k mod 4 = i in 2i and 2i+1.
func (g *narrow) bf16AVX2() {
	g.halves256("bf16Panel256", 16, func() {
		g.line("VPCMPEQD Y15, Y15, Y15")
		g.line("VPSLLD $16, Y15, Y15 // the upper halves")
	}, func() {
		for pair := range 2 {
			for c := range 2 {
				g.line("VMOVDQU %d(R14), Y%d", 128*pair+32*c, 8+c)
			}
			for half := range 2 {
				k := 2*pair + half
				g.line("VBROADCASTSS %d(AX), Y12", 4*k)
				for c := range 2 {
					if half == 0 {
						g.line("VPSLLD $16, Y%d, Y10", 8+c)
					} else {
						g.line("VPAND Y15, Y%d, Y10", 8+c)
					}
					g.line("VFMADD231PS Y12, Y10, Y%d", 2*k+c)
				}
			}
		}
	}, func() {
		for i := range 4 {
			g.line("VADDPS Y%d, Y%d, Y%d", 4+i, i, i)
		}
		for c := range 2 {
			g.line("VADDPS Y%d, Y%d, Y%d", 2+c, c, c)
			g.line("VMOVUPS Y%d, %d(DI)", c, 32*c)
		}
	})
}

func narrowKernels(wide bool) []byte {
	g := &narrow{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	for _, c := range []struct {
		name  string
		value uint32
		what  string
	}{{"two8", 0x43800000, "256 as a float"}, {"round8", 128, "half of a high byte"}, {"magnitude", 0x7fffffff, "all but the sign"}} {
		fmt.Fprintf(g, "\nDATA %s<>+0(SB)/4, $0x%08x // %s\nGLOBL %s<>(SB), RODATA|NOPTR, $4\n", c.name, c.value, c.what, c.name)
	}
	if wide {
		g.int8AVX512()
		g.bf16AVX512()
	} else {
		g.Write(laneMasks())
		g.int8AVX2()
		g.bf16AVX2()
	}
	g.split(wide)
	return g.Bytes()
}
