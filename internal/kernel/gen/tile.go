package main

import (
	"fmt"
	"strings"
)

// tiles describes the micro-kernels of one kind: rows by two vectors of sums, C = A B + beta C, read from a tile of gemm_block.go.
//
//	AX, BX  rows 0 and 7 of A      R8, R9, R10  row stride of A times 1, 3, 5
//	R11     k stride of A          DX, R12      B and its k stride
//	CX      k                      DI, SI       C and its row stride
//	R13     rows of the tile       R15          the tile
//	R14     what is fetched        (after C)
//
// Row r has its sums in registers 2r and 2r+1; a row of B is in b and b+1, elements of A are broadcast into b+2 and b+3.
type tiles struct {
	name   string
	v      string // Z or Y
	rows   int    // most
	b      int
	ahead  bool                                  // fetches what comes next
	masked bool                                  // columns under K1 and K2, and a loop for tiles of one vector
	mul    func(g *narrow, b, a, sum int)        // sum += a b
	bcst   func(g *narrow, addr string, sum int) // sum += b · broadcast(addr), for masked tiles of one vector
}

var (
	tile512 = tiles{name: "tile512", v: "Z", rows: 14, b: 28, masked: true, mul: fma("Z"), bcst: func(g *narrow, addr string, sum int) {
		g.line("VFMADD231PS.BCST %s, Z28, Z%d", addr, sum)
	}}
	tile256  = tiles{name: "tile256", v: "Y", rows: 6, b: 12, mul: fma("Y")}
	tileBF16 = tiles{name: "tileBF16", v: "Z", rows: 14, b: 28, ahead: true, masked: true, mul: func(g *narrow, b, a, sum int) {
		g.line("%s // VDPBF16PS Z%d, Z%d, Z%d", evex(0x52, sum, a, b), b, a, sum)
	}}
)

func fma(v string) func(g *narrow, b, a, sum int) {
	return func(g *narrow, b, a, sum int) { g.line("VFMADD231PS %s%d, %s%d, %s%d", v, b, v, a, v, sum) }
}

// evex encodes an instruction of AVX512_BF16, which Go's assembler lacks: opcode in map 0F38 with prefix F3, on 512-bit registers reg, vvvv, rm.
func evex(opcode byte, reg, vvvv, rm int) string {
	not := func(x, bit int) byte { return byte(^x >> bit & 1) }
	p0 := not(reg, 3)<<7 | not(rm, 4)<<6 | not(rm, 3)<<5 | not(reg, 4)<<4 | 2
	p1 := byte(^vvvv&15)<<3 | 1<<2 | 2
	p2 := byte(2<<5) | not(vvvv, 4)<<3
	modrm := byte(3<<6 | reg&7<<3 | rm&7)
	return encoded(0x62, p0, p1, p2, opcode, modrm)
}

// encoded writes out an instruction that Go's assembler lacks.
func encoded(code ...byte) string {
	var out []string
	for _, b := range code {
		out = append(out, fmt.Sprintf("BYTE $0x%02x", b))
	}
	return strings.Join(out, "; ")
}

// aAddr addresses the element of A in row r.
func aAddr(r int) string {
	base := "(AX)"
	if r >= 7 {
		base, r = "(BX)", r-7
	}
	return base + []string{"", "(R8*1)", "(R8*2)", "(R9*1)", "(R8*4)", "(R10*1)", "(R9*2)"}[r]
}

func (t *tiles) bytes() int {
	if t.v == "Z" {
		return 64
	}
	return 32
}

// arguments loads the registers from the tile.
func (t *tiles) arguments(g *narrow) {
	for i, r := range []string{"AX", "R8", "R11", "DX", "R12", "DI", "SI", "CX", "R13"} {
		if i == 0 {
			g.line("MOVQ t+0(FP), R15")
		}
		g.line("MOVQ %d(R15), %s", 8*i, r)
	}
	if t.masked {
		g.line("KMOVW 72(R15), K1")
		g.line("KMOVW 74(R15), K2")
	}
	g.line("LEAQ (R8)(R8*2), R9")
	g.line("LEAQ (R8)(R8*4), R10")
	if t.rows > 7 {
		g.line("LEAQ (AX)(R9*2), BX")
		g.line("ADDQ R8, BX")
	}
}

func (t *tiles) emit(g *narrow) {
	g.text(t.name, "t *tile)")
	g.WriteString("8\n")
	t.arguments(g)
	for i := range 2 * t.rows {
		g.line("VXORPS %s%d, %s%d, %s%d", t.v, i, t.v, i, t.v, i)
	}
	if t.v == "Z" {
		g.prefetch(t.ahead)
	}
	if t.bcst != nil {
		g.line("CMPW 74(R15), $0")
		g.line("JEQ narrow")
	}
	t.loops(g, "wide", func(rows int) {
		for c := range 2 {
			t.load(g, "DX", c, t.b+c)
		}
		if t.ahead {
			g.line("PREFETCHT1 (R14)")
			g.line("ADDQ 88(R15), R14")
		}
		for r := range rows {
			a := t.b + 2 + r%2
			g.line("VBROADCASTSS %s, %s%d", aAddr(r), t.v, a)
			t.mul(g, t.b, a, 2*r)
			t.mul(g, t.b+1, a, 2*r+1)
		}
	})
	if t.bcst != nil {
		g.WriteString("\nnarrow:\n")
		t.loops(g, "narrow", func(rows int) {
			t.load(g, "DX", 0, t.b)
			for r := range rows {
				t.bcst(g, aAddr(r), 2*r)
			}
		})
	}
	t.store(g)
}

// prefetch fetches C, which is wanted after the loop.
func (g *narrow) prefetch(ahead bool) {
	g.line("MOVQ DI, R14")
	g.line("MOVQ R13, R15")
	g.WriteString("\nfetch:\n")
	g.line("PREFETCHT0 (R14)")
	g.line("PREFETCHT0 64(R14)")
	g.line("ADDQ SI, R14")
	g.line("DECQ R15")
	g.line("JNZ fetch")
	g.line("MOVQ t+0(FP), R15")
	if ahead {
		g.line("MOVQ 80(R15), R14")
	}
}

// loops emits the loop over k for each height; a tile of another height falls through to the next one.
func (t *tiles) loops(g *narrow, label string, body func(rows int)) {
	for rows := t.rows; rows >= 1; rows-- {
		g.line("CMPQ R13, $%d", rows)
		g.line("JNE not_%s%d", label, rows)
		fmt.Fprintf(g, "\n%s%d:\n", label, rows)
		body(rows)
		g.line("ADDQ R11, AX")
		if t.rows > 7 {
			g.line("ADDQ R11, BX")
		}
		g.line("ADDQ R12, DX")
		g.line("DECQ CX")
		g.line("JNZ %s%d", label, rows)
		g.line("JMP store")
		fmt.Fprintf(g, "\nnot_%s%d:\n", label, rows)
	}
	g.line("RET")
}

// load reads vector c of a row of B or C.
func (t *tiles) load(g *narrow, base string, c, register int) {
	if t.masked {
		g.line("VMOVUPS.Z %d(%s), K%d, %s%d", c*t.bytes(), base, 1+c, t.v, register)
		return
	}
	g.line("VMOVUPS %d(%s), %s%d", c*t.bytes(), base, t.v, register)
}

// store writes C = sums, or C = beta C + sums.
func (t *tiles) store(g *narrow) {
	g.WriteString("\nstore:\n")
	beta := t.b + 2
	g.line("VBROADCASTSS 76(R15), %s%d", t.v, beta)
	g.line("MOVL 76(R15), AX")
	g.line("SHLL $1, AX // drops the sign: beta may be -0")
	g.line("JNZ update")
	for _, update := range []bool{false, true} {
		if update {
			g.WriteString("\nupdate:\n")
		}
		for r := range t.rows {
			for c := 0; c < 2 && update; c++ {
				t.load(g, "DI", c, t.b+c)
			}
			for c := 0; c < 2 && update; c++ {
				g.line("VFMADD231PS %s%d, %s%d, %s%d", t.v, t.b+c, t.v, beta, t.v, 2*r+c)
			}
			for c := range 2 {
				mask := ""
				if t.masked {
					mask = fmt.Sprintf("K%d, ", 1+c)
				}
				g.line("VMOVUPS %s%d, %s%d(DI)", t.v, 2*r+c, mask, c*t.bytes())
			}
			if r < t.rows-1 {
				g.line("ADDQ SI, DI")
				g.line("CMPQ R13, $%d", r+1)
				g.line("JEQ done")
			}
		}
		if !update {
			g.line("JMP done")
		}
	}
	g.WriteString("\ndone:\n")
	g.line("VZEROUPPER")
	g.line("RET")
}

// round emits the conversion of floats to bfloat16.
func (g *narrow) round() {
	g.text("roundBF16", "dst *uint16, x *float32, n int)")
	g.WriteString("24\n")
	g.line("MOVQ dst+0(FP), DI")
	g.line("MOVQ x+8(FP), SI")
	g.line("MOVQ n+16(FP), CX")
	g.floats(true, func() {
		g.line("%s // VCVTNEPS2BF16 Z0, Y1", evex(0x72, 1, 0, 0))
		g.line("VMOVDQU Y1, (DI)")
	})
	g.line("VZEROUPPER")
	g.line("RET")
}

// tileKernels writes the file of one kind of tile.
func tileKernels(t tiles) []byte {
	g := &narrow{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	t.emit(g)
	if t.name == tileBF16.name {
		g.round()
	}
	return g.Bytes()
}

// peaks writes loops of n rounds of 12 independent operations on registers, the ceiling of each kind of tile.
func peaks() []byte {
	g := &narrow{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	for _, p := range []struct {
		name string
		op   func(sum int)
	}{
		{"peak512", func(sum int) { tile512.mul(g, 12, 13, sum) }},
		{"peak256", func(sum int) { tile256.mul(g, 12, 13, sum) }},
		{"peakBF16", func(sum int) { tileBF16.mul(g, 12, 13, sum) }},
		{"peakInt8", func(sum int) { g.line("VPDPBUSD Z12, Z13, Z%d", sum) }},
	} {
		g.text(p.name, "n int)")
		g.WriteString("8\n")
		g.line("MOVQ n+0(FP), CX")
		g.WriteString("\nloop:\n")
		for sum := range 12 {
			p.op(sum)
		}
		g.line("DECQ CX")
		g.line("JNZ loop")
		g.line("VZEROUPPER")
		g.line("RET")
	}
	return g.Bytes()
}
