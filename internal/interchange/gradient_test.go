package interchange_test

import (
	"math"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
)

// TestGradientOfAnInnerStep holds the gradient that an inner step takes, of every adapter tensor of a GPT-2, to that of PyTorch and PEFT.
func TestGradientOfAnInnerStep(t *testing.T) {
	m, f := base(t, lm.ArchGPT2), golden(t, lm.ArchGPT2, "gradient.safetensors")
	a, err := interchange.ParsePEFT(m.Config(), m.Linears(), file(t, lm.ArchGPT2, "theirs", interchange.PEFTConfig), file(t, lm.ArchGPT2, "theirs", interchange.PEFTWeights))
	if err != nil {
		t.Fatal(err)
	}
	tokens := floats(t, f, "tokens")
	const rows, width = 3, 9
	b := lm.Batch{B: rows, T: width, Tokens: ids(tokens), Targets: make([]int32, rows*width)}
	weights := make([]float32, rows*width)
	for r := range rows {
		for i := range width - 1 {
			b.Targets[r*width+i] = max(-1, int32(floats(t, f, "targets")[r*(width-1)+i]))
			weights[r*width+i] = floats(t, f, "weights")[r*(width-1)+i]
		}
		b.Targets[r*width+width-1] = -1
	}
	p, err := m.NewPass(t.Context(), b, a, 2)
	if err != nil {
		t.Fatal(err)
	}
	grad := a.Zeros()
	loss, err := p.Gradient(t.Context(), a, weights, grad)
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(floats(t, f, "loss")[0]); math.Abs(loss/want-1) > 1e-5 {
		t.Errorf("loss %v, want %v", loss, want)
	}
	paths := strings.NewReplacer("layers.", "base_model.model.transformer.h.", "attn.qkv", "attn.c_attn", "attn.o", "attn.c_proj", "mlp.up", "mlp.c_fc", "mlp.down", "mlp.c_proj")
	worst, tensors := 0.0, grad.Trained()
	if len(tensors) != 16 {
		t.Fatalf("%d tensors, want A and B of four modules in two layers", len(tensors))
	}
	for _, g := range tensors {
		want := floats(t, f, paths.Replace(g.Name))
		diff := make([]float32, len(want))
		for i, v := range g.Data {
			diff[i] = v - want[i]
		}
		e := math.Sqrt(float64(kernel.SumSq(diff)) / float64(kernel.SumSq(want)))
		if !(e <= 1e-3) {
			t.Errorf("%s: relative error %.2g", g.Name, e)
		}
		worst = max(worst, e)
	}
	t.Logf("relative error of %d tensors at most %.2g", len(tensors), worst)
}
