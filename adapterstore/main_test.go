package adapterstore_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

// childEnv makes the test binary play another process: "hold" or "crash", on the directory in childDirEnv.
const (
	childEnv    = "PERK_STORE_TEST_CHILD"
	childDirEnv = "PERK_STORE_TEST_DIR"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		if err := child(role, os.Getenv(childDirEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(role, dir string) error {
	s, err := adapterstore.Open(dir, small)
	if err != nil {
		return err
	}
	if role == "crash" {
		return crashChild(s)
	}
	fmt.Println("held")
	time.Sleep(time.Minute) // the parent kills it
	return s.Close()
}

// command prepares a child; the caller starts it.
func command(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childEnv+"="+role, childDirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestHeldByAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := command(t, "hold", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var word string
	if _, err := fmt.Fscanln(out, &word); err != nil || word != "held" {
		t.Fatal(word, err)
	}
	_, err = adapterstore.Open(dir, small)
	wantCode(t, "Open", err, perk.EConflict)
	for _, want := range []string{dir, fmt.Sprintf("process %d", cmd.Process.Pid)} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q: %v", want, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	s := mustOpen(t, dir, small)
	put(t, s, storetest.Adapter(storetest.Key("A", "", "a", 1, 1), 1, 10))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
