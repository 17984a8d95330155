package lora_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/fse"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

const codedName = "m.lora_B.weight"

// body gives the stored codes of wide's tensor and how they are coded.
func body(t testing.TB, b []byte) ([]byte, string) {
	t.Helper()
	f, err := safetensors.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	codes, _ := f.Tensor(codedName)
	return codes.Bytes, f.Metadata["perk.coding"]
}

// TestCodingIsChosen: entropy coding where the levels are unequally frequent, bare codes where it would not be shorter.
func TestCodingIsChosen(t *testing.T) {
	uniform := wide(64, 256)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range uniform.Pairs["m"].B {
		uniform.Pairs["m"].B[i] = float32(2*rng.IntN(16)-15) / 4
	}
	zero := wide(64, 256)
	clear(zero.Pairs["m"].B)
	for _, tc := range []struct {
		name string
		a    *lora.Adapter
		bits int
		want string
	}{
		{"normal", wide(128, 512), 8, "fse"}, {"normal", wide(128, 512), 5, "fse"}, {"normal", wide(128, 512), 2, "fse"},
		{"signs", wide(64, 256), 1, "raw"}, {"uniform", uniform, 4, "raw"}, {"zero", zero, 4, "raw"}, {"tiny", wide(1, 1), 8, "raw"},
	} {
		b := pack(t, tc.a, tc.bits)
		if _, coding := body(t, b); coding != `{"`+codedName+`":"`+tc.want+`"}` {
			t.Errorf("%s, %d bits: %s, want %s", tc.name, tc.bits, coding, tc.want)
		}
		unpack(t, b, tc.a)
	}
	if diff := cmp.Diff(uniform, unpack(t, pack(t, uniform, 4), uniform)); diff != "" {
		t.Error(diff)
	}
}

// TestCodingIsLossless: entropy-coded levels and bare ones of the same widths give the same adapter.
func TestCodingIsLossless(t *testing.T) {
	for bits := 2; bits <= 8; bits++ {
		a := wide(128, 512)
		once := unpack(t, pack(t, a, bits), a)
		one := wide(1, 512) // too little to gain by a table of many levels, so bare
		copy(one.Pairs["m"].B, a.Pairs["m"].B)
		row := unpack(t, pack(t, one, bits), one)
		if diff := cmp.Diff(row.Pairs["m"].B, once.Pairs["m"].B[:512]); diff != "" {
			t.Errorf("%d bits: %s", bits, diff)
		}
	}
}

// TestDamagedCodes: entropy-coded bytes that do not make the tensor are ECorrupt, and a small file cannot ask for more memory than the tensor's.
func TestDamagedCodes(t *testing.T) {
	a := wide(128, 512)
	good := pack(t, a, 4)
	coded, _ := body(t, good)
	compress := func(codes []byte) []byte {
		b, err := fse.Compress(codes, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	many := make([]byte, 16<<20)
	many[0] = 1
	high := make([]byte, 65536)
	high[9] = 16
	for text, bad := range map[string][]byte{
		"32745 entropy-coded levels":   coded[:len(coded)/2],
		"decode entropy-coded levels":  coded[:len(coded)/3],
		"DecompressLimit":              compress(many),
		"65535 entropy-coded":          compress(many[:65535]),
		"65537 entropy-coded":          compress(many[:65537]),
		"level 9 is 16, 4 bits end at": compress(high),
		"levels: input too small":      {},
	} {
		f, err := safetensors.Read(good)
		if err != nil {
			t.Fatal(err)
		}
		f.Tensors[0].Shape, f.Tensors[0].Bytes = []int{len(bad)}, bad
		b, err := safetensors.Marshal(f.Metadata, f.Tensors)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = lora.Unmarshal(b, a)
		runtime.ReadMemStats(&after)
		if perk.ErrorCode(err) != perk.ECorrupt || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want ECorrupt with %q", err, text)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes were allocated", text, n)
		}
	}
}

// FuzzCodes gives any bytes for entropy-coded levels: an error or an adapter, no panic.
func FuzzCodes(f *testing.F) {
	a := wide(16, 64)
	for _, bits := range []int{2, 4, 6} {
		coded, _ := body(f, pack(f, a, bits))
		f.Add(coded, bits)
		f.Add(coded[:len(coded)-3], bits)
	}
	f.Fuzz(func(t *testing.T, coded []byte, bits int) {
		b, err := safetensors.Marshal(map[string]string{"perk.format": "lora-delta-3", "perk.bits": fmt.Sprint(bits),
			"perk.shapes": `{"` + codedName + `":[16,64]}`, "perk.coding": `{"` + codedName + `":"fse"}`}, []safetensors.Tensor{
			{Name: codedName, Shape: []int{len(coded)}, Bytes: append([]byte{}, coded...)},
			{Name: codedName + ".scale", Shape: []int{16}, Data: make([]float32, 16)}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lora.Unmarshal(b, a); err != nil && perk.ErrorCode(err) != perk.ECorrupt {
			t.Fatal(err)
		}
	})
}

// BenchmarkPack and BenchmarkUnmarshal: MB/s are of float32 elements.
func BenchmarkPack(b *testing.B) {
	a := wide(128, 512)
	for _, bits := range []int{8, 6, 4} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			b.SetBytes(4 * 65536)
			for b.Loop() {
				pack(b, a, bits)
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	a := wide(128, 512)
	for _, bits := range []int{8, 6, 4} {
		payload := pack(b, a, bits)
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			b.SetBytes(4 * 65536)
			for b.Loop() {
				unpack(b, payload, a)
			}
		})
	}
}
