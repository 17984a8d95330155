package main

import (
	"bytes"
	"fmt"
	"math"
)

// gen emits one function for one instruction set. Vector registers: 0..4 are
// free for bodies, 5 gathers NaN (K3 on AVX-512), 6 and on are float arguments or
// coefficients, base and on sums; the AVX2 mask is 15.
type gen struct {
	bytes.Buffer
	wide   bool
	k      *kernel
	masked bool // in the tail
	offset int  // bytes from the running offset, in unrolled loops
	sum    int  // the sum of this vector
}

var regs = []string{"DI", "SI", "DX", "BX", "R8", "R9"}

func (g *gen) lanes() int {
	if g.wide {
		return 16
	}
	return 8
}

func (g *gen) r(i int) string {
	if g.wide {
		return fmt.Sprintf("Z%d", i)
	}
	return fmt.Sprintf("Y%d", i)
}

func (g *gen) line(format string, args ...any) *gen {
	g.WriteByte('\t')
	fmt.Fprintf(g, format, args...)
	g.WriteByte('\n')
	return g
}

// op emits a three-register operation in Go's order: dst = a op b for the second
// and first sources, the last is dst.
func (g *gen) op(name string, b, a, dst int) *gen {
	return g.line("%s %s, %s, %s", name, g.r(b), g.r(a), g.r(dst))
}

// float is the register of float argument or coefficient i.
func (g *gen) float(i int) int { return 6 + i }

func (g *gen) addr(ptr int) string {
	if g.offset == 0 {
		return fmt.Sprintf("(%s)(AX*1)", regs[ptr])
	}
	return fmt.Sprintf("%d(%s)(AX*1)", g.offset, regs[ptr])
}

func (g *gen) load(ptr, dst int) *gen {
	switch {
	case !g.masked:
		return g.line("VMOVUPS %s, %s", g.addr(ptr), g.r(dst))
	case g.wide:
		return g.line("VMOVUPS.Z %s, K1, %s", g.addr(ptr), g.r(dst))
	default:
		return g.line("VMASKMOVPS %s, Y15, %s", g.addr(ptr), g.r(dst))
	}
}

func (g *gen) store(src, ptr int) *gen {
	switch {
	case !g.masked:
		return g.line("VMOVUPS %s, %s", g.r(src), g.addr(ptr))
	case g.wide:
		return g.line("VMOVUPS %s, K1, %s", g.r(src), g.addr(ptr))
	default:
		return g.line("VMASKMOVPS %s, Y15, %s", g.r(src), g.addr(ptr))
	}
}

// unordered notes whether register 0 holds NaN.
func (g *gen) unordered() {
	if g.wide {
		g.line("VCMPPS $3, Z0, Z0, K2").line("KORW K2, K3, K3")
		return
	}
	g.line("VCMPPS $3, Y0, Y0, Y1").line("VORPS Y1, Y5, Y5")
}

// base is the first register of the sums.
func (k *kernel) base() int {
	if k.rows {
		return 6
	}
	return 8
}

func (k *kernel) sums() int {
	if k.rows {
		return 8
	}
	if k.fold == "" {
		return 0
	}
	return k.unroll
}

func assemble(wide bool, ks []kernel) []byte {
	var b bytes.Buffer
	b.WriteString(header + "#include \"textflag.h\"\n")
	writeConstants(&b, wide, ks)
	if !wide {
		b.Write(laneMasks())
	}
	for i := range ks {
		g := &gen{wide: wide, k: &ks[i]}
		g.function()
		b.Write(g.Bytes())
	}
	return b.Bytes()
}

// laneMasks is data from which AVX2 kernels load the mask of their tail.
func laneMasks() []byte {
	var b bytes.Buffer
	b.WriteString("\n// Eight set lanes and eight clear ones: loading from lane 8-r masks r lanes.\n")
	for i := range 8 {
		v := uint64(0)
		if i < 4 {
			v = math.MaxUint64
		}
		fmt.Fprintf(&b, "DATA lanes<>+%d(SB)/8, $0x%x\n", i*8, v)
	}
	b.WriteString("GLOBL lanes<>(SB), RODATA|NOPTR, $64\n")
	return b.Bytes()
}

func (g *gen) function() {
	k := g.k
	width := "512"
	if !g.wide {
		width = "256"
	}
	size := 8*len(k.ptrs) + 8 + 4*len(k.floats)
	if k.fold != "" {
		size = (size+7)/8*8 + 4
	}
	fmt.Fprintf(g, "\nTEXT ·%s%s(SB), NOSPLIT, $0-%d\n", k.name, width, size)
	for i, p := range k.ptrs {
		g.line("MOVQ %s+%d(FP), %s", p, 8*i, regs[i])
	}
	g.line("MOVQ n+%d(FP), CX", 8*len(k.ptrs))
	for i, f := range k.floats {
		g.line("VBROADCASTSS %s+%d(FP), %s", f, 8*len(k.ptrs)+8+4*i, g.r(g.float(i)))
	}
	for i := range k.coeffs {
		g.line("VBROADCASTSS %d(%s), %s", 4*i, regs[len(k.ptrs)-1], g.r(g.float(i)))
	}
	g.clearSums()
	g.loadConstants()
	if k.setup != nil {
		k.setup(g)
	}
	g.line("XORQ AX, AX")
	g.loops()
	g.WriteString("\ndone:\n")
	if k.rows {
		g.foldRows()
	} else if k.fold != "" {
		g.foldSums((size+7)/8*8 - 8)
	}
	g.line("VZEROUPPER").line("RET")
}

func (g *gen) clearSums() {
	k := g.k
	for i := range k.sums() {
		r := k.base() + i
		if k.min {
			g.line("VMOVUPS (DI), %s", g.r(r))
		} else {
			g.op("VXORPS", r, r, r)
		}
	}
	if k.min && g.wide {
		g.line("KXORW K3, K3, K3")
	} else if k.min {
		g.op("VXORPS", 5, 5, 5)
	}
}

// loops runs the body over rounds of unroll vectors, then single ones, then the
// tail.
func (g *gen) loops() {
	k, lanes := g.k, g.lanes()
	g.sum = k.base()
	if k.unroll > 1 {
		g.line("SUBQ $%d, CX", k.unroll*lanes).line("JLT single")
		g.WriteString("\nround:\n")
		for u := range k.unroll {
			g.offset, g.sum = 4*lanes*u, k.base()+u
			k.body(g)
		}
		g.offset, g.sum = 0, k.base()
		g.line("ADDQ $%d, AX", 4*lanes*k.unroll).line("SUBQ $%d, CX", k.unroll*lanes).line("JGE round")
		g.WriteString("\nsingle:\n")
		g.line("ADDQ $%d, CX", (k.unroll-1)*lanes).line("JLT tail")
	} else {
		g.line("SUBQ $%d, CX", lanes).line("JLT tail")
	}
	g.WriteString("\nloop:\n")
	k.body(g)
	g.line("ADDQ $%d, AX", 4*lanes).line("SUBQ $%d, CX", lanes).line("JGE loop")
	g.WriteString("\ntail:\n")
	g.line("ADDQ $%d, CX", lanes).line("JEQ done")
	if k.min {
		// Step back so that the last vector ends at n.
		g.line("SUBQ $%d, CX", lanes).line("LEAQ (AX)(CX*4), AX")
		k.body(g)
		return
	}
	if g.wide {
		g.line("MOVL $1, R10").line("SHLL CX, R10").line("DECL R10").line("KMOVW R10, K1")
	} else {
		g.line("LEAQ lanes<>+32(SB), R10").line("SHLQ $2, CX").line("SUBQ CX, R10").line("VMOVUPS (R10), Y15")
	}
	g.masked = true
	k.body(g)
	g.masked = false
}

// fold reduces register r to its lane 0, with registers 0 and 1.
func (g *gen) fold(op string, r int) {
	if g.wide {
		g.line("VEXTRACTF64X4 $1, Z%d, Y0", r).line("%s Y0, Y%d, Y%d", op, r, r)
	}
	g.line("VEXTRACTF128 $1, Y%d, X0", r).line("%s X0, X%d, X%d", op, r, r)
	g.line("VPERMILPS $0x4e, X%d, X0", r).line("%s X0, X%d, X%d", op, r, r)
	g.line("VPERMILPS $0xb1, X%d, X0", r).line("%s X0, X%d, X%d", op, r, r)
}

func (g *gen) foldSums(ret int) {
	k := g.k
	for n := k.unroll; n > 1; n /= 2 {
		for i := range n / 2 {
			g.op(k.fold, 8+i+n/2, 8+i, 8+i)
		}
	}
	g.fold(k.fold, 8)
	if k.min {
		// A NaN anywhere makes the result NaN.
		if g.wide {
			g.line("KTESTW K3, K3")
		} else {
			g.line("VPTEST Y5, Y5")
		}
		g.line("JZ number").line("VPCMPEQD X8, X8, X8")
		g.WriteString("\nnumber:\n")
	}
	g.line("VMOVSS X8, s+%d(FP)", ret)
}

// foldRows writes the four dot products of gemv4: row i has sums 2i, for even
// vectors of a round, and 2i+1.
func (g *gen) foldRows() {
	for i := range 4 {
		r := g.k.base() + 2*i
		g.op("VADDPS", r+1, r, r)
		g.fold("VADDPS", r)
		g.line("VMOVSS X%d, %d(R9)", r, 4*i)
	}
}
