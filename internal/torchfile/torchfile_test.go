package torchfile_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/fuzztest"
	"github.com/perkdb/perk/internal/torchfile"
)

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(b []byte) (*torchfile.File, error) {
	return torchfile.Open(bytes.NewReader(b), int64(len(b)))
}

func TestValues(t *testing.T) {
	for _, name := range []string{"protocol2.pt", "protocol4.pt"} {
		t.Run(name, func(t *testing.T) {
			f, err := open(read(t, "testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			root := f.Root.(*torchfile.Dict)
			list := func(items ...any) *torchfile.List { return &torchfile.List{Items: items} }
			for key, want := range map[string]any{
				"none": nil, "true": true, "false": false, "small": int64(7), "word": int64(70000), "minus": int64(-3), "long": int64(1 << 40), "minus_long": int64(-1 << 40), "zero": int64(0),
				"float": 0.1, "text": "grüße", "list": list(int64(1), list(2.5, "x"), torchfile.Tuple{}), "tuple": torchfile.Tuple{int64(1), "two"},
				"long_tuple": torchfile.Tuple{int64(1), int64(2), int64(3), int64(4)}, "ordered": &torchfile.Dict{Items: []torchfile.Item{{"b", int64(1)}, {"a", int64(2)}}},
				"again": list(list("a", "b"), list("a", "b")), "huge": &torchfile.Object{Class: "builtins.int"}, "nothing of the kind": nil,
			} {
				if diff := cmp.Diff(want, root.Get(key)); diff != "" {
					t.Errorf("%s:\n%s", key, diff)
				}
			}
			if o, ok := root.Get("object").(*torchfile.Object); !ok || o.Class != "collections.Counter" {
				t.Errorf("an object is %v", root.Get("object"))
			}
			for key, want := range map[string]struct {
				shape []int
				data  []float32
			}{
				"f32": {[]int{3, 4}, []float32{0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75}}, "view": {[]int{2, 4}, []float32{1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75}},
				"f16":  {[]int{3, 4}, []float32{0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75}},
				"bf16": {[]int{3, 4}, []float32{0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75}}, "scalar": {[]int{}, []float32{2.5}}, "empty": {[]int{0, 3}, nil},
				"parameter": {[]int{4}, []float32{0, .25, .5, .75}},
			} {
				x, ok := root.Get(key).(*torchfile.Tensor)
				if !ok {
					t.Errorf("%s is a %T", key, root.Get(key))
					continue
				}
				got, err := f.Floats(x)
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
				if diff := cmp.Diff(want.shape, x.Shape) + cmp.Diff(want.data, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s:\n%s", key, diff)
				}
			}
			for _, key := range []string{"transposed", "i64"} {
				if _, err := f.Floats(root.Get(key).(*torchfile.Tensor)); perk.ErrorCode(err) != perk.EInvalid {
					t.Errorf("%s: %v, want EInvalid", key, err)
				}
			}
		})
	}
}

// pack makes an archive of members.
func pack(t testing.TB, method uint16, members map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefuses(t *testing.T) {
	deep := strings.Repeat(")\x85", 1<<16) // tuples in tuples, which must not end the stack
	for name, c := range map[string]struct {
		b    []byte
		code perk.Code
	}{
		"no archive":    {[]byte("\x80\x02}."), perk.EInvalid},
		"no pickle":     {pack(t, zip.Store, map[string]string{"a/b": "."}), perk.EInvalid},
		"compressed":    {pack(t, zip.Deflate, map[string]string{"a/data.pkl": strings.Repeat("N0", 100) + "N."}), perk.ECorrupt},
		"empty stack":   {pack(t, zip.Store, map[string]string{"a/data.pkl": "\x80\x02."}), perk.ECorrupt},
		"no end":        {pack(t, zip.Store, map[string]string{"a/data.pkl": "\x80\x02}"}), perk.ECorrupt},
		"long text":     {pack(t, zip.Store, map[string]string{"a/data.pkl": "X\xff\xff\xff\xffab."}), perk.ECorrupt},
		"no memo":       {pack(t, zip.Store, map[string]string{"a/data.pkl": "h\x01."}), perk.ECorrupt},
		"no mark":       {pack(t, zip.Store, map[string]string{"a/data.pkl": "]NNe."}), perk.ECorrupt},
		"a mark":        {pack(t, zip.Store, map[string]string{"a/data.pkl": "(."}), perk.ECorrupt},
		"half a pair":   {pack(t, zip.Store, map[string]string{"a/data.pkl": "}(Nu."}), perk.ECorrupt},
		"keys in list":  {pack(t, zip.Store, map[string]string{"a/data.pkl": "](NNu."}), perk.ECorrupt},
		"called number": {pack(t, zip.Store, map[string]string{"a/data.pkl": "K\x01)R."}), perk.ECorrupt},
		"no name":       {pack(t, zip.Store, map[string]string{"a/data.pkl": deep + "N\x93."}), perk.ECorrupt},
		"bad tensor":    {pack(t, zip.Store, map[string]string{"a/data.pkl": "ctorch._utils\n_rebuild_tensor_v2\n)R."}), perk.ECorrupt},
		"unknown":       {pack(t, zip.Store, map[string]string{"a/data.pkl": "i."}), perk.ECorrupt},
	} {
		if _, err := open(c.b); perk.ErrorCode(err) != c.code {
			t.Errorf("%s: %v, want %v", name, err, c.code)
		}
	}
	// Nothing is called: a pickle that would run a command is an object.
	f, err := open(pack(t, zip.Store, map[string]string{"a/data.pkl": "cos\nsystem\nX\x04\x00\x00\x00true\x85R."}))
	if o, ok := f.Root.(*torchfile.Object); err != nil || !ok || o.Class != "os.system" {
		t.Errorf("%v, %v", f.Root, err)
	}
}

// A tensor whose memory is not in the archive, or shorter than it says, is found when it is read.
func TestTensorIsCut(t *testing.T) {
	whole := string(read(t, "testdata", "protocol2.pt"))
	f, err := open([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(strings.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]string{}
	for _, m := range r.File {
		if strings.HasSuffix(m.Name, "data.pkl") {
			at, err := m.DataOffset()
			if err != nil {
				t.Fatal(err)
			}
			members["a/data.pkl"] = whole[at : at+int64(m.UncompressedSize64)]
		}
	}
	members["a/data/0"] = "short"
	short, err := open(pack(t, zip.Store, members))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"f32", "f16"} {
		if _, err := short.Floats(f.Root.(*torchfile.Dict).Get(key).(*torchfile.Tensor)); perk.ErrorCode(err) != perk.ECorrupt {
			t.Errorf("%s: %v, want ECorrupt", key, err)
		}
	}
}

// FuzzOpen: no bytes make it panic or allocate far beyond their own size.
func FuzzOpen(f *testing.F) {
	f.Add(read(f, "testdata", "protocol2.pt"))
	f.Add(read(f, "testdata", "protocol4.pt"))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer fuzztest.Bound(t, len(b))()
		file, err := open(b)
		if err != nil {
			return
		}
		root, _ := file.Root.(*torchfile.Dict)
		if root == nil {
			return
		}
		for _, i := range root.Items {
			if x, ok := i.Value.(*torchfile.Tensor); ok {
				if data, err := file.Floats(x); err == nil && 2*len(data) > len(b) {
					t.Errorf("%d elements of %d bytes", len(data), len(b))
				}
			}
		}
	})
}

// FuzzPickle gives the pickle alone, which a fuzzer hardly finds inside an archive.
func FuzzPickle(f *testing.F) {
	f.Add("\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01u.")
	f.Add("\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00aG?\xb9\x99\x99\x99\x99\x99\x9as.")
	f.Add("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x01a\x94e.")
	f.Fuzz(func(t *testing.T, code string) {
		defer fuzztest.Bound(t, len(code))()
		_, err := open(pack(t, zip.Store, map[string]string{"a/data.pkl": code}))
		if c := perk.ErrorCode(err); err != nil && c != perk.ECorrupt && c != perk.EInvalid {
			t.Errorf("code %v of %v", c, err)
		}
	})
}
