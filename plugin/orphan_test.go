package plugin_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// gone reports whether a process has ended; one that nobody has waited for yet (state Z) has.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	return state(fmt.Sprintf("/proc/%d/stat", pid)) == "Z"
}

func TestNoOrphan(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	host := exec.Command(self)
	host.Env = append(os.Environ(), processEnv+"=host", dirEnv+"="+dir)
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var plugin int
	if _, err := fmt.Fscan(bufio.NewReader(out), &plugin); err != nil {
		t.Fatalf("the host named no plugin: %v", err)
	}
	if gone(plugin) {
		t.Fatal("the plugin is not there before its host dies")
	}
	kill(t, host.Process.Pid)
	if err := host.Wait(); err == nil {
		t.Error("the host was not killed")
	}
	eventually(t, 2*time.Second, "gone", func() bool { return gone(plugin) })
	if _, err := os.Stat(filepath.Join(dir, "closed")); err != nil {
		t.Errorf("the orphan did not close its module: %v", err)
	}
}

func TestTerminatedPluginClosesModule(t *testing.T) {
	dir := t.TempDir()
	c := config("module", dir, zerolog.Nop())
	h := open(t, c)
	victim := pid(t, h)
	if err := syscall.Kill(victim, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "closed", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "closed"))
		return err == nil && string(b) == fmt.Sprint(victim)
	})
	if now := pid(t, h); now == victim {
		t.Error("the process is the same")
	}
}
