package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestBenchComputing(t *testing.T) {
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := run(t.Context(), append(append([]string{"bench"}, args...), "--runs", "1", "--threads", "1", "--cpu"), nil, &out, &errs)
		return status, out.String(), errs.String()
	}
	status, out, errs := run("encode", "--tokens", "300", "--json")
	var e encodeBench
	if err := json.Unmarshal([]byte(out), &e); err != nil || status != statusOK {
		t.Fatalf("status %d, %v: %s", status, err, errs)
	}
	if len(e.Lengths) != 1 || e.Precision == "" || e.CPU == "" || e.Clock != "cpu" {
		t.Errorf("%+v", e)
	}
	if l := e.Lengths[0]; l.Tokens < 150 || l.GFLOPS <= 0 || l.Float32 <= 0 || l.BF16 <= 0 || l.Rate <= 0 {
		t.Errorf("%+v", l)
	}
	if status, _, errs := run("encode", "--shape", "gpt9"); status != statusFailed || errs == "" {
		t.Errorf("an unknown shape: status %d, %q", status, errs)
	}
	if testing.Short() {
		return
	}
	roof := filepath.Join(t.TempDir(), "roof.svg")
	status, out, errs = run("kernel", "--json", "--roofline", roof)
	var k kernelReport
	if err := json.Unmarshal([]byte(out), &k); err != nil || status != statusOK {
		t.Fatalf("status %d, %v: %s", status, err, errs)
	}
	for _, p := range k.Products {
		if p.Float32 <= 0 || p.BF16 <= 0 || p.Int8 <= 0 {
			t.Errorf("%+v", p)
		}
	}
	if svg, err := os.ReadFile(roof); err != nil || !bytes.Contains(svg, []byte("<svg")) || k.Bandwidth <= 0 {
		t.Errorf("no picture (%v), or bandwidth %v", err, k.Bandwidth)
	}
}
