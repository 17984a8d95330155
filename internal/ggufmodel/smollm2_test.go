package ggufmodel_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/bpe"
	"github.com/perkdb/perk/internal/ggufmodel"
	"github.com/perkdb/perk/internal/lm"
)

// smollm2 opens SmolLM2-135M-Instruct, which is too large for the repository (testdata/README.md).
func smollm2(t *testing.T) (*lm.Model, *bpe.Text) {
	t.Helper()
	path := os.Getenv("PERK_SMOLLM2")
	if path == "" {
		t.Skip("PERK_SMOLLM2 does not name the model's GGUF file")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	m, tok, err := ggufmodel.Open(t.Context(), f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return m, tok
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "smollm2", name))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSmolLM2 holds a real model of a GGUF file to Transformers: the most probable token and the loss at each position of 20 prompts, and what is decoded greedily behind them; and its
// tokens to llama.cpp's.
func TestSmolLM2(t *testing.T) {
	m, tok := smollm2(t)
	var in struct{ Prompts, Texts []string }
	golden(t, "prompts.json", &in)
	var tokens struct{ Prompts, Texts [][]int32 }
	golden(t, "llamacpp.json", &tokens)
	var want struct {
		Prompts []struct {
			Top    []int32
			NLL    []float64
			Greedy []int32
		}
	}
	golden(t, "transformers.json", &want)
	for i, s := range slices.Concat(in.Prompts, in.Texts) {
		// llama.cpp puts the token for the unknown, 0, in the place of bytes that the vocabulary lacks; bpe leaves them out.
		peer := slices.DeleteFunc(slices.Clone(slices.Concat(tokens.Prompts, tokens.Texts)[i]), func(id int32) bool { return id == 0 })
		if got := tok.Encode(s); !slices.Equal(got, peer) {
			t.Errorf("%q: tokens %v, llama.cpp has %v", s, got, peer)
		}
	}
	positions, same, decoded, alike, texts := 0, 0, 0, 0, 0
	nll, wantNLL := 0.0, 0.0
	for i, p := range want.Prompts {
		s, err := m.NewSession(nil)
		if err != nil {
			t.Fatal(err)
		}
		input := tokens.Prompts[i]
		var top int32
		for j, token := range input {
			logits, err := s.Step(token)
			if err != nil {
				t.Fatal(err)
			}
			top = best(logits)
			positions++
			if top == p.Top[j] {
				same++
			}
			if j+1 < len(input) {
				nll += loss(logits, input[j+1])
				wantNLL += p.NLL[j]
			}
		}
		greedy := []int32{top}
		for len(greedy) < len(p.Greedy) {
			logits, err := s.Step(greedy[len(greedy)-1])
			if err != nil {
				t.Fatal(err)
			}
			greedy = append(greedy, best(logits))
		}
		decoded += len(greedy)
		if slices.Equal(greedy, p.Greedy) {
			texts++
		}
		for j := range greedy {
			if greedy[j] != p.Greedy[j] {
				break
			}
			alike++
		}
	}
	t.Logf("%d of %d positions have the same most probable token; loss %.5f, Transformers %.5f; %d of %d greedy texts, and %d of their %d tokens up to the first difference",
		same, positions, nll/float64(positions), wantNLL/float64(positions), texts, len(want.Prompts), alike, decoded)
	if len(want.Prompts) != 20 || float64(same) < 0.99*float64(positions) || math.Abs(nll-wantNLL) > 0.005*wantNLL {
		t.Errorf("want 20 prompts, the same token at 99%% of positions and the loss within 0.5%%")
	}
}

func best(logits []float32) int32 {
	top := 0
	for i, v := range logits {
		if v > logits[top] {
			top = i
		}
	}
	return int32(top)
}

func loss(logits []float32, token int32) float64 {
	top, sum := float64(logits[best(logits)]), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum) - float64(logits[token])
}
