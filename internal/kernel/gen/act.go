package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// Constants of exp: bounds, log2(e), ln 2 in two parts, and the polynomial of
// Cephes' expf from the highest power down.
var expConst = []constant{
	{"hi", 89}, {"lo", -104}, {"log2e", 1.44269504088896341}, {"ln2hi", 0.693359375}, {"ln2lo", -2.12194440e-4},
	{"c5", 1.9875691500e-4}, {"c4", 1.3981999507e-3}, {"c3", 8.3334519073e-3}, {"c2", 4.1665795894e-2},
	{"c1", 1.6666665459e-1}, {"c0", 5.0000001201e-1}, {"one", 1},
}

// Constants of 1 - erf(z) = (a1 t + ... + a5 t^5) exp(-z²), t = 1 / (1 + p z), z >= 0: Abramowitz and Stegun 7.1.26, off by 1.5e-7 at most. They are
// halved and p is over sqrt 2, so that the polynomial gives the normal distribution's tail at x = z sqrt 2.
var erfConst = []constant{
	{"p", 0.3275911 / math.Sqrt2}, {"a5", 1.061405429 / 2}, {"a4", -1.453152027 / 2}, {"a3", 1.421413741 / 2},
	{"a2", -0.284496736 / 2}, {"a1", 0.254829592 / 2}, {"mhalf", -0.5},
}

// Constants of gelu(x) = x sigmoid(2z), z = sqrt(2/pi) (x + 0.044715 x³): -2 sqrt(2/pi), that times 0.044715, and for the
// gradient d(2z)/dx = -(scale + 3 cube x²).
var tanhConst = []constant{{"scale", -2 * 0.7978845608}, {"cube", -2 * 0.7978845608 * 0.044715}, {"cube3", -6 * 0.7978845608 * 0.044715}}

// constants lists what a kernel needs, and the registers that hold it on AVX-512.
func (k *kernel) constants() (all []constant, registers []int) {
	if k.exp {
		all = append(all, expConst...)
	}
	for i := range all {
		registers = append(registers, 16+i)
	}
	for i := range k.consts {
		registers = append(registers, 9+i)
	}
	return append(all, k.consts...), registers
}

// writeConstants emits the data of all constants of a file: one float each for AVX-512, a vector of them for AVX2.
func writeConstants(b *bytes.Buffer, wide bool, ks []kernel) {
	lanes, written := 8, map[string]bool{}
	if wide {
		lanes = 1
	}
	for i := range ks {
		all, _ := ks[i].constants()
		for _, c := range all {
			if written[c.name] {
				continue
			}
			written[c.name] = true
			b.WriteByte('\n')
			for lane := range lanes {
				fmt.Fprintf(b, "DATA const_%s<>+%d(SB)/4, $0x%08x // %g\n", c.name, 4*lane, math.Float32bits(c.value), c.value)
			}
			fmt.Fprintf(b, "GLOBL const_%s<>(SB), RODATA|NOPTR, $%d\n", c.name, 4*lanes)
		}
	}
}

func (g *gen) loadConstants() {
	if all, registers := g.k.constants(); g.wide {
		for i, c := range all {
			g.line("VBROADCASTSS const_%s<>(SB), Z%d", c.name, registers[i])
		}
	} else if g.k.exp {
		g.line("VPCMPEQD Y14, Y14, Y14").line("VPSRLD $25, Y14, Y14").line("VPSLLD $23, Y14, Y14") // 1.0's exponent
	}
}

// c is the operand of a constant.
func (g *gen) c(name string) string {
	if !g.wide {
		return fmt.Sprintf("const_%s<>(SB)", name)
	}
	all, registers := g.k.constants()
	return fmt.Sprintf("Z%d", registers[slices.IndexFunc(all, func(c constant) bool { return c.name == name })])
}

// opc emits dst = a op constant.
func (g *gen) opc(name, constant string, a, dst int) *gen {
	return g.line("%s %s, %s, %s", name, g.c(constant), g.r(a), g.r(dst))
}

// set loads a constant into a register.
func (g *gen) set(constant string, dst int) *gen {
	return g.line("VMOVUPS %s, %s", g.c(constant), g.r(dst))
}

// exp replaces register 0 by its exponential. It uses registers 1 to 4.
func (g *gen) exp() *gen {
	// Of a bound and NaN the second is taken, so the argument comes second.
	g.set("hi", 3).op("VMINPS", 0, 3, 0).set("lo", 3).op("VMAXPS", 0, 3, 0)
	g.opc("VMULPS", "log2e", 0, 1)
	if g.wide {
		g.line("VRNDSCALEPS $0, Z1, Z1")
	} else {
		g.line("VROUNDPS $0, Y1, Y1")
	}
	g.opc("VFNMADD231PS", "ln2hi", 1, 0).opc("VFNMADD231PS", "ln2lo", 1, 0)
	g.set("c5", 2)
	for _, c := range []string{"c4", "c3", "c2", "c1", "c0"} {
		g.opc("VFMADD213PS", c, 0, 2)
	}
	g.op("VMULPS", 0, 0, 4).op("VFMADD213PS", 0, 4, 2).opc("VADDPS", "one", 2, 2)
	if g.wide {
		return g.line("VSCALEFPS Z1, Z2, Z0")
	}
	// 2^n in two factors, so that neither leaves the normal range.
	g.line("VCVTPS2DQ Y1, Y1").line("VPSRAD $1, Y1, Y3").line("VPSUBD Y3, Y1, Y1")
	g.line("VPSLLD $23, Y3, Y3").line("VPADDD Y14, Y3, Y3").line("VMULPS Y3, Y2, Y2")
	return g.line("VPSLLD $23, Y1, Y1").line("VPADDD Y14, Y1, Y1").line("VMULPS Y1, Y2, Y0")
}

func expSub(g *gen) {
	g.load(1, 0).op("VSUBPS", g.float(0), 0, 0).exp().store(0, 0)
	switch {
	case !g.masked:
		g.op("VADDPS", 0, g.sum, g.sum)
	case g.wide:
		g.line("VADDPS Z0, Z%d, K1, Z%d", g.sum, g.sum)
	default:
		g.line("VANDPS Y15, Y0, Y0").op("VADDPS", 0, g.sum, g.sum)
	}
}

// gelu: max(x, 0) - |x| q, where q is the tail beyond |x|.
func gelu(g *gen) {
	g.load(1, 5)
	g.op("VMULPS", 5, 5, 0).opc("VMULPS", "mhalf", 0, 0).exp()
	g.op("VXORPS", 2, 2, 2).op("VSUBPS", 5, 2, 1).op("VMAXPS", 1, 5, 1) // |x|; of 0 and NaN the second is taken
	g.set("one", 3).opc("VMULPS", "p", 1, 4).op("VADDPS", 3, 4, 4).op("VDIVPS", 4, 3, 3)
	g.set("a5", 4)
	for _, c := range []string{"a4", "a3", "a2", "a1"} {
		g.opc("VFMADD213PS", c, 3, 4)
	}
	g.op("VMULPS", 3, 4, 4).op("VMULPS", 4, 0, 0)
	g.op("VMAXPS", 5, 2, 2).op("VFNMADD231PS", 0, 1, 2).store(2, 0)
}

// tanhExp leaves x in register 5 and exp(-2z) in register 0.
func tanhExp(g *gen) {
	g.load(1, 5).op("VMULPS", 5, 5, 0).set("cube", 1).opc("VFMADD213PS", "scale", 1, 0).op("VMULPS", 5, 0, 0).exp()
}

// geluTanh: x / (1 + e).
func geluTanh(g *gen) {
	tanhExp(g)
	g.opc("VADDPS", "one", 0, 0).op("VDIVPS", 0, 5, 0).store(0, 0)
}

// geluTanhGrad: grad (s + x s (1 - s) d(2z)/dx), s = 1 / (1 + e).
func geluTanhGrad(g *gen) {
	tanhExp(g)
	g.set("one", 1).op("VADDPS", 1, 0, 0).op("VDIVPS", 0, 1, 0)
	g.op("VSUBPS", 1, 0, 1).op("VMULPS", 0, 1, 1).op("VMULPS", 5, 1, 1) // -x s (1 - s)
	g.op("VMULPS", 5, 5, 2).set("cube3", 3).opc("VFMADD213PS", "scale", 3, 2)
	g.op("VFMADD231PS", 1, 2, 0)
	g.load(0, 1).op("VMULPS", 1, 0, 0).store(0, 0)
}

// siluMul: x y / (1 + exp(-x)).
func siluMul(g *gen) {
	g.load(1, 5).op("VXORPS", 0, 0, 0).op("VSUBPS", 5, 0, 0).exp()
	g.opc("VADDPS", "one", 0, 0).op("VDIVPS", 0, 5, 0).load(2, 1).op("VMULPS", 1, 0, 0).store(0, 0)
}

// siluMulGrad: gradX = grad y s (1 + x (1 - s)) and grad = grad s x, s = 1 / (1 + exp(-x)).
func siluMulGrad(g *gen) {
	g.load(2, 5).op("VXORPS", 0, 0, 0).op("VSUBPS", 5, 0, 0).exp()
	g.set("one", 1).op("VADDPS", 1, 0, 0).op("VDIVPS", 0, 1, 0)
	g.op("VSUBPS", 0, 1, 2).op("VFMADD213PS", 1, 5, 2) // 1 + x (1 - s)
	g.load(0, 3).op("VMULPS", 0, 3, 3)                 // grad s
	g.op("VMULPS", 3, 2, 2).load(3, 4).op("VMULPS", 4, 2, 2).store(2, 1)
	g.op("VMULPS", 5, 3, 3).store(3, 0)
}
