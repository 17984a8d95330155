package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

// Wrong sizes must stop in Go, before assembler reads past a slice, and the
// panic must name the function.
func TestSizesAreChecked(t *testing.T) {
	x, short := make([]float32, 12), make([]float32, 11)
	p := kernel.Pack(false, 3, 4, x, 4)
	p8, p16 := kernel.PackInt8(false, 3, 4, x, 4), kernel.PackBF16(false, 3, 4, x, 4)
	for name, calls := range map[string][]func(){
		"Gemm": {
			func() { kernel.Gemm(false, false, 3, 4, 3, x, 3, x, 4, 0, short, 4) },
			func() { kernel.Gemm(false, false, 3, 4, 4, short, 4, make([]float32, 16), 4, 0, x, 4) },
			func() { kernel.Gemm(true, true, 3, 3, 4, x, 3, short, 4, 0, x, 3) },
			func() { kernel.Gemm(false, false, 3, 4, 3, x, 2, x, 4, 0, x, 4) },
			func() { kernel.Gemm(false, false, -1, 4, 3, x, 3, x, 4, 0, x, 4) },
			func() { kernel.Gemm(false, false, 3, 4, 3, x, 1<<62, x, 4, 0, x, 4) },
		},
		"GemmRef":      {func() { kernel.GemmRef(false, false, 3, 4, 3, x, 3, x, 4, 0, short, 4) }},
		"Pack":         {func() { kernel.Pack(true, 3, 4, short, 3) }},
		"GemmPacked":   {func() { kernel.GemmPacked(3, x[:8], 3, p, 0, x, 4) }, func() { kernel.GemmPacked(-1, x, 3, p, 0, x, 4) }},
		"PackInt8":     {func() { kernel.PackInt8(true, 3, 4, short, 3) }, func() { kernel.PackInt8(true, 1<<17+1, 0, nil, 0) }},
		"GemmInt8":     {func() { kernel.GemmInt8(3, x[:8], 3, p8, 0, x, 4) }, func() { kernel.GemmInt8(-1, x, 3, p8, 0, x, 4) }, func() { kernel.GemmInt8(3, x, 3, p8, 0, short, 4) }},
		"PackBF16":     {func() { kernel.PackBF16(true, 3, 4, short, 3) }},
		"GemvBF16":     {func() { kernel.GemvBF16(3, x[:8], 3, p16, 0, x, 4) }, func() { kernel.GemvBF16(-1, x, 3, p16, 0, x, 4) }, func() { kernel.GemvBF16(3, x, 3, p16, 0, short, 4) }},
		"GemmRounded":  {func() { kernel.GemmRounded(false, false, 256, 128, 64, x, 64, x, 128, 0, x, 128) }},
		"GemmBF16":     {func() { kernel.GemmBF16(3, x[:8], 3, p16, 0, x, 4) }, func() { kernel.GemmBF16(-1, x, 3, p16, 0, x, 4) }, func() { kernel.GemmBF16(3, x, 3, p16, 0, short, 4) }},
		"Gemv":         {func() { kernel.Gemv(3, 4, short, 4, x, 0, x) }, func() { kernel.Gemv(3, 4, x, 4, x[:3], 0, x) }},
		"GemvT":        {func() { kernel.GemvT(3, 4, x, 4, x, 0, x[:3]) }},
		"Dot":          {func() { kernel.Dot(x, short) }},
		"Axpy":         {func() { kernel.Axpy(1, x, short) }},
		"Add":          {func() { kernel.Add(x, x, short) }, func() { kernel.Add(x, short, x) }},
		"Sub":          {func() { kernel.Sub(x, x, short) }},
		"Mul":          {func() { kernel.Mul(x, x, short) }},
		"MulAdd":       {func() { kernel.MulAdd(x, x, short) }},
		"Scale":        {func() { kernel.Scale(x, 1, short) }},
		"Relu2":        {func() { kernel.Relu2(x, short) }},
		"Relu2Grad":    {func() { kernel.Relu2Grad(x, x, short) }},
		"Shift":        {func() { kernel.Shift(x, short, 1) }},
		"Gelu":         {func() { kernel.Gelu(x, short) }},
		"GeluTanh":     {func() { kernel.GeluTanh(x, short) }},
		"GeluTanhGrad": {func() { kernel.GeluTanhGrad(x, short) }},
		"SiluMul":      {func() { kernel.SiluMul(x, x, short) }, func() { kernel.SiluMul(x, short, x) }},
		"SiluMulGrad":  {func() { kernel.SiluMulGrad(x, x, x, short) }, func() { kernel.SiluMulGrad(x, short, x, x) }},
		"TurnPairs":    {func() { kernel.TurnPairs(x, x, short, 1) }, func() { kernel.TurnPairs(short, short, short, 1) }},
		"TurnHalves":   {func() { kernel.TurnHalves(x, short, x, x, 1) }, func() { kernel.TurnHalves(x, x, x, short, 1) }},
		"Exp":          {func() { kernel.Exp(short, x) }},
		"Softmax":      {func() { kernel.Softmax(short, x) }},
		"ExpMax":       {func() { kernel.ExpMax(short, x) }},
		"SoftmaxGrad":  {func() { kernel.SoftmaxGrad(x, short, x) }},
		"AdamW": {
			func() { kernel.AdamW(x, short, x, x, 0, 0, 0, 0, 0, 1) },
			func() { kernel.AdamW(x, x, short, x, 0, 0, 0, 0, 0, 1) },
			func() { kernel.AdamW(x, x, x, short, 0, 0, 0, 0, 0, 1) },
			func() { kernel.AdamW(x, x, x, x, 0, 0, 0, 0, 0, 0) },
		},
	} {
		for i, call := range calls {
			func() {
				defer func() {
					if msg := fmt.Sprint(recover()); !strings.HasPrefix(msg, "kernel: "+name+": ") {
						t.Errorf("%s call %d: panic %q does not name it", name, i, msg)
					}
				}()
				call()
			}()
		}
	}
}
