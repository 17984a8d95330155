package interchange_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/internal/torchfile"
)

func checkpoint(t testing.TB, b []byte) *torchfile.File {
	t.Helper()
	f, err := torchfile.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPERKCheckpoint makes a recipe of a checkpoint and holds its parts to what PyTorch computes with them: logits under the initial adapter, rates, and token weights.
func TestPERKCheckpoint(t *testing.T) {
	m, f := base(t, lm.ArchGPT2), golden(t, lm.ArchGPT2, "perk.safetensors")
	tok := recipetest.TextTokenizer(t)
	r, err := interchange.ParsePERK(checkpoint(t, file(t, lm.ArchGPT2, "perk.ckpt")), m, tok)
	if err != nil {
		t.Fatal(err)
	}
	tokens := ids(floats(t, f, "tokens"))
	closeTo(t, "initial adapter", logits(t, m, r.Init, tokens), floats(t, f, "logits"))
	if r.Steps != 3 || r.Rule != recipe.DefaultAdamW() || r.ChunkTokens != 63 || len(r.Targets) != 8 {
		t.Errorf("%d steps of %+v, chunks of %d, %d targets", r.Steps, r.Rule, r.ChunkTokens, len(r.Targets))
	}
	paths := strings.NewReplacer("layers.", "transformer.h.", "attn.qkv", "attn.c_attn", "attn.o", "attn.c_proj", "mlp.up", "mlp.c_fc", "mlp.down", "mlp.c_proj")
	for i, tensor := range r.Init.Trained() {
		name := "rate." + strings.ReplaceAll("base_model.model."+strings.TrimSuffix(paths.Replace(tensor.Name), ".weight"), ".", "-")
		for n, want := range floats(t, f, name)[:r.Steps] {
			if r.Rates[n][i] != want {
				t.Errorf("%s, step %d: rate %v, want %v", tensor.Name, n, r.Rates[n][i], want)
			}
		}
	}
	b := lm.Batch{B: 1, T: len(tokens), Tokens: tokens, Targets: append(append([]int32{}, tokens[1:]...), -1)}
	p, err := m.NewPass(t.Context(), b, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := p.Hidden(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// Their weight of a token stands at the token, ours at the position that predicts it.
	got := encoder.TokenWeights(r.Weighting, hidden, b, 1)
	closeTo(t, "token weights", got[:len(tokens)-1], floats(t, f, "weights")[1:])
	// And it writes.
	r.Prompt = recipe.TextPrompt()
	if _, _, err := r.Bind(m, tok); err != nil {
		t.Error(err)
	}
}

func TestPERKCheckpointRefuses(t *testing.T) {
	tok := recipetest.TextTokenizer(t)
	whole := file(t, lm.ArchGPT2, "perk.ckpt")
	if _, err := interchange.ParsePERK(checkpoint(t, whole), base(t, lm.ArchLlama), tok); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("another base model: %v, want EInvalid", err)
	}
	if _, err := interchange.ParsePERK(checkpoint(t, whole), recipetest.Model(t, 1), tok); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("nano: %v, want EInvalid", err)
	}
	// Texts of the pickle of the same length, which is stored as it is.
	for old, changed := range map[string]string{
		"state_dict": "state_dick", "softplus": "softpluz", "dyna_lr": "dyna_lx", "lora_alpha": "lora_alphb", "n_inner_iter": "n_inner_itex", "names_lr_dict": "names_lr_dicx",
		"c_fc.lora_B": "c_fd.lora_B", "weighting_model.fc2.bias": "weighting_model.fc3.bias", "torch\nFloatStorage": "torch\nFloatStoragx",
	} {
		b := bytes.ReplaceAll(whole, []byte(old), []byte(changed))
		if bytes.Equal(b, whole) {
			t.Fatalf("%q is not there", old)
		}
		if _, err := interchange.ParsePERK(checkpoint(t, b), base(t, lm.ArchGPT2), tok); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s for %s: %v, want EInvalid", changed, old, err)
		}
	}
}
