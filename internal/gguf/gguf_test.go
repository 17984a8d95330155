package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/gguf"
)

func write(t testing.TB, meta gguf.Metadata, tensors ...gguf.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.Write(&b, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte) *gguf.Reader {
	t.Helper()
	r, err := gguf.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func everyValue() gguf.Metadata {
	return gguf.Metadata{
		"u8": uint8(255), "i8": int8(-128), "u16": uint16(65535), "i16": int16(-5), "u32": uint32(1 << 31), "i32": int32(-7), "u64": uint64(math.MaxUint64),
		"i64": int64(math.MinInt64), "f32": float32(1.5), "f64": math.Pi, "yes": true, "no": false, "s": "ünï\x00code", "empty": "",
		"a.u8": []uint8{1, 2}, "a.i8": []int8{-1}, "a.u16": []uint16{3}, "a.i16": []int16{-3}, "a.u32": []uint32{}, "a.i32": []int32{4, -4}, "a.u64": []uint64{5},
		"a.i64": []int64{-5}, "a.f32": []float32{0.5, 2}, "a.f64": []float64{0.1}, "a.bool": []bool{true, false}, "a.s": []string{"a", "", "c"},
		"a.a": []any{[]int32{1}, []string{"x"}, []any{[]bool{true}}},
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	big := make([]float32, 3*5000)
	for i := range big {
		big[i] = float32(r.NormFloat64())
	}
	quantised := make([]float32, 2*64)
	for i := range quantised {
		quantised[i] = float32(r.NormFloat64())
	}
	tensors := []gguf.Tensor{
		{Name: "f32", Type: gguf.F32, Shape: []int{3, 5000}, Data: big},
		{Name: "f16", Type: gguf.F16, Shape: []int{3}, Data: []float32{0.5, -2, 1.0 / (1 << 24)}},
		{Name: "empty", Type: gguf.F32, Shape: []int{0, 4}, Data: []float32{}},
		{Name: "q8", Type: gguf.Q8_0, Shape: []int{2, 64}, Data: quantised},
		{Name: "zero", Type: gguf.Q8_0, Shape: []int{32}, Data: make([]float32, 32)},
	}
	for _, align := range []uint32{0, 8, 64} {
		meta := everyValue()
		if align > 0 {
			meta["general.alignment"] = align
		}
		b := write(t, meta, tensors...)
		if !bytes.Equal(b, write(t, meta, tensors...)) {
			t.Error("equal content gives different bytes")
		}
		in := open(t, b)
		if diff := cmp.Diff(meta, in.Metadata); diff != "" {
			t.Error(diff)
		}
		for _, want := range tensors {
			e, ok := in.Entry(want.Name)
			if !ok || e.Type != want.Type || !cmp.Equal(e.Shape, want.Shape) {
				t.Errorf("%s: %v, %t", want.Name, e, ok)
				continue
			}
			got, err := in.Floats(e)
			if err != nil {
				t.Fatal(err)
			}
			if want.Type != gguf.Q8_0 {
				if diff := cmp.Diff(want.Data, got); diff != "" {
					t.Errorf("%s: %s", want.Name, diff)
				}
				continue
			}
			for i := range got { // half a step of the block's scale, and the scale's own rounding
				most := 0.0
				for _, x := range want.Data[i/32*32:][:32] {
					most = max(most, math.Abs(float64(x)))
				}
				if d := math.Abs(float64(got[i] - want.Data[i])); d > most*(0.5/127+1.0/2048) {
					t.Errorf("%s[%d]: %g becomes %g", want.Name, i, want.Data[i], got[i])
				}
			}
		}
	}
}

// TestLayout spells the bytes of a small file out.
func TestLayout(t *testing.T) {
	got := write(t, gguf.Metadata{"k": uint32(7)}, gguf.Tensor{Name: "t", Type: gguf.F32, Shape: []int{1, 2}, Data: []float32{1, -2}})
	want := "GGUF\x03\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x00\x00" +
		"\x01\x00\x00\x00\x00\x00\x00\x00k\x04\x00\x00\x00\x07\x00\x00\x00" +
		"\x01\x00\x00\x00\x00\x00\x00\x00t\x02\x00\x00\x00" + "\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00"
	want += strings.Repeat("\x00", (32-len(want)%32)%32) + "\x00\x00\x80\x3f\x00\x00\x00\xc0" + strings.Repeat("\x00", 24)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	got[4] = 2 // version 2 has the same layout
	if in := open(t, got); in.Version != 2 {
		t.Errorf("version %d", in.Version)
	}
}

func TestMetadataAccess(t *testing.T) {
	m := everyValue()
	for _, key := range []string{"u8", "i8", "u16", "i16", "u32", "i32", "i64"} {
		if _, ok := m.Int(key); !ok {
			t.Errorf("%s is no integer", key)
		}
	}
	if n, ok := m.Int("i8"); n != -128 || !ok {
		t.Errorf("i8 is %d, %t", n, ok)
	}
	for _, key := range []string{"u64", "f32", "s", "none"} {
		if n, ok := m.Int(key); ok {
			t.Errorf("%s is %d", key, n)
		}
	}
	if x, ok := m.Float("f32"); x != 1.5 || !ok {
		t.Errorf("f32 is %g, %t", x, ok)
	}
	if _, ok := m.Float("u8"); ok {
		t.Error("u8 is no float")
	}
	if s, ok := m.String("s"); s != "ünï\x00code" || !ok {
		t.Errorf("s is %q, %t", s, ok)
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	for name, c := range map[string]struct {
		meta    gguf.Metadata
		tensors []gguf.Tensor
	}{
		"type of value": {gguf.Metadata{"x": 1}, nil},
		"no array":      {gguf.Metadata{"x": []any{"s"}}, nil},
		"too deep":      {gguf.Metadata{"x": []any{[]any{[]any{[]any{[]int32{}}}}}}, nil},
		"alignment":     {gguf.Metadata{"general.alignment": uint32(12)}, nil},
		"type":          {nil, []gguf.Tensor{{Name: "a", Type: gguf.Q4_0, Shape: []int{32}, Data: make([]float32, 32)}}},
		"shape":         {nil, []gguf.Tensor{{Name: "a", Shape: []int{2}, Data: one}}},
		"no dimensions": {nil, []gguf.Tensor{{Name: "a", Data: one}}},
		"part of block": {nil, []gguf.Tensor{{Name: "a", Type: gguf.Q8_0, Shape: []int{2, 16}, Data: make([]float32, 32)}}},
		"twice":         {nil, []gguf.Tensor{{Name: "a", Shape: []int{1}, Data: one}, {Name: "a", Shape: []int{1}, Data: one}}},
	} {
		if err := gguf.Write(&bytes.Buffer{}, c.meta, c.tensors); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: got %v, want EInvalid", name, err)
		}
	}
}

// TestOpenRefuses damages a good file in one place each. Every file is also to be refused without memory.
func TestOpenRefuses(t *testing.T) {
	good := string(write(t, gguf.Metadata{"k": []string{"abc"}, "n": uint32(3), "y": true},
		gguf.Tensor{Name: "one", Shape: []int{8}, Data: make([]float32, 8)}, gguf.Tensor{Name: "two", Shape: []int{8}, Data: make([]float32, 8)}))
	u32 := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	u64 := func(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
	one, two := u64(3)+"one"+u32(1)+u64(8)+u32(0)+u64(0), u64(3)+"two"+u32(1)+u64(8)+u32(0)+u64(32)
	for name, c := range map[string]struct {
		old, new string
		want     perk.Code
	}{
		"magic":              {"GGUF", "GGML", perk.ECorrupt},
		"version 1":          {"GGUF" + u32(3), "GGUF" + u32(1), perk.EInvalid},
		"version 4":          {"GGUF" + u32(3), "GGUF" + u32(4), perk.EInvalid},
		"big-endian":         {"GGUF" + u32(3), "GGUF\x00\x00\x00\x03", perk.EInvalid},
		"vast tensor count":  {u64(2) + u64(3), u64(1<<60) + u64(3), perk.ECorrupt},
		"vast value count":   {u64(2) + u64(3), u64(2) + u64(1<<62), perk.ECorrupt},
		"vast array":         {u32(9) + u32(8) + u64(1), u32(9) + u32(8) + u64(1<<61), perk.ECorrupt},
		"vast string":        {u64(3) + "abc", u64(math.MaxUint64) + "abc", perk.ECorrupt},
		"unknown value type": {"n" + u32(4), "n" + u32(13), perk.ECorrupt},
		"unknown array type": {u32(9) + u32(8), u32(9) + u32(99), perk.ECorrupt},
		"bool of 2":          {"y" + u32(7) + "\x01", "y" + u32(7) + "\x02", perk.ECorrupt},
		"key twice":          {"n" + u32(4), "k" + u32(4), perk.ECorrupt},
		"no dimensions":      {one, u64(3) + "one" + u32(0) + u64(8) + u32(0) + u64(0), perk.ECorrupt},
		"vast dimension":     {one, u64(3) + "one" + u32(1) + u64(1<<40) + u32(0) + u64(0), perk.ECorrupt},
		"larger than file":   {one, u64(3) + "one" + u32(1) + u64(1<<30) + u32(0) + u64(0), perk.ECorrupt},
		"type not read":      {one, u64(3) + "one" + u32(1) + u64(8) + u32(10) + u64(0), perk.EInvalid},
		"part of a block":    {one, u64(3) + "one" + u32(1) + u64(8) + u32(2) + u64(0), perk.ECorrupt},
		"not aligned":        {two, u64(3) + "two" + u32(1) + u64(8) + u32(0) + u64(36), perk.ECorrupt},
		"overlap":            {two, u64(3) + "two" + u32(1) + u64(8) + u32(0) + u64(0), perk.ECorrupt},
		"beyond the end":     {two, u64(3) + "two" + u32(1) + u64(8) + u32(0) + u64(64), perk.ECorrupt},
		"vast offset":        {two, u64(3) + "two" + u32(1) + u64(8) + u32(0) + u64(1<<63), perk.ECorrupt},
		"name twice":         {two, u64(3) + "one" + u32(1) + u64(8) + u32(0) + u64(32), perk.ECorrupt},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: the file does not have what is to be damaged", name)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := gguf.Open(strings.NewReader(bad), int64(len(bad)))
		runtime.ReadMemStats(&after)
		if perk.ErrorCode(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
	for n := range len(good) {
		if _, err := gguf.Open(strings.NewReader(good), int64(n)); perk.ErrorCode(err) != perk.ECorrupt {
			t.Fatalf("cut to %d bytes: got %v, want ECorrupt", n, err)
		}
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk on fire") }
func (failing) Write([]byte) (int, error)         { return 0, errors.New("disk on fire") }

func TestFailedReadsAndWrites(t *testing.T) {
	if _, err := gguf.Open(failing{}, 1000); perk.ErrorCode(err) != perk.ECorrupt || !strings.Contains(err.Error(), "fire") {
		t.Errorf("got %v", err)
	}
	if err := gguf.Write(failing{}, nil, nil); perk.ErrorCode(err) != perk.EInternal {
		t.Errorf("got %v", err)
	}
}
