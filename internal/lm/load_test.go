package lm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/safetensors"
)

func TestLoadReadsWhatMarshalWrote(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		b, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		got, err := lm.Load(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.Config(), got.Config()); diff != "" {
			t.Error(diff)
		}
		if !cmp.Equal(m.Tensors(), got.Tensors()) || m.ID() != got.ID() {
			t.Errorf("%s: weights or digest changed on the way", name)
		}
		again, err := got.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, again) {
			t.Errorf("%s: equal models give different bytes", name)
		}
	}
}

func TestIDSeesEverything(t *testing.T) {
	c := configs["nano"]
	ids := map[perk.Hash]string{randomModel(t, c).ID(): "base"}
	add := func(what string, m *lm.Model) {
		if other, ok := ids[m.ID()]; ok {
			t.Errorf("%s has the digest of %s", what, other)
		}
		ids[m.ID()] = what
	}
	theta := c
	theta.RopeTheta = 5000
	add("another theta", randomModel(t, theta))
	for _, s := range randomModel(t, c).Tensors() {
		data := tensors(randomModel(t, c))
		data[s.Name][len(s.Data)-1]++
		m, err := lm.New(c, data)
		if err != nil {
			t.Fatal(err)
		}
		add("another "+s.Name, m)
	}
}

func tensors(m *lm.Model) map[string][]float32 {
	out := map[string][]float32{}
	for _, t := range m.Tensors() {
		out[t.Name] = slices.Clone(t.Data)
	}
	return out
}

func TestNewRefusesWrongWeights(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	for name, tc := range map[string]struct {
		change func(c *lm.Config, w map[string][]float32)
		text   string
	}{
		"missing":      {func(_ *lm.Config, w map[string][]float32) { delete(w, "layers.1.mlp.up") }, `"layers.1.mlp.up" is missing`},
		"superfluous":  {func(_ *lm.Config, w map[string][]float32) { w["layers.1.mlp.gate"] = nil }, "23 tensors"},
		"short":        {func(_ *lm.Config, w map[string][]float32) { w["embed"] = w["embed"][1:] }, `"embed" has`},
		"nan":          {func(_ *lm.Config, w map[string][]float32) { w["layers.0.attn.conv"][5] = float32(math.NaN()) }, "NaN at element 5"},
		"inf":          {func(_ *lm.Config, w map[string][]float32) { w["layers.2.mlp.down"][0] = float32(math.Inf(-1)) }, "-Inf"},
		"arch":         {func(c *lm.Config, _ map[string][]float32) { c.Arch = "gpt9" }, `"gpt9"`},
		"odd head":     {func(c *lm.Config, _ map[string][]float32) { c.Heads, c.KVHeads = 16, 16 }, "even width"},
		"gpt2's rope":  {func(c *lm.Config, _ map[string][]float32) { c.Arch = "gpt2" }, "learned positions"},
		"gpt2 shares":  {func(c *lm.Config, _ map[string][]float32) { *c = configs["gpt2"]; c.KVHeads = 1 }, "as many key-value heads"},
		"scaled nano":  {func(c *lm.Config, _ map[string][]float32) { c.RopeScaling = configs["llama3"].RopeScaling }, "no rope_scaling"},
		"scaling":      {func(c *lm.Config, _ map[string][]float32) { *c = configs["llama3"]; c.RopeScaling.LowFreq = 4 }, "the low one below the high"},
		"scaled from":  {func(c *lm.Config, _ map[string][]float32) { *c = configs["llama3"]; c.RopeScaling.OriginalContext = 0 }, "original_context is 0"},
		"qwen2's conv": {func(c *lm.Config, _ map[string][]float32) { *c = configs["qwen2"]; c.Conv = 2 }, "qwen2 has neither"},
		"heads":        {func(c *lm.Config, _ map[string][]float32) { c.Heads = 3 }, "split into 3 heads"},
		"no layers":    {func(c *lm.Config, _ map[string][]float32) { c.Layers = 0 }, "layers is 0"},
		"huge":         {func(c *lm.Config, _ map[string][]float32) { c.Context = 1 << 40 }, "context is"},
		"qwen2's top":  {func(c *lm.Config, _ map[string][]float32) { *c = configs["qwen2"]; c.TopFF = 8 }, "nor top_ff"},
		"top_ff":       {func(c *lm.Config, _ map[string][]float32) { c.TopFF = -1 }, "top_ff is -1"},
		"conv":         {func(c *lm.Config, _ map[string][]float32) { c.Conv = 0 }, "conv is 0"},
		"logit scale":  {func(c *lm.Config, _ map[string][]float32) { c.LogitScale = math.NaN() }, "logit_scale"},
		"untied":       {func(c *lm.Config, _ map[string][]float32) { c.TieEmbeddings = false }, "tied"},
		"theta":        {func(c *lm.Config, _ map[string][]float32) { c.RopeTheta = 0 }, "rope_theta"},
		"llama's conv": {func(c *lm.Config, _ map[string][]float32) { c.Arch = "llama" }, "llama has neither"},
	} {
		c2, w := c, tensors(m)
		tc.change(&c2, w)
		_, err := lm.New(c2, w)
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want EInvalid with %q", name, err, tc.text)
		}
	}
	shared := configs["llama"]
	shared.KVHeads = 4
	if _, err := lm.Tensors(shared); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("6 heads on 4: %v, want EInvalid", err)
	}
}

func TestLoadRefusesDamagedFiles(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	whole, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	marshal := func(meta string, change func(ts []safetensors.Tensor)) []byte {
		ts := m.Tensors()
		change(ts)
		b, err := safetensors.Marshal(map[string]string{"perk.config": meta}, ts)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cfg, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	none := func([]safetensors.Tensor) {}
	plain, err := safetensors.Marshal(nil, m.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		b    []byte
		code perk.Code
		text string
	}{
		"empty":         {nil, perk.ECorrupt, "0 bytes"},
		"header only":   {whole[:200], perk.ECorrupt, "does not fit"},
		"truncated":     {whole[:len(whole)-4], perk.ECorrupt, "lies at bytes"},
		"no config":     {plain, perk.EInvalid, "perk.config"},
		"bad config":    {marshal("{", none), perk.EInvalid, "parse perk.config"},
		"unknown field": {marshal(strings.Replace(string(cfg), "{", `{"dropout":0.1,`, 1), none), perk.EInvalid, "dropout"},
		"more layers":   {marshal(strings.Replace(string(cfg), `"layers":3`, `"layers":4`, 1), none), perk.EInvalid, "layers.3.attn.conv"},
		"transposed":    {marshal(string(cfg), func(ts []safetensors.Tensor) { slices.Reverse(ts[0].Shape) }), perk.EInvalid, `"embed" has shape [16 23]`},
	} {
		_, err := lm.Load(tc.b)
		if perk.ErrorCode(err) != tc.code || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want %s with %q", name, err, tc.code, tc.text)
		}
	}
}

// FuzzLoad feeds changed model files; whatever loads must run.
func FuzzLoad(f *testing.F) {
	tiny := lm.Config{Arch: "nano", Vocab: 5, Dim: 4, Layers: 1, Heads: 2, KVHeads: 2, FF: 4, Context: 8, Conv: 2, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 1, TieEmbeddings: true}
	b, err := randomModel(f, tiny).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<40))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := lm.Load(b)
		if err != nil {
			if c := perk.ErrorCode(err); c != perk.EInvalid && c != perk.ECorrupt {
				t.Fatalf("error %v has code %s", err, c)
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
