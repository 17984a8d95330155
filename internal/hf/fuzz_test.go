package hf_test

import (
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/fuzztest"
	"github.com/perkdb/perk/internal/hf"
)

// check opens a folder of changed files: it opens and runs, or the error says what kind it is.
func check(t *testing.T, dir fstest.MapFS) {
	m, err := hf.Open(t.Context(), dir)
	if err != nil {
		switch c := perk.ErrorCode(err); c {
		case perk.EInvalid, perk.ECorrupt, perk.ENotFound:
		default:
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
}

// FuzzConfig changes config.json beside weights of each family.
func FuzzConfig(f *testing.F) {
	for _, e := range examples() {
		f.Add([]byte(e.config))
		f.Add([]byte(e.config[:len(e.config)/2]))
	}
	f.Add([]byte(`{"model_type":"llama","vocab_size":9007199254740993}`))
	var weights []*fstest.MapFile
	for _, e := range examples() {
		weights = append(weights, e.folder("F16")["model.safetensors"])
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		defer fuzztest.Bound(t, len(config))()
		for _, w := range weights {
			check(t, fstest.MapFS{"config.json": {Data: config}, "model.safetensors": w})
		}
	})
}

// FuzzIndex changes the index of a model in two shards.
func FuzzIndex(f *testing.F) {
	dir := examples()["gpt2"].sharded("BF16")
	f.Add(dir[hf.IndexFile].Data)
	f.Add([]byte(`{"metadata":{"total_size":7},"weight_map":{"a":"b.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../b.safetensors"}}`))
	f.Fuzz(func(t *testing.T, index []byte) {
		defer fuzztest.Bound(t, len(index))()
		changed := fstest.MapFS{hf.IndexFile: {Data: index}}
		for name, file := range dir {
			if name != hf.IndexFile {
				changed[name] = file
			}
		}
		check(t, changed)
	})
}

// TestSmallFilesClaimLittleMemory: sizes in config.json alone must not make perk allocate.
func TestSmallFilesClaimLittleMemory(t *testing.T) {
	e, long := examples()["gpt2"], examples()["llama"]
	long.config = strings.Replace(long.config, `"max_position_embeddings":32`, `"max_position_embeddings":16777216`, 1)
	if n := allocated(func() { check(t, long.folder("F32")) }); n > 16<<20 {
		t.Errorf("%d bytes allocated for a long window", n)
	}
	for _, config := range []string{
		strings.Replace(e.config, `"vocab_size":7`, `"vocab_size":16777216`, 1),
		strings.Replace(e.config, `"n_positions":16`, `"n_positions":4194304`, 1),
		strings.Replace(e.config, `"n_layer":1`, `"n_layer":1024`, 1),
		strings.Replace(e.config, `"n_embd":8`, `"n_embd":16777216`, 1),
	} {
		dir := e.folder("F32")
		dir["config.json"] = &fstest.MapFile{Data: []byte(config)}
		var err error
		n := allocated(func() { _, err = hf.Open(t.Context(), dir) })
		if perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("error %v, want EInvalid", err)
		}
		if n > 16<<20 {
			t.Errorf("%d bytes allocated for %v", n, err)
		}
	}
}

// allocated counts the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
