package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/fuzztest"
	"github.com/perkdb/perk/internal/safetensors"
)

func file(header, data string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+data...)
}

// TestMarshalLayout spells the bytes of a small file out.
func TestMarshalLayout(t *testing.T) {
	got, err := safetensors.Marshal(map[string]string{"b": "2", "a": "1"}, []safetensors.Tensor{
		{Name: "y", Shape: []int{2}, Data: []float32{1, -2}},
		{Name: "x", Data: []float32{0.5}},
		{Name: "z", Shape: []int{3}, Bytes: []byte{1, 2, 255}},
	})
	if err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"a":"1","b":"2"},"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"z":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := file(header, "\x00\x00\x00\x3f\x00\x00\x80\x3f\x00\x00\x00\xc0\x01\x02\xff")
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTripIsExact(t *testing.T) {
	in := []safetensors.Tensor{
		{Name: "a", Shape: []int{2, 3}, Data: []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, float32(math.Inf(1)), 1.1}},
		{Name: "empty", Shape: []int{0, 4}, Data: []float32{}},
		{Name: "nan", Shape: []int{1}, Data: []float32{math.Float32frombits(0x7fc12345)}},
		{Name: "no bytes", Shape: []int{0}, Bytes: []byte{}},
		{Name: "packed", Shape: []int{2, 2}, Bytes: []byte{0, 1, 128, 255}},
		{Name: "ünï \"quoted\"", Shape: []int{}, Data: []float32{7}},
	}
	b, err := safetensors.Marshal(map[string]string{"k": "v"}, []safetensors.Tensor{in[5], in[3], in[1], in[4], in[0], in[2]})
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	bits := cmp.Comparer(func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	if diff := cmp.Diff(in, f.Tensors, bits, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if f.Metadata["k"] != "v" {
		t.Errorf("metadata = %v", f.Metadata)
	}
	if got, ok := f.Tensor("a"); !ok || len(got.Data) != 6 {
		t.Errorf("Tensor(a) = %v, %t", got, ok)
	}
	if _, ok := f.Tensor("b"); ok {
		t.Error("Tensor(b) was found")
	}
}

func TestReadRefusesHostileFiles(t *testing.T) {
	const x = `"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
	for name, tc := range map[string]struct {
		b    []byte
		text string
	}{
		"empty":            {nil, "0 bytes"},
		"short":            {make([]byte, 7), "7 bytes"},
		"huge header":      {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "does not fit"},
		"header past end":  {binary.LittleEndian.AppendUint64(nil, 1), "does not fit"},
		"no header":        {file("", ""), "no JSON object"},
		"array":            {file("[]", ""), "no JSON object"},
		"cut JSON":         {file("{"+x, "abcd"), "parse header"},
		"rest":             {file("{"+x+"} {}", "abcd"), "goes on"},
		"twice":            {file("{"+x+","+x+"}", "abcd"), "twice"},
		"metadata type":    {file(`{"__metadata__":{"a":1}}`, ""), "metadata"},
		"type":             {file(strings.Replace("{"+x+"}", "F32", "F99", 1), "abcd"), `type "F99"`},
		"doubles":          {file(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, "abcdefgh"), `type "F64"`},
		"halves":           {file(strings.Replace("{"+x+"}", "F32", "BF16", 1), "abcd"), "has 4 bytes, want 2"},
		"entry":            {file(`{"x":7}`, ""), `parse tensor "x"`},
		"negative shape":   {file(strings.Replace("{"+x+"}", "[1]", "[-1]", 1), "abcd"), "impossible shape"},
		"overflow":         {file(strings.Replace("{"+x+"}", "[1]", "[4611686018427387904,4]", 1), "abcd"), "impossible shape"},
		"fraction":         {file(strings.Replace("{"+x+"}", "[1]", "[1.5]", 1), "abcd"), `parse tensor "x"`},
		"shape and size":   {file(strings.Replace("{"+x+"}", "[1]", "[2]", 1), "abcd"), "has 4 bytes, want 8"},
		"bytes and size":   {file(strings.Replace("{"+x+"}", "F32", "U8", 1), "abcd"), "has 4 bytes, want 1"},
		"truncated":        {file("{"+x+"}", "abc"), "of 3"},
		"rest of data":     {file("{"+x+"}", "abcdefgh"), "end at byte 4 of 8"},
		"negative offset":  {file(strings.Replace("{"+x+"}", "[0,4]", "[-4,0]", 1), "abcd"), "lies at bytes -4"},
		"backwards":        {file(strings.Replace("{"+x+"}", "[0,4]", "[0,-4]", 1), "abcd"), "lies at bytes"},
		"overlap":          {file("{"+x+","+strings.Replace(x, "x", "y", 1)+"}", "abcd"), "want it to begin at 4"},
		"gap":              {file(strings.Replace("{"+x+"}", "[0,4]", "[4,8]", 1), "abcdefgh"), "want it to begin at 0"},
		"no header at all": {[]byte("this is not a safetensors file"), "does not fit"},
	} {
		_, err := safetensors.Read(tc.b)
		if perk.ErrorCode(err) != perk.ECorrupt || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want ECorrupt with %q", name, err, tc.text)
		}
	}
}

// TestHalvesAreWidened reads all values of both 16-bit types, which is more than one piece, and compares with their definition.
func TestHalvesAreWidened(t *testing.T) {
	var data []byte
	for i := range 1 << 16 {
		data = binary.LittleEndian.AppendUint16(data, uint16(i))
	}
	data = append(append(data, data...), data...)
	f, err := safetensors.Read(file(`{"b":{"dtype":"BF16","shape":[256,256],"data_offsets":[0,131072]},"h":{"dtype":"F16","shape":[2,65536],"data_offsets":[131072,393216]}}`, string(data)))
	if err != nil {
		t.Fatal(err)
	}
	widened := func(i, exponentBits, fractionBits int) float64 {
		exponent, fraction := i>>fractionBits&(1<<exponentBits-1), i&(1<<fractionBits-1)
		bias := 1<<(exponentBits-1) - 1
		v := math.Ldexp(float64(fraction), 1-bias-fractionBits)
		switch {
		case exponent == 1<<exponentBits-1 && fraction > 0:
			v = math.NaN()
		case exponent == 1<<exponentBits-1:
			v = math.Inf(1)
		case exponent > 0:
			v = math.Ldexp(1+math.Ldexp(float64(fraction), -fractionBits), exponent-bias)
		}
		if i>>15 == 1 {
			v = -v
		}
		return v
	}
	same := func(name string, got float32, want float64) {
		t.Helper()
		if math.IsNaN(want) != (got != got) || !math.IsNaN(want) && math.Float64bits(float64(got)) != math.Float64bits(want) {
			t.Fatalf("%s = %v, want %v", name, got, want)
		}
	}
	odd, err := safetensors.Read(file(`{"x":{"dtype":"BF16","shape":[5],"data_offsets":[0,10]}}`, string(data[0x7f00:0x7f0a])))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range odd.Tensors[0].Data {
		same("odd length", v, widened(0x3f80+i, 8, 7))
	}
	for i := range 1 << 16 {
		same("bfloat16", f.Tensors[0].Data[i], widened(i, 8, 7))
		same("float16", f.Tensors[1].Data[i], widened(i, 5, 10))
		same("float16", f.Tensors[1].Data[1<<16+i], widened(i, 5, 10))
	}
}

// TestOpenPassesOverOtherTypes: a mask of booleans beside the weights is no hindrance.
func TestOpenPassesOverOtherTypes(t *testing.T) {
	b := file(`{"mask":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}`, "\x00\x01\x00\x01\x00\x3c\x00\xc0")
	r, err := safetensors.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Entries) != 2 || r.Entries[0].Name != "a" || r.Entries[1].DType != "BOOL" {
		t.Fatalf("entries %+v", r.Entries)
	}
	got, err := r.Floats(r.Entries[0])
	if diff := cmp.Diff([]float32{1, -2}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := r.Floats(r.Entries[1]); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), `"mask" has type "BOOL"`) {
		t.Errorf("error %v, want EInvalid with the type", err)
	}
}

type badDisk struct{ io.ReaderAt }

func (d badDisk) ReadAt(p []byte, off int64) (int, error) {
	if off > 8 {
		return 0, errors.New("disk on fire")
	}
	return d.ReaderAt.ReadAt(p, off)
}

func TestReadAtReportsReadErrors(t *testing.T) {
	b := file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "abcd")
	_, err := safetensors.ReadAt(badDisk{bytes.NewReader(b)}, int64(len(b)))
	if err == nil || !strings.Contains(err.Error(), `tensor "x"`) || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("error %v, want the tensor and the cause", err)
	}
}

func TestMarshalRefusesWrongTensors(t *testing.T) {
	for name, ts := range map[string][]safetensors.Tensor{
		"shape":    {{Name: "x", Shape: []int{2}, Data: []float32{1}}},
		"bytes":    {{Name: "x", Shape: []int{2}, Bytes: []byte{1}}},
		"both":     {{Name: "x", Shape: []int{1}, Data: []float32{1}, Bytes: []byte{1}}},
		"negative": {{Name: "x", Shape: []int{-1, -1}, Data: []float32{1}}},
		"twice":    {{Name: "x", Data: []float32{1}}, {Name: "x", Data: []float32{1}}},
		"reserved": {{Name: "__metadata__", Data: []float32{1}}},
	} {
		if _, err := safetensors.Marshal(nil, ts); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", name, err)
		}
	}
}

// FuzzRead: what reads must be written and read again to the same content.
func FuzzRead(f *testing.F) {
	f.Add(file(`{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}`, "abcd"))
	f.Add(file(`{"x":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, "ababcd"))
	f.Add(file(`{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},"m":{"dtype":"BOOL","shape":[],"data_offsets":[4,5]}}`, "abcde"))
	f.Add(file(`{}`, ""))
	f.Add(file(`{"x":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}`, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer fuzztest.Bound(t, len(b))()
		first, err := safetensors.Read(b)
		if err != nil {
			if perk.ErrorCode(err) != perk.ECorrupt {
				t.Fatalf("error %v, want ECorrupt", err)
			}
			return
		}
		out, err := safetensors.Marshal(first.Metadata, first.Tensors)
		if err != nil {
			t.Fatal(err)
		}
		second, err := safetensors.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		bits := cmp.Comparer(func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
		if diff := cmp.Diff(first, second, bits, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
