package lora_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// wide is a holder with one tensor of normal elements, whose rows have sizes from 1e-20 to 1e20.
func wide(rows, cols int) *lora.Adapter {
	p := lora.NewPair(8, rows, cols)
	p.A, p.TrainA = nil, false
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range p.B {
		p.B[i] = float32(rng.NormFloat64() * math.Pow(10, float64(i/cols%41-20)))
	}
	return &lora.Adapter{Scale: 1, Pairs: map[string]*lora.Pair{"m": p}}
}

func pack(t testing.TB, a *lora.Adapter, bits int) []byte {
	t.Helper()
	b, err := a.Pack(bits, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unpack(t testing.TB, b []byte, like *lora.Adapter) *lora.Adapter {
	t.Helper()
	a, err := lora.Unmarshal(b, like)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPackError holds the rows' mean squared error, as a share of their squares, to 3% over what the best uniform levels reach for normal elements
// (Max 1960: 0.3634, 0.1188, 0.03744, 0.01154, 0.003495, 0.001041; more bits measured), for each width and row lengths that do and do not fill bytes.
func TestPackError(t *testing.T) {
	for bits, bound := range map[int]float64{1: 0.374, 2: 0.1223, 3: 0.0386, 4: 0.0119, 5: 0.0036, 6: 0.00107, 7: 2.6e-4, 8: 6e-5} {
		for _, cols := range []int{509, 512} {
			a := wide(41, cols)
			x, y := a.Pairs["m"].B, unpack(t, pack(t, a, bits), a).Pairs["m"].B
			mean := 0.0
			for r := range 41 {
				var e, n float64
				for i := r * cols; i < (r+1)*cols; i++ {
					e, n = e+math.Pow(float64(x[i])-float64(y[i]), 2), n+math.Pow(float64(x[i]), 2)
				}
				mean += e / n / 41
			}
			if mean > bound || mean < bound/2 {
				t.Errorf("%d bits, %d columns: error %.6f, want at most %v", bits, cols, mean, bound)
			}
		}
	}
}

// TestPackSizes: never longer than the bare codes and scales with a header, and where many levels are unequally frequent, shorter by what the
// entropy of their levels promises (measured: 7.35, 5.37, 3.60 bits; 1% for the table and the coder).
func TestPackSizes(t *testing.T) {
	a := wide(128, 512)
	for bits, want := range map[int]float64{32: 32, 0: 32, 8: 7.43, 6: 5.43, 4: 3.64, 1: 1} {
		limit := int(want*65536/8) + 400 // header
		if bits != 0 && bits != lora.RawBits {
			limit += 128 * 4
		}
		if got := len(pack(t, a, bits)); got > limit || got < limit-limit/20 {
			t.Errorf("%d bits: %d bytes, want at most %d", bits, got, limit)
		}
	}
}

func TestPackIsDeterministic(t *testing.T) {
	for _, bits := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 32} {
		a := example(7)
		b := pack(t, a, bits)
		if !bytes.Equal(b, pack(t, a.Clone(), bits)) {
			t.Errorf("%d bits: equal adapters give different bytes", bits)
		}
		if err := unpack(t, b, example(1)).Matches(example(1)); err != nil {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
	exact, err := example(7).MarshalBinary()
	if err != nil || !bytes.Equal(exact, pack(t, example(7), 32)) || !bytes.Equal(exact, pack(t, example(7), 0)) {
		t.Errorf("32 bits are not the exact form, error %v", err)
	}
}

// TestPackBytes spells a small file out: one bit is the sign times the mean, two bits are -3, -1, 1, 3 times the scale, first element lowest.
func TestPackBytes(t *testing.T) {
	a := wide(2, 5)
	copy(a.Pairs["m"].B, []float32{3, -1, 1, -3, 1, 0, 0, 0, 0, 0})
	for bits, want := range map[int]struct{ codes, scale string }{
		1: {"\x15\x00", "\x66\x66\xe6\x3f\x00\x00\x00\x00"}, // 1.8
		2: {"\x27\x02\x00\x00", "\x00\x00\x80\x3f\x00\x00\x00\x00"},
	} {
		b := pack(t, a, bits)
		if !bytes.HasSuffix(b, []byte(want.codes+want.scale)) {
			t.Errorf("%d bits: file ends with %x, want %x%x", bits, b[len(b)-len(want.codes+want.scale):], want.codes, want.scale)
		}
	}
	got := unpack(t, pack(t, a, 2), a)
	if diff := cmp.Diff(a.Pairs["m"].B, got.Pairs["m"].B); diff != "" {
		t.Errorf("a row on the levels and a row of zeros must stay: %s", diff)
	}
}

func TestPackExtremes(t *testing.T) {
	for name, v := range map[string]float32{"smallest": math.SmallestNonzeroFloat32, "largest": math.MaxFloat32, "negative": -math.MaxFloat32} {
		for _, bits := range []int{1, 2, 3, 4, 5, 6, 7, 8} {
			a := wide(1, 9)
			for i := range a.Pairs["m"].B {
				a.Pairs["m"].B[i] = v
			}
			for _, w := range unpack(t, pack(t, a, bits), a).Pairs["m"].B {
				if math.Abs(float64(w)-float64(v)) > 1e-6*math.Abs(float64(v))+1e-42 {
					t.Errorf("%s, %d bits: %v became %v", name, bits, v, w)
				}
			}
		}
	}
}

func TestPackRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		v    float32
		bits int
		text string
	}{
		"nan": {float32(math.NaN()), 4, "is NaN"}, "infinity": {float32(math.Inf(-1)), 1, "is -Inf"}, "raw nan": {float32(math.NaN()), 32, "is NaN"},
		"nine": {1, 9, "not 9"}, "negative": {1, -1, "not -1"}, "sixteen": {1, 16, "not 16"},
	} {
		a := wide(2, 3)
		a.Pairs["m"].B[4] = tc.v
		if _, err := a.Pack(tc.bits, nil); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want EInvalid with %q", name, err, tc.text)
		}
	}
}

// TestThreeBits: a code over the end of a byte. The levels are -7 to 7 times the scale, codes 7 0 3 4 5 5, low bits first.
func TestThreeBits(t *testing.T) {
	a := wide(1, 6)
	copy(a.Pairs["m"].B, []float32{7, -7, -1, 1, 3, 3})
	b := pack(t, a, 3)
	if want := "\xc7\xd8\x02\x00\x00\x80\x3f"; !bytes.HasSuffix(b, []byte(want)) {
		t.Errorf("file ends with %x, want %x", b[len(b)-7:], want)
	}
	if diff := cmp.Diff(a, unpack(t, b, a)); diff != "" {
		t.Error(diff)
	}
}

// TestReadsOldForm reads a file as the first release with few bits wrote it: codes of shape (rows, bytes), no coding.
func TestReadsOldForm(t *testing.T) {
	a := wide(2, 5)
	copy(a.Pairs["m"].B, []float32{3, -1, 1, -3, 1, 0, 0, 0, 0, 0})
	b, err := safetensors.Marshal(map[string]string{"perk.format": "lora-delta-2", "perk.bits": "2", "perk.shapes": `{"m.lora_B.weight":[2,5]}`}, []safetensors.Tensor{
		{Name: "m.lora_B.weight", Shape: []int{2, 2}, Bytes: []byte("\x27\x02\x00\x00")},
		{Name: "m.lora_B.weight.scale", Shape: []int{2}, Data: []float32{1, 0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, unpack(t, b, a)); diff != "" {
		t.Error(diff)
	}
}

// TestUnpackRefuses changes one thing at a time in a good file of 4 bits, with 2 rows of 3 columns, which is not entropy-coded.
func TestUnpackRefuses(t *testing.T) {
	const name = "m.lora_B.weight"
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	shape := func(s string) func(f *safetensors.File) {
		return func(f *safetensors.File) { f.Metadata["perk.shapes"] = `{"` + name + `":` + s + `}` }
	}
	for text, change := range map[string]func(f *safetensors.File){
		`perk.bits is "9"`:       func(f *safetensors.File) { f.Metadata["perk.bits"] = "9" },
		`perk.bits is "32"`:      func(f *safetensors.File) { f.Metadata["perk.bits"] = "32" },
		`perk.bits is ""`:        func(f *safetensors.File) { delete(f.Metadata, "perk.bits") },
		"decode perk.shapes":     func(f *safetensors.File) { f.Metadata["perk.shapes"] = "[]" },
		"decode perk.coding":     func(f *safetensors.File) { delete(f.Metadata, "perk.coding") },
		`coding is ""`:           func(f *safetensors.File) { f.Metadata["perk.coding"] = "{}" },
		`coding is "zip"`:        func(f *safetensors.File) { f.Metadata["perk.coding"] = `{"` + name + `":"zip"}` },
		"decode entropy-coded":   func(f *safetensors.File) { f.Metadata["perk.coding"] = `{"` + name + `":"fse"}` },
		"want codes and":         func(f *safetensors.File) { f.Metadata["perk.shapes"] = "{}" },
		"which the file lacks":   func(f *safetensors.File) { f.Tensors[0].Name = "x" },
		"3 bytes of levels":      func(f *safetensors.File) { f.Tensors[0].Shape, f.Tensors[0].Bytes = []int{3}, f.Tensors[0].Bytes[:3] },
		"0 bytes of levels":      func(f *safetensors.File) { f.Tensors[0].Bytes, f.Tensors[0].Data = nil, make([]float32, 4) },
		"has 0 scales":           func(f *safetensors.File) { f.Tensors[1].Name = "m.scale" },
		"has 1 scales":           func(f *safetensors.File) { f.Tensors[1].Shape, f.Tensors[1].Data = []int{1}, f.Tensors[1].Data[:1] },
		"scale is NaN":           func(f *safetensors.File) { f.Tensors[1].Data[1] = nan },
		"scale is +Inf":          func(f *safetensors.File) { f.Tensors[1].Data[1] = inf },
		"scale is -1":            func(f *safetensors.File) { f.Tensors[1].Data[1] = -1 },
		"scale is 3e+38":         func(f *safetensors.File) { f.Tensors[1].Data[1] = 3e38 },
		"behind its end":         func(f *safetensors.File) { f.Tensors[0].Bytes[3] |= 0x10 },
		"want [2 3]":             shape("[2,4]"), // from here on sound files of another adapter
		"[2 -3], want [2 3]":     shape("[2,-3]"),
		"[6], want [2 3]":        shape("[6]"),
		"[2 4611686018427387904": shape("[2,4611686018427387904]"),
		"is missing":             func(f *safetensors.File) { f.Metadata["perk.shapes"] = `{"x":[2,3]}` },
	} {
		a := wide(2, 3)
		f, err := safetensors.Read(pack(t, a, 4))
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		b, err := safetensors.Marshal(f.Metadata, f.Tensors)
		if err != nil {
			t.Fatal(err)
		}
		_, err = lora.Unmarshal(b, a)
		code := perk.ECorrupt
		if strings.Contains(text, "[2 ") || strings.Contains(text, "is missing") {
			code = perk.EInvalid
		}
		if perk.ErrorCode(err) != code || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %s with %q", err, code, text)
		}
	}
}
