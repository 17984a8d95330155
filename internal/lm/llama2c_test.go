package lm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/lm"
)

// testData finds a folder of the shared test data, and skips where there is none; in CI that is a failure.
func testData(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("PERK_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("test data: %v", err)
		}
		t.Skipf("test data: %v (set PERK_DATA)", err)
	}
	return dir
}

// readLlama2c reads a model of the llama2.c project, version 0: seven sizes, then the weights, each kind for all layers.
func readLlama2c(t testing.TB, path string) *lm.Model {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(raw)
	var h struct{ Dim, FF, Layers, Heads, KVHeads, Vocab, Context int32 }
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		t.Fatal(err)
	}
	c := lm.Config{Arch: lm.ArchLlama, Vocab: int(h.Vocab), Dim: int(h.Dim), Layers: int(h.Layers), Heads: int(h.Heads), KVHeads: int(h.KVHeads),
		FF: int(h.FF), Context: int(h.Context), RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true}
	kv := c.Dim / c.Heads * c.KVHeads
	w := map[string][]float32{}
	read := func(name string, n int) {
		w[name] = make([]float32, n)
		if err := binary.Read(r, binary.LittleEndian, w[name]); err != nil {
			t.Fatal(err)
		}
	}
	read("embed", c.Vocab*c.Dim)
	for _, part := range []struct {
		name string
		n    int
	}{{"attn.norm", c.Dim}, {"attn.q", c.Dim * c.Dim}, {"attn.k", kv * c.Dim}, {"attn.v", kv * c.Dim}, {"attn.o", c.Dim * c.Dim},
		{"mlp.norm", c.Dim}, {"mlp.gate", c.FF * c.Dim}, {"mlp.down", c.Dim * c.FF}, {"mlp.up", c.FF * c.Dim}} {
		for i := range c.Layers {
			read(fmt.Sprintf("layers.%d.%s", i, part.name), part.n)
		}
	}
	read("norm", c.Dim)
	if rest := r.Len(); rest != c.Context*c.Dim/c.Heads*4 { // two rotary tables that nobody reads
		t.Fatalf("%d bytes left after the weights", rest)
	}
	m, err := lm.New(c, w)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// readVocab reads the pieces of a llama2.c tokenizer.
func readVocab(t testing.TB, path string, n int) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(raw[4:]) // the longest piece's length comes first
	out := make([]string, n)
	for i := range out {
		var h struct {
			Score float32
			Len   int32
		}
		if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, h.Len)
		if _, err := io.ReadFull(r, piece); err != nil {
			t.Fatal(err)
		}
		out[i] = string(piece)
	}
	return out
}

type golden struct {
	PromptIDs []int32 `json:"prompt_ids"`
	NLL       float64 `json:"mean_next_token_nll"`
}

func readGolden(t testing.TB, dir string) (g golden, logits []float64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "golden_logits_f32.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(raw); i += 4 {
		logits = append(logits, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))))
	}
	return g, logits
}

// TestStories260KLogits compares with logits that llama2.c computed.
func TestStories260KLogits(t *testing.T) {
	dir := testData(t, "models", "stories260K")
	m := readLlama2c(t, filepath.Join(dir, "stories260K.bin"))
	g, want := readGolden(t, dir)
	n, v := len(g.PromptIDs), m.Config().Vocab
	b := lm.Batch{Tokens: g.PromptIDs, Targets: append(append([]int32(nil), g.PromptIDs[1:]...), -1), B: 1, T: n}
	shape := randomAdapter(m, 2, false)
	for _, p := range shape.Pairs {
		clear(p.B)
	}
	pass := newPass(t, m, b, shape, 1)
	got, err := pass.Logits(t.Context(), shape)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "training path", got, want, 1e-5)
	loss, err := pass.Gradient(t.Context(), shape, nil, shape.Zeros())
	if err != nil {
		t.Fatal(err)
	}
	if nll := loss / float64(n-1); math.Abs(nll-g.NLL) > 1e-5 {
		t.Errorf("mean token loss = %v, want %v", nll, g.NLL)
	}
	s := newSession(t, m, nil)
	for i, tok := range g.PromptIDs {
		got, err := s.Step(tok)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, "decode path", got, want[i*v:(i+1)*v], 1e-5)
	}
}

// TestStories260KGreedyText decodes 200 tokens from nothing and compares the text byte for byte with llama2.c's.
func TestStories260KGreedyText(t *testing.T) {
	dir := testData(t, "models", "stories260K")
	m := readLlama2c(t, filepath.Join(dir, "stories260K.bin"))
	vocab := readVocab(t, filepath.Join(dir, "tok512.bin"), m.Config().Vocab)
	want, err := os.ReadFile(filepath.Join(dir, "golden_t0_n200.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const begin = 1
	s := newSession(t, m, nil)
	text := &strings.Builder{}
	for tok, i := int32(begin), 0; i < 200; i++ {
		logits, err := s.Step(tok)
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for j, z := range logits {
			if z > logits[next] {
				next = j
			}
		}
		if next == begin {
			break
		}
		piece := vocab[next]
		if tok == begin {
			piece = strings.TrimPrefix(piece, " ")
		}
		var b byte
		if n, _ := fmt.Sscanf(piece, "<0x%02X>", &b); n == 1 {
			piece = string([]byte{b})
		}
		text.WriteString(piece)
		tok = int32(next)
	}
	if text.String()+"\n" != string(want) {
		t.Errorf("text is\n%s\nwant\n%s", text, want)
	}
}
