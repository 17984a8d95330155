package ggufmodel_test

import (
	"bytes"
	"maps"
	"math"
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/ggufmodel"
	"github.com/perkdb/perk/internal/lm"
)

// example is a small model as llama.cpp's converter writes it.
type example struct {
	meta    gguf.Metadata
	tensors []gguf.Tensor
	want    lm.Config
}

// parts lists the tensors of each architecture: one layer, 8 wide, 2 heads, 10 tokens.
var parts = map[string]string{
	"llama": `token_embd.weight 10 8; output.weight 10 8; output_norm.weight 8; blk.0.attn_norm.weight 8; blk.0.ffn_norm.weight 8; blk.0.attn_q.weight 8 8; blk.0.attn_k.weight 4 8;
		blk.0.attn_v.weight 4 8; blk.0.attn_output.weight 8 8; blk.0.ffn_gate.weight 12 8; blk.0.ffn_up.weight 12 8; blk.0.ffn_down.weight 8 12; rope_freqs.weight 2`,
	"qwen2": `token_embd.weight 10 8; output_norm.weight 8; blk.0.attn_norm.weight 8; blk.0.ffn_norm.weight 8; blk.0.attn_q.weight 8 8; blk.0.attn_q.bias 8; blk.0.attn_k.weight 4 8;
		blk.0.attn_k.bias 4; blk.0.attn_v.weight 4 8; blk.0.attn_v.bias 4; blk.0.attn_output.weight 8 8; blk.0.ffn_gate.weight 12 8; blk.0.ffn_up.weight 12 8; blk.0.ffn_down.weight 8 12`,
	"gpt2": `token_embd.weight 10 8; position_embd.weight 16 8; output_norm.weight 8; output_norm.bias 8; blk.0.attn_norm.weight 8; blk.0.attn_norm.bias 8; blk.0.ffn_norm.weight 8;
		blk.0.ffn_norm.bias 8; blk.0.attn_qkv.weight 24 8; blk.0.attn_qkv.bias 24; blk.0.attn_output.weight 8 8; blk.0.attn_output.bias 8; blk.0.ffn_up.weight 12 8; blk.0.ffn_up.bias 12;
		blk.0.ffn_down.weight 8 12; blk.0.ffn_down.bias 8`,
}

func examples() map[string]*example {
	out := map[string]*example{}
	for arch, list := range parts {
		e := &example{meta: gguf.Metadata{
			"general.architecture": arch, arch + ".block_count": uint32(1), arch + ".context_length": uint32(16), arch + ".embedding_length": uint32(8),
			arch + ".feed_forward_length": uint32(12), arch + ".attention.head_count": uint32(2),
			"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.eos_token_id": uint32(3),
			"tokenizer.ggml.tokens": []string{"a", "b", "ab", "<end>"}, "tokenizer.ggml.token_type": []int32{1, 1, 1, 3}, "tokenizer.ggml.merges": []string{"a b"},
		}, want: lm.Config{Arch: arch, Vocab: 10, Dim: 8, Layers: 1, Heads: 2, KVHeads: 2, FF: 12, Context: 16, NormEps: 1e-5, TieEmbeddings: arch != "llama"}}
		if arch == "gpt2" {
			e.meta["gpt2.attention.layer_norm_epsilon"] = float32(1e-5)
		} else {
			e.meta[arch+".attention.layer_norm_rms_epsilon"] = float32(1e-5)
			e.meta[arch+".rope.freq_base"] = float32(1e9)
			e.meta[arch+".rope.dimension_count"] = uint32(4)
			e.meta[arch+".attention.head_count_kv"] = uint32(1)
			e.want.KVHeads, e.want.RopeTheta, e.want.RopeHalf = 1, 1e9, true
		}
		if arch == "llama" {
			e.want.RopeScaling = lm.Scaling{Factor: 32, LowFreq: 1, HighFreq: 4, OriginalContext: 8192}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for line := range strings.SplitSeq(list, ";") {
			var t gguf.Tensor
			var dims [2]int
			words := strings.Fields(line)
			t.Name = words[0]
			n := 1
			for i, w := range words[1:] {
				for _, c := range w {
					dims[i] = 10*dims[i] + int(c-'0')
				}
				t.Shape, n = append(t.Shape, dims[i]), n*dims[i]
			}
			for range n {
				t.Data = append(t.Data, float32(rng.NormFloat64()))
			}
			if t.Name == "rope_freqs.weight" { // of one head's frequencies 1 and 1e9^-1/2 the second is slow: less than a turn in 8192 tokens
				t.Data = []float32{1, 32}
			}
			e.tensors = append(e.tensors, t)
		}
		out[arch] = e
	}
	return out
}

func (e *example) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.Write(&b, e.meta, e.tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	for arch, e := range examples() {
		b := e.bytes(t)
		m, tok, err := ggufmodel.Open(t.Context(), bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		if d := cmp.Diff(e.want, m.Config()); d != "" {
			t.Errorf("%s: %s", arch, d)
		}
		if id, ok := tok.Special("<doc>"); !ok || id != 3 {
			t.Errorf("%s: a text begins with %d, %t", arch, id, ok)
		}
		if ids := tok.Encode("abb"); !slices.Equal(ids, []int32{2, 1}) {
			t.Errorf("%s: tokens %v", arch, ids)
		}
		// Rows of llama's queries are interleaved; everything else is as it lies in the file.
		for _, x := range m.Tensors() {
			want := slices.Clone(e.find(t, x.Name).Data)
			if arch == "llama" && (strings.HasSuffix(x.Name, "attn.q") || strings.HasSuffix(x.Name, "attn.k")) {
				var rows []float32
				for head := range slices.Chunk(want, 4*8) {
					for _, r := range []int{0, 2, 1, 3} {
						rows = append(rows, head[r*8:(r+1)*8]...)
					}
				}
				want = rows
			}
			if !slices.Equal(x.Data, want) {
				t.Errorf("%s: %s is not the file's", arch, x.Name)
			}
		}
	}
}

// find gives the tensor of the file that lm knows by a name, told by its place in the architecture.
func (e *example) find(t *testing.T, name string) gguf.Tensor {
	t.Helper()
	name = strings.NewReplacer("layers.0.", "blk.0.", "attn.norm", "attn_norm", "mlp.norm", "ffn_norm", "attn.qkv", "attn_qkv", "attn.q", "attn_q", "attn.k", "attn_k", "attn.v", "attn_v",
		"attn.o", "attn_output", "mlp.gate", "ffn_gate", "mlp.up", "ffn_up", "mlp.down", "ffn_down", "embed", "token_embd", "positions", "position_embd", "head", "output").Replace(name)
	if name == "norm" || name == "norm.bias" {
		name = "output_" + name
	}
	if !strings.HasSuffix(name, ".bias") {
		name += ".weight"
	}
	i := slices.IndexFunc(e.tensors, func(x gguf.Tensor) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("no tensor %q", name)
	}
	return e.tensors[i]
}

func TestOpenRefuses(t *testing.T) {
	for name, x := range map[string]struct {
		arch   string
		change func(e *example)
		want   string
	}{
		"another architecture": {"llama", func(e *example) { e.meta["general.architecture"] = "mamba" }, "mamba"},
		"no layers":            {"llama", func(e *example) { delete(e.meta, "llama.block_count") }, "block_count"},
		"layers by a string":   {"llama", func(e *example) { e.meta["llama.block_count"] = "1" }, "block_count"},
		"missing tensor":       {"qwen2", func(e *example) { e.tensors = e.tensors[:len(e.tensors)-1] }, "ffn_down"},
		"more tensors": {"qwen2", func(e *example) {
			e.tensors = append(e.tensors, gguf.Tensor{Name: "x", Shape: []int{1}, Data: []float32{0}})
		}, `"x"`},
		"a wrong shape":       {"gpt2", func(e *example) { e.meta["gpt2.feed_forward_length"] = uint32(6) }, "shape"},
		"narrow heads":        {"llama", func(e *example) { e.meta["llama.rope.dimension_count"] = uint32(2) }, "rope.dimension_count"},
		"another scaling":     {"qwen2", func(e *example) { e.meta["qwen2.rope.scaling.type"] = "yarn" }, "yarn"},
		"other divisors":      {"llama", func(e *example) { e.tensors[len(e.tensors)-1].Data = []float32{2, 32} }, "rope_freqs"},
		"no end of texts":     {"gpt2", func(e *example) { delete(e.meta, "tokenizer.ggml.eos_token_id") }, "eos_token_id"},
		"an end that is text": {"gpt2", func(e *example) { e.meta["tokenizer.ggml.eos_token_id"] = uint32(1) }, "ends with 1"},
		"a vast end":          {"gpt2", func(e *example) { e.meta["tokenizer.ggml.eos_token_id"] = uint64(1 << 40) }, "ends with"},
		"more tokens than rows": {"gpt2", func(e *example) {
			e.meta["tokenizer.ggml.tokens"] = []string{"a", "b", "ab", "<end>", "c", "d", "e", "f", "g", "h", "i"}
			e.meta["tokenizer.ggml.token_type"] = []int32{1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1}
		}, "11 tokens"},
		"another tokenizer": {"gpt2", func(e *example) { e.meta["tokenizer.ggml.model"] = "bert" }, "tokenizer.ggml.model"},
		"not finite":        {"gpt2", func(e *example) { e.tensors[0].Data[3] = float32(math.NaN()) }, "NaN"},
	} {
		e := examples()[x.arch]
		e.meta = maps.Clone(e.meta)
		x.change(e)
		b := e.bytes(t)
		if _, _, err := ggufmodel.Open(t.Context(), bytes.NewReader(b), int64(len(b))); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want EInvalid with %q", name, err, x.want)
		}
	}
	b := examples()["gpt2"].bytes(t)
	if _, _, err := ggufmodel.Open(t.Context(), bytes.NewReader(b), int64(len(b)-100)); perk.ErrorCode(err) != perk.ECorrupt {
		t.Errorf("half a file: %v", err)
	}
}

// allocated gives the bytes allocated by this process so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzOpen: a file opens and runs, or is refused, within memory.
func FuzzOpen(f *testing.F) {
	for _, e := range examples() {
		f.Add(e.bytes(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := allocated()
		m, _, err := ggufmodel.Open(t.Context(), bytes.NewReader(b), int64(len(b)))
		if n := allocated() - before; n > 64<<20 && len(b) < 1<<20 {
			t.Errorf("%d bytes allocated for a file of %d", n, len(b))
		}
		if err != nil {
			if c := perk.ErrorCode(err); c != perk.EInvalid && c != perk.ECorrupt {
				t.Fatalf("%v has code %s", err, c)
			}
			return
		}
		s, err := m.NewSession(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(0); err != nil {
			t.Fatal(err)
		}
	})
}
