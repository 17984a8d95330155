package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/reasoner/eval"
)

func TestIndexAskAdapter(t *testing.T) {
	w := newWorld(t)
	report := decode[indexer.Report](t, w.ok("index", "--folder", w.docs, "--json"))
	if report.Encoded != 2 || !report.Complete || report.Tokens == 0 {
		t.Errorf("%+v", report)
	}
	if out := w.index(); !strings.Contains(out, "0 encoded, 2 unchanged") {
		t.Errorf("the second pass: %s", out)
	}

	answer := decode[perk.Answer](t, w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "8", "--json"))
	if answer.Tokens == 0 || answer.Adapter.Key.Document.UUID != "mary.txt" || answer.Probability <= 0 {
		t.Errorf("%+v", answer)
	}
	if r := w.perk("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "8"); r.out != answer.Text+"\n" || !strings.Contains(r.errs, "confidence") {
		t.Errorf("streamed %q with %q, whole %q", r.out, r.errs, answer.Text)
	}
	if r := w.perk("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "8", "--min-confidence", "1"); r.out != perk.NotInDocument+"\n" || !strings.Contains(r.errs, "below 1.00") {
		t.Errorf("sure answers only: %q with %q", r.out, r.errs)
	}

	lines := strings.Split(strings.TrimSpace(w.ok("adapter", "ls", "--json")), "\n")
	if len(lines) != 2 {
		t.Fatalf("adapters: %q", lines)
	}
	info := decode[perk.AdapterInfo](t, lines[1])
	if info.Key.Document.String() != "docs/mary.txt" {
		t.Errorf("%+v", info)
	}
	if out := w.ok("adapter", "ls", "--collection", "other"); strings.Count(out, "\n") != 1 {
		t.Errorf("the adapters of another collection: %q", out)
	}
	if shown := decode[perk.AdapterInfo](t, w.ok("adapter", "show", "docs/mary.txt", "--json")); shown.Digest != info.Digest {
		t.Errorf("%+v", shown)
	}
	if out := w.ok("adapter", "show", "docs/mary.txt"); !strings.Contains(out, info.Digest.String()) {
		t.Error(out)
	}

	file := filepath.Join(t.TempDir(), "adapter")
	w.ok("adapter", "export", "docs/mary.txt", "--out", file)
	if b, err := os.ReadFile(file); err != nil || int64(len(b)) != info.Bytes {
		t.Errorf("exported %d bytes, %v", len(b), err)
	}
	if out := w.ok("adapter", "export", "docs/mary.txt", "--out", "-"); int64(len(out)) != info.Bytes {
		t.Errorf("exported %d bytes", len(out))
	}

	if out := w.ok("adapter", "verify"); !strings.Contains(out, "2 adapters read, 0 damaged") {
		t.Error(out)
	}
	if out := w.ok("adapter", "verify", "--json"); out != "{\"read\":2,\"damaged\":[]}\n" {
		t.Error(out)
	}
	if out := w.ok("adapter", "rm", "docs/mary.txt"); !strings.Contains(out, "removed 1") || !strings.Contains(out, fmt.Sprintf("erased %d bytes", info.Bytes)) {
		t.Error(out)
	}
	w.fails([]string{"not encoded yet", "perk index"}, "ask", "docs/mary.txt", "Where is Mary?")
	w.fails([]string{"no adapter", "adapter ls"}, "adapter", "rm", "docs/mary.txt")
}

func TestEncode(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "adapter")
	path := filepath.Join(w.docs, "mary.txt")
	one := decode[encodeReport](t, w.ok("encode", path, "--json", "--threads", "1", "--out", file))
	if one.Tokens != 47 || one.GFLOPS <= 0 || one.GEMM <= one.GFLOPS || one.Ratio <= 0 || one.PeakBytes < 1<<20 || one.Threads != 1 || one.File != path {
		t.Errorf("%+v", one)
	}
	if b, err := os.ReadFile(file); err != nil || int64(len(b)) != one.AdapterBytes || perk.ContentHash(string(b)) != one.Digest {
		t.Errorf("wrote %d bytes, %v", len(b), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := w.perkReading(string(text), "encode", "-", "--json", "--threads", "2")
	if two := decode[encodeReport](t, r.out); two.Digest != one.Digest {
		t.Errorf("two threads wrote %s, one %s", two.Digest.Short(), one.Digest.Short())
	}
	if r := decode[encodeReport](t, w.ok("encode", "--sample", "500", "--json")); r.Tokens > 500 || r.Tokens < 490 {
		t.Errorf("a sample of 500 tokens has %d", r.Tokens)
	}
	if out := w.ok("encode", path); !strings.Contains(out, "47 tokens") {
		t.Error(out)
	}
}

func TestEval(t *testing.T) {
	t.Setenv("PERK_DATA", t.TempDir()) // no novels there
	w := newWorld(t)
	r := decode[eval.Result](t, w.ok("eval", "--task", "babilong-qa1", "--tokens", "400", "--n", "4", "--seed", "7", "--json"))
	if r.Task != "babilong-qa1" || r.N != 4 || r.Tokens != 400 || r.Seed != 7 || r.Filler != "generated" {
		t.Errorf("%+v", r)
	}
	docs := filepath.Join(t.TempDir(), "docs.jsonl")
	if err := os.WriteFile(docs, []byte(`{"id":"a","text":"Mary went to the kitchen.","questions":[{"question":"Where is Mary?","answer":"kitchen"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := decode[eval.Result](t, w.ok("eval", "--docs", docs, "--json")); r.Task != "docs" || r.N != 1 {
		t.Errorf("%+v", r)
	}
	if out := w.ok("eval", "--docs", docs); !strings.Contains(out, "own adapter") {
		t.Error(out)
	}
	w.fails([]string{"no task", "babilong-qa1"}, "eval", "--task", "nonsense")
	w.fails([]string{"--docs"}, "eval", "--docs", docs+".gone")
}

func TestModelAndVersion(t *testing.T) {
	w := newWorld(t)
	if i := decode[modelInfo](t, w.ok("model", "info", "--json")); i.Parameters != 8448 || i.Config.Dim != 16 || i.Steps != 1 {
		t.Errorf("%+v", i)
	}
	if out := w.ok("model", "info"); !strings.Contains(out, "8448 parameters") {
		t.Error(out)
	}
	if out := w.ok("version", "--json"); !strings.Contains(out, `"kernel"`) {
		t.Error(out)
	}
	if out := w.ok("version"); !strings.HasPrefix(out, "perk ") {
		t.Error(out)
	}
}

func TestUsage(t *testing.T) {
	w := newWorld(t)
	for name, args := range map[string][]string{
		"unknown command":   {"bogus"},
		"unknown flag":      {"index", "--bogus"},
		"too few arguments": {"ask", "docs/a"},
		"no source":         {"index"},
		"two sources":       {"index", "--folder", "x", "--weaviate", "y"},
		"wrong log level":   {"version", "--log-level", "loud"},
		"nothing to encode": {"encode"},
		"missing flag":      {"adapter", "export", "docs/a"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.perk(args...); r.status != statusUsage || !strings.Contains(r.errs, "perk help") {
				t.Errorf("status %d: %s", r.status, r.errs)
			}
		})
	}
	if r := w.perk("help"); r.status != statusOK || !strings.Contains(r.out, "adapter") {
		t.Errorf("help: %+v", r)
	}
}

func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	t.Setenv("PERK_FOLDER", w.docs)
	t.Setenv("PERK_COLLECTION", "fromenv")
	w.ok("index")
	if out := w.ok("adapter", "ls"); !strings.Contains(out, "fromenv/mary.txt") {
		t.Error(out)
	}
	w.ok("index", "--collection", "fromflag")
	if out := w.ok("adapter", "ls", "--collection", "fromflag"); !strings.Contains(out, "fromflag/mary.txt") {
		t.Error(out)
	}
}
