package main

import "fmt"

// Rows and columns of a NEON tile. Row r has its sums in registers 2r and 2r+1.
const neonRows, neonCols = 8, 8

// neonTile writes the micro-kernel of arm64: C = A B + beta C, read from a tile of gemm_block.go.
//
//	R0        the tile           R1 to R8  rows of A        R9        k stride of A
//	R10, R11  B and its k stride R12       k                R13, R14  C and its row stride
//	R15       rows of the tile   V28, V29  a row of B or C  V30, V31  elements of A, and beta
func neonTile() []byte {
	g := &narrow{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	g.text("tileNEON", "t *tile)")
	g.WriteString("8\n")
	g.line("MOVD t+0(FP), R0")
	for i, r := range []string{"R1", "R19", "R9", "R10", "R11", "R13", "R14", "R12", "R15"} {
		g.line("MOVD %d(R0), %s", 8*i, r)
	}
	for r := 1; r < neonRows; r++ {
		g.line("ADD R19, R%d, R%d", r, r+1)
	}
	for i := range 2 * neonRows {
		g.line("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	for rows := neonRows; rows >= 1; rows-- {
		g.line("CMP $%d, R15", rows)
		g.line("BNE not%d", rows)
		fmt.Fprintf(g, "\nrows%d:\n", rows)
		g.line("VLD1 (R10), [V28.S4, V29.S4]")
		g.line("ADD R11, R10")
		for r := range rows {
			a := 30 + r%2
			g.line("VLD1R.P (R%d)(R9), [V%d.S4]", 1+r, a)
			g.line("VFMLA V28.S4, V%d.S4, V%d.S4", a, 2*r)
			g.line("VFMLA V29.S4, V%d.S4, V%d.S4", a, 2*r+1)
		}
		g.line("SUBS $1, R12")
		g.line("BNE rows%d", rows)
		g.line("JMP store")
		fmt.Fprintf(g, "\nnot%d:\n", rows)
	}
	g.line("RET")
	g.WriteString("\nstore:\n")
	g.line("ADD $76, R0, R20")
	g.line("VLD1R (R20), [V31.S4]")
	g.line("MOVWU 76(R0), R19")
	g.line("LSLW $1, R19 // drops the sign: beta may be -0")
	g.line("CBNZW R19, update")
	for _, update := range []bool{false, true} {
		if update {
			g.WriteString("\nupdate:\n")
		}
		for r := range neonRows {
			if update {
				g.line("VLD1 (R13), [V28.S4, V29.S4]")
				g.line("VFMLA V28.S4, V31.S4, V%d.S4", 2*r)
				g.line("VFMLA V29.S4, V31.S4, V%d.S4", 2*r+1)
			}
			g.line("VST1 [V%d.S4, V%d.S4], (R13)", 2*r, 2*r+1)
			g.line("ADD R14, R13")
			g.line("CMP $%d, R15", r+1)
			g.line("BEQ done")
		}
	}
	g.WriteString("\ndone:\n")
	g.line("RET")
	return g.Bytes()
}
