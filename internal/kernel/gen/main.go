// Command gen writes the vector kernels of internal/kernel: each body is
// described once and emitted for AVX-512 and for AVX2, with the Go declarations,
// the dispatchers and the stubs of other architectures.
//
//	go generate ./internal/kernel
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"slices"
	"strings"
)

// kernel is one assembler function: pointer arguments, then n, then float32
// arguments; a body that handles one vector; and for reductions a result.
type kernel struct {
	name   string
	ptrs   []string
	floats []string
	coeffs int          // floats read through the last pointer into registers c0...
	body   func(g *gen) // one vector; registers as in gen
	fold   string       // VADDPS or VMAXPS: the function returns folded sums
	unroll int          // vectors per round of the main loop, each with its own sum
	min    bool         // n is at least one vector, and the last may overlap
	rows   bool         // four sums of products are written through the last pointer
	consts []constant   // the body's own, as operands c(name)
	exp    bool         // the body computes exponentials
	setup  func(g *gen) // before the loop
}

// constant is a float that a body needs: in a register on AVX-512, in memory on AVX2, whose registers are few.
type constant struct {
	name  string
	value float32
}

var kernels = []kernel{
	{name: "add", ptrs: []string{"dst", "x", "y"}, body: binary("VADDPS")},
	{name: "sub", ptrs: []string{"dst", "x", "y"}, body: binary("VSUBPS")},
	{name: "mul", ptrs: []string{"dst", "x", "y"}, body: binary("VMULPS")},
	{name: "mulAdd", ptrs: []string{"dst", "x", "y"}, body: func(g *gen) {
		g.load(0, 0).load(1, 1).load(2, 2).op("VFMADD231PS", 2, 1, 0).store(0, 0)
	}},
	{name: "axpy", ptrs: []string{"y", "x"}, floats: []string{"alpha"}, body: func(g *gen) {
		g.load(0, 0).load(1, 1).op("VFMADD231PS", 1, g.float(0), 0).store(0, 0)
	}},
	{name: "axpy4", ptrs: []string{"y", "a0", "a1", "a2", "a3", "alpha"}, coeffs: 4, body: func(g *gen) {
		g.load(0, 0)
		for i := 1; i <= 4; i++ {
			g.load(i, 1).op("VFMADD231PS", 1, g.float(i-1), 0)
		}
		g.store(0, 0)
	}},
	{name: "scale", ptrs: []string{"dst", "x"}, floats: []string{"alpha"}, body: func(g *gen) {
		g.load(1, 1).op("VMULPS", 1, g.float(0), 0).store(0, 0)
	}},
	{name: "shift", ptrs: []string{"dst", "x"}, floats: []string{"alpha"}, body: func(g *gen) {
		g.load(1, 1).op("VADDPS", 1, g.float(0), 0).store(0, 0)
	}},
	{name: "turnPairs", ptrs: []string{"x", "cos", "sin"}, floats: []string{"sign"}, body: func(g *gen) {
		g.load(0, 0).load(1, 1).load(2, 2)
		g.line("VPERMILPS $0xb1, %s, %s", g.r(0), g.r(3))
		g.op("VMULPS", 2, 3, 3).op("VMULPS", 1, 0, 0).op("VFMADD231PS", 3, g.float(0), 0).store(0, 0)
	}},
	{name: "turnHalves", ptrs: []string{"lo", "hi", "cos", "sin"}, floats: []string{"sign"}, body: func(g *gen) {
		g.load(3, 3).op("VMULPS", 3, g.float(0), 3).load(0, 0).load(1, 1).load(2, 2)
		g.op("VMULPS", 2, 0, 4).op("VFNMADD231PS", 3, 1, 4).store(4, 0)
		g.op("VMULPS", 2, 1, 4).op("VFMADD231PS", 3, 0, 4).store(4, 1)
	}},
	{name: "relu2", ptrs: []string{"dst", "x"}, setup: zero, body: func(g *gen) {
		g.load(1, 1).op("VMAXPS", 1, 8, 1).op("VMULPS", 1, 1, 0).store(0, 0)
	}},
	{name: "relu2Grad", ptrs: []string{"dst", "x", "grad"}, setup: zero, body: func(g *gen) {
		g.load(1, 1).load(2, 2).op("VMAXPS", 1, 8, 1).op("VADDPS", 1, 1, 1).op("VMULPS", 1, 2, 0).store(0, 0)
	}},
	{name: "softmaxGrad", ptrs: []string{"dst", "p", "grad"}, floats: []string{"s"}, body: func(g *gen) {
		g.load(1, 1).load(2, 2).op("VSUBPS", g.float(0), 2, 2).op("VMULPS", 1, 2, 0).store(0, 0)
	}},
	{name: "adamw", ptrs: []string{"p", "grad", "m", "v", "k"}, coeffs: 8, body: adamw},
	{name: "gelu", ptrs: []string{"dst", "x"}, exp: true, consts: erfConst, body: gelu},
	{name: "geluTanh", ptrs: []string{"dst", "x"}, exp: true, consts: tanhConst, body: geluTanh},
	{name: "geluTanhGrad", ptrs: []string{"grad", "x"}, exp: true, consts: tanhConst, body: geluTanhGrad},
	{name: "siluMul", ptrs: []string{"dst", "x", "y"}, exp: true, body: siluMul},
	{name: "siluMulGrad", ptrs: []string{"grad", "gradX", "x", "y"}, exp: true, body: siluMulGrad},
	{name: "expSub", ptrs: []string{"dst", "x"}, floats: []string{"bias"}, fold: "VADDPS", unroll: 1, exp: true, body: expSub},
	{name: "sum", ptrs: []string{"x"}, fold: "VADDPS", unroll: 4, body: func(g *gen) {
		g.load(0, 0).op("VADDPS", 0, g.sum, g.sum)
	}},
	{name: "dot", ptrs: []string{"x", "y"}, fold: "VADDPS", unroll: 4, body: func(g *gen) {
		g.load(0, 0).load(1, 1).op("VFMADD231PS", 0, 1, g.sum)
	}},
	{name: "max", ptrs: []string{"x"}, fold: "VMAXPS", unroll: 4, min: true, body: func(g *gen) {
		g.load(0, 0).op("VMAXPS", g.sum, 0, g.sum) // of NaN and the sum, the sum
		g.unordered()
	}},
	{name: "gemv4", ptrs: []string{"x", "a0", "a1", "a2", "a3", "out"}, unroll: 2, rows: true, body: func(g *gen) {
		g.load(0, 0)
		for i := range 4 {
			g.load(i+1, 1).op("VFMADD231PS", 0, 1, g.sum+2*i)
		}
	}},
}

func binary(op string) func(g *gen) {
	return func(g *gen) { g.load(1, 1).load(2, 2).op(op, 2, 1, 0).store(0, 0) }
}

func zero(g *gen) { g.op("VXORPS", 8, 8, 8) }

func adamw(g *gen) {
	c := g.float
	g.load(1, 0)                                                        // g
	g.load(2, 1).op("VMULPS", c(0), 1, 1).op("VFMADD231PS", c(1), 0, 1) // m
	g.load(3, 2).op("VMULPS", c(2), 2, 2)                               // v
	g.op("VMULPS", 0, 0, 0).op("VFMADD231PS", c(3), 0, 2)               //
	g.store(1, 2).store(2, 3)                                           //
	g.op("VMULPS", c(6), 2, 2).line("VSQRTPS %s, %s", g.r(2), g.r(2))   //
	g.op("VADDPS", c(7), 2, 2).op("VMULPS", c(5), 1, 1)                 //
	g.op("VDIVPS", 2, 1, 1).load(0, 0).op("VMULPS", c(4), 0, 0)         //
	g.op("VSUBPS", 1, 0, 0).store(0, 0)
}

func main() {
	log.SetFlags(0)
	files := []struct {
		name string
		ks   []kernel
	}{{"vec", kernels[:first("relu2")]}, {"act", kernels[first("relu2"):first("sum")]}, {"reduce", kernels[first("sum"):]}}
	for _, f := range files {
		write(f.name+"_avx512_amd64.s", assemble(true, f.ks))
		write(f.name+"_avx2_amd64.s", assemble(false, f.ks))
	}
	write("tile_avx512_amd64.s", tileKernels(tile512))
	write("tile_avx2_amd64.s", tileKernels(tile256))
	write("tile_bf16_amd64.s", tileKernels(tileBF16))
	write("double_avx512_amd64.s", doubleKernels(double512))
	write("double_avx2_amd64.s", doubleKernels(double256))
	write("tile_amx_amd64.s", amxKernels())
	write("peak_amd64.s", peaks())
	write("tile_arm64.s", neonTile())
	write("narrow_avx512_amd64.s", narrowKernels(true))
	write("narrow_avx2_amd64.s", narrowKernels(false))
	write("vec_amd64.go", declare(true))
	write("vec_other.go", declare(false))
}

// first is the place of a kernel.
func first(name string) int {
	return slices.IndexFunc(kernels, func(k kernel) bool { return k.name == name })
}

func write(name string, text []byte) {
	if strings.HasSuffix(name, ".go") {
		var err error
		if text, err = format.Source(text); err != nil {
			log.Fatalf("format %s: %v", name, err)
		}
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		log.Fatal(err)
	}
}

const header = "// Code generated by gen; DO NOT EDIT.\n\n"

// declare writes the dispatchers, or their stubs, and the declarations.
func declare(amd64 bool) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	if !amd64 {
		b.WriteString("//go:build !amd64\n\n")
	}
	b.WriteString("package kernel\n")
	for _, k := range kernels {
		params := strings.Join(k.ptrs, ", ") + " *float32, n int"
		args := strings.Join(k.ptrs, ", ") + ", n"
		if k.floats != nil {
			params += ", " + strings.Join(k.floats, ", ") + " float32"
			args += ", " + strings.Join(k.floats, ", ")
		}
		result, ret := "", ""
		if k.fold != "" {
			result, ret = " (s float32)", "return "
		}
		if !amd64 {
			fmt.Fprintf(&b, "\nfunc %sVec(%s)%s { panic(\"unreachable\") }\n", k.name, params, result)
			continue
		}
		for _, w := range []string{"512", "256"} {
			fmt.Fprintf(&b, "\n//go:noescape\nfunc %s%s(%s)%s\n", k.name, w, params, result)
		}
		end := ""
		if ret == "" {
			end = "; return"
		}
		fmt.Fprintf(&b, "\nfunc %sVec(%s)%s { if active >= levelAVX512 { %s%s512(%s)%s }\n %s%s256(%s) }\n",
			k.name, params, result, ret, k.name, args, end, ret, k.name, args)
	}
	return b.Bytes()
}
