package ggufmodel

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/lm"
)

// Names of tensors outside the layers.
const (
	embedName = "token_embd.weight"
	headName  = "output.weight"
	ropeName  = "rope_freqs.weight"
)

// Open reads the model and the tokenizer of a file of the given size in bytes. Errors: ECorrupt (a damaged file), EInvalid (a model or a tokenizer that perk
// cannot run, tensors that do not fit the metadata), ECanceled.
func Open(ctx context.Context, file io.ReaderAt, size int64) (*lm.Model, *bpe.Text, error) {
	r, err := gguf.Open(file, size)
	if err != nil {
		return nil, nil, err
	}
	c, err := config(r)
	if err != nil {
		return nil, nil, err
	}
	tok, err := text(r.Metadata)
	if err != nil {
		return nil, nil, err
	}
	if tok.VocabSize() > c.Vocab {
		return nil, nil, perk.Errorf(perk.EInvalid, op, "the tokenizer has %d tokens, %q has %d rows", tok.VocabSize(), embedName, c.Vocab).WithHint("tokenizer and weights belong to different models")
	}
	tensors, err := readTensors(ctx, r, c)
	if err != nil {
		return nil, nil, err
	}
	m, err := lm.New(c, tensors)
	return m, tok, err
}

// text makes the tokenizer and finds the tokens between which a text stands.
func text(m gguf.Metadata) (*bpe.Text, error) {
	tok, err := gguf.Tokenizer(m)
	if err != nil {
		return nil, err
	}
	end, ok := m.Int("tokenizer.ggml.eos_token_id")
	if !ok {
		return nil, perk.Errorf(perk.EInvalid, op, "tokenizer.ggml.eos_token_id is missing").WithHint("convert the model again; its tokenizer must tell which token ends a text")
	}
	begin, ok := m.Int("tokenizer.ggml.bos_token_id")
	if !ok {
		begin = end
	}
	return bpe.NewText(tok, clip(begin), clip(end))
}

// clip makes an id of a number that may be too large for one.
func clip(n int64) int32 {
	if n != int64(int32(n)) {
		return -1
	}
	return int32(n)
}

// readTensors reads every tensor of the configuration under lm's name.
func readTensors(ctx context.Context, r *gguf.Reader, c lm.Config) (map[string][]float32, error) {
	specs, err := lm.Tensors(c)
	if err != nil {
		return nil, err
	}
	// Shapes first: a file that does not fit must not cost the memory of one that does.
	entries := make([]gguf.Entry, len(specs))
	asked := map[string]bool{ropeName: true}
	for i, s := range specs {
		name := tensorName(s.Name)
		asked[name] = true
		e, ok := r.Entry(name)
		if !ok {
			return nil, perk.Errorf(perk.EInvalid, op, "the file lacks tensor %q", name).WithHint("the file is not whole, or perk does not run this variant")
		}
		if !slices.Equal(e.Shape, s.Shape) {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want %v by the metadata", name, e.Shape, s.Shape)
		}
		entries[i] = e
	}
	for _, e := range r.Entries {
		if !asked[e.Name] {
			return nil, perk.Errorf(perk.EInvalid, op, "the file has tensor %q, which %s models do not ask for", e.Name, c.Arch).WithHint("perk does not run this variant of the architecture")
		}
	}
	out := make(map[string][]float32, len(specs))
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, op, err)
		}
		x, err := r.Floats(e)
		if err != nil {
			return nil, err
		}
		if c.Arch == lm.ArchLlama && (strings.HasSuffix(e.Name, ".attn_q.weight") || strings.HasSuffix(e.Name, ".attn_k.weight")) {
			x = halves(x, c.Dim/c.Heads, e.Shape[1])
		}
		out[specs[i].Name] = x
	}
	return out, nil
}

// halves undoes the interleaving of a matrix of (heads·width, cols): rows 0, 2, 4 ... of each head are its first half.
func halves(x []float32, width, cols int) []float32 {
	out := make([]float32, len(x))
	for head := 0; head < len(x); head += width * cols {
		for r := range width {
			copy(out[head+(r%2*width/2+r/2)*cols:][:cols], x[head+r*cols:])
		}
	}
	return out
}

// tensorName gives llama.cpp's name of lm's tensor.
func tensorName(tensor string) string {
	stem, kind := tensor, ".weight"
	if s, ok := strings.CutSuffix(tensor, ".bias"); ok {
		stem, kind = s, ".bias"
	}
	switch stem {
	case "embed":
		return embedName
	case "head":
		return headName
	case "positions":
		return "position_embd.weight"
	case "norm":
		return "output_norm" + kind
	}
	number, part, _ := strings.Cut(strings.TrimPrefix(stem, "layers."), ".")
	return "blk." + number + "." + map[string]string{
		"attn.norm": "attn_norm", "mlp.norm": "ffn_norm",
		"attn.qkv": "attn_qkv", "attn.q": "attn_q", "attn.k": "attn_k", "attn.v": "attn_v", "attn.o": "attn_output",
		"mlp.gate": "ffn_gate", "mlp.up": "ffn_up", "mlp.down": "ffn_down",
	}[part] + kind
}
