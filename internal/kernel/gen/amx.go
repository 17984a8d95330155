package main

// prefix of a VEX encoding, in the bits of its third byte.
const (
	vexNone = iota
	_       // 66
	vexF3
	vexF2
)

// numbers of the registers that address tiles.
var numbers = map[string]int{"AX": 0, "DX": 2, "BX": 3, "R8": 8, "R9": 9, "R10": 10, "R11": 11, "R12": 12}

// vex encodes an instruction of AMX, which Go's assembler lacks: opcode in map 0F38, then what ModRM and what follows it hold. extend are the bits that registers
// over 7 add: 4 to ModRM's reg, 2 to the index, 1 to the base.
func vex(prefix, opcode, vvvv, extend int, rest ...byte) string {
	return encoded(append([]byte{0xc4, byte(^extend&7)<<5 | 2, byte(^vvvv&15)<<3 | byte(prefix), byte(opcode)}, rest...)...)
}

// tileMemory encodes an access of tile register t to rows at disp(base), a stride of index bytes apart; disp is less than 128.
func tileMemory(prefix, t, disp int, base, index string) string {
	b, i := numbers[base], numbers[index]
	return vex(prefix, 0x4b, 0, i>>3<<1|b>>3, byte(1<<6|t<<3|4), byte(i&7<<3|b&7), byte(disp))
}

type amx struct{ narrow }

func (g *amx) load(t, disp int, base, index string) {
	g.line("%s // TILELOADD %d(%s)(%s*1), TMM%d", tileMemory(vexF2, t, disp, base, index), disp, base, index, t)
}

func (g *amx) store(t, disp int, base, index string) {
	g.line("%s // TILESTORED TMM%d, %d(%s)(%s*1)", tileMemory(vexF3, t, disp, base, index), t, disp, base, index)
}

// mul adds the product of tiles a and b of bfloat16 to tile sum.
func (g *amx) mul(b, a, sum int) {
	g.line("%s // TDPBF16PS TMM%d, TMM%d, TMM%d", vex(vexF3, 0x5c, b, 0, byte(3<<6|sum<<3|a)), b, a, sum)
}

func (g *amx) zeroTile(t int) {
	g.line("%s // TILEZERO TMM%d", vex(vexF2, 0x49, 0, 0, byte(3<<6|t<<3)), t)
}

// configure takes the shapes of the tiles from memory at DX.
func (g *amx) configure() {
	g.line("%s // LDTILECFG (DX)", vex(vexNone, 0x49, 0, 0, 2))
}

func (g *amx) release() {
	g.line("%s // TILERELEASE", vex(vexNone, 0x49, 0, 0, 3<<6))
}

// step takes 32 k: A at AX and R12, B at DX. Sums are 32 rows by 32 columns, four tiles. ahead fetches what comes next, at R11.
func (g *amx) step(ahead bool) {
	g.load(4, 0, "AX", "R8")
	g.load(6, 0, "DX", "R10")
	g.load(7, 64, "DX", "R10")
	g.mul(6, 4, 0)
	g.mul(7, 4, 1)
	g.load(5, 0, "R12", "R8")
	if ahead {
		for i := range 4 {
			g.line("PREFETCHT1 %d(R11)", 64*i)
		}
	}
	g.mul(6, 5, 2)
	g.mul(7, 5, 3)
}

// corners calls f for each tile of sums with its place in C: rows from BX or R11, stride R9.
func (g *amx) corners(f func(t, disp int, base, index string)) {
	g.line("MOVQ R9, R11")
	g.line("SHLQ $4, R11")
	g.line("ADDQ BX, R11")
	for t, base := range []string{"BX", "BX", "R11", "R11"} {
		f(t, t%2*64, base, "R9")
	}
}

// panelsAMX multiplies 32 rows of A by panels of B, as amxPanels in gemm_amx.go orders the arguments:
//
//	SI, R8         A and its row stride; AX, R12 its first and second 16 rows at a step
//	DI, DX         a panel of B and a step of it; R10 row stride
//	BX, R11        C, its first and second 16 rows; R9 row stride; in the loop R11 is what is fetched
//	R13, CX        panels, steps      R14  a panel's last step      R15  the arguments
func amxKernels() []byte {
	g := &amx{}
	g.WriteString(header + "#include \"textflag.h\"\n")
	g.text("panelsAMX", "args *amxPanels)")
	g.WriteString("8\n")
	g.line("MOVQ args+0(FP), R15")
	for i, r := range []string{"SI", "R8", "DI", "BX", "R9", "R13", "R14", "DX"} {
		g.line("MOVQ %d(R15), %s", 8*i, r)
	}
	g.configure()
	g.line("MOVQ $128, R10")

	g.WriteString("\npanel:\n")
	g.line("MOVQ SI, AX")
	g.line("MOVQ R8, R12")
	g.line("SHLQ $4, R12")
	g.line("ADDQ SI, R12")
	g.line("MOVQ DI, DX")
	g.line("CMPQ 80(R15), $0")
	g.line("JNE sum")
	for t := range 4 {
		g.zeroTile(t)
	}
	g.line("JMP begin")
	g.WriteString("\nsum:\n")
	g.corners(g.load)
	g.WriteString("\nbegin:\n")
	g.line("MOVQ 88(R15), R11")
	g.line("MOVQ 72(R15), CX")
	g.line("TESTQ CX, CX")
	g.line("JZ last")
	g.WriteString("\nloop:\n")
	g.step(true)
	g.line("ADDQ $256, R11")
	g.line("ADDQ $64, AX")
	g.line("ADDQ $64, R12")
	g.line("ADDQ $2048, DX")
	g.line("DECQ CX")
	g.line("JNZ loop")
	g.WriteString("\nlast:\n")
	g.line("TESTQ R14, R14")
	g.line("JZ done")
	g.line("MOVQ R14, DX")
	g.step(false)
	g.line("ADDQ $2048, R14")
	g.WriteString("\ndone:\n")
	g.corners(g.store)
	g.line("MOVQ 64(R15), AX")
	g.line("ADDQ AX, DI")
	g.line("ADDQ AX, 88(R15)")
	g.line("ADDQ $128, BX")
	g.line("DECQ R13")
	g.line("JNZ panel")
	g.release()
	g.line("RET")

	g.text("peakAMX", "n int, shapes *[64]byte)")
	g.WriteString("16\n")
	g.line("MOVQ n+0(FP), CX")
	g.line("MOVQ shapes+8(FP), DX")
	g.configure()
	for t := range 8 {
		g.zeroTile(t)
	}
	g.WriteString("\nloop:\n")
	for i := range 12 {
		g.mul(6+i&1, 4+i>>1&1, i%4)
	}
	g.line("DECQ CX")
	g.line("JNZ loop")
	g.release()
	g.line("RET")
	return g.Bytes()
}
