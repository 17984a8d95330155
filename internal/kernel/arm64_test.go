package kernel_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestARM64 runs the tests of matrix products on an emulated arm64, where Debian's qemu-user is installed.
func TestARM64(t *testing.T) {
	qemu, err := exec.LookPath("qemu-aarch64")
	if err != nil || testing.Short() || raceEnabled || runtime.GOARCH == "arm64" {
		t.Skip("wants qemu-aarch64 (package qemu-user), another machine than arm64, and time")
	}
	program := filepath.Join(t.TempDir(), "kernel.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), qemu, program, "-test.short", "-test.v", "-test.run", "^TestGemm").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
