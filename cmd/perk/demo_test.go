package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestDemo is `make run ARGS=--once` with fewer documents: the shipped model must be right.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("writes some ten thousand tokens with the shipped model")
	}
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"demo", "--once", "--documents", "4", "--seed", "3"}, strings.NewReader(""), &out, &errs); status != statusOK {
		t.Fatalf("status %d\n%s%s", status, out.String(), errs.String())
	}
	for _, want := range []string{"serving 4 sample documents", "4 encoded", "right", "tokens/s", "bytes an adapter"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not print %q:\n%s", want, out.String())
		}
	}
}

// TestDemoSaysWhenAnswersAreWrong runs it on a model that knows nothing.
func TestDemoSaysWhenAnswersAreWrong(t *testing.T) {
	w := newWorld(t)
	w.fails([]string{"fewer than 90%"}, "demo", "--once", "--documents", "2")
}
