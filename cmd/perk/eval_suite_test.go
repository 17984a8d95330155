package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSuite(t *testing.T) {
	w := newWorld(t)
	out := t.TempDir()
	args := []string{"eval", "--suite", "paper", "--scale", "smoke", "--only", "cost", "--out", out}
	r := w.perk(args...)
	if r.status != statusOK || !strings.Contains(r.errs, "cell 1 of 1: babilong-qa1 256 cost") || !strings.Contains(r.out, "RESULTS.md") {
		t.Fatalf("%+v", r)
	}
	cells, err := os.ReadFile(filepath.Join(out, "cells.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range [][]string{args, append(args, "--report")} {
		if r := w.perk(again...); r.status != statusOK || strings.Contains(r.errs, "cell") {
			t.Errorf("%v: %+v", again, r)
		}
	}
	if after, err := os.ReadFile(filepath.Join(out, "cells.jsonl")); err != nil || string(after) != string(cells) {
		t.Errorf("the cells changed, or %v", err)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no such suite":  {[]string{"--suite", "book"}, statusFailed, `the suite is "paper"`},
		"no such scale":  {[]string{"--suite", "paper", "--scale", "huge"}, statusFailed, "quick"},
		"no such study":  {[]string{"--suite", "paper", "--only", "speed"}, statusFailed, "position"},
		"suite and task": {[]string{"--suite", "paper", "--task", "facts"}, statusUsage, "suite"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.perk(append([]string{"eval", "--out", out}, c.args...)...); r.status != c.status || !strings.Contains(r.errs, c.want) {
				t.Errorf("%+v", r)
			}
		})
	}
}
