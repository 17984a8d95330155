package server

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

const isolated = "PERK_ISOLATED"

// Isolate runs the program once more, with the same arguments, in a network namespace that has only a loopback device, and gives its exit
// status. ran is false where the program is that second run already, or where it may not do this (not root, no `ip`): go on then.
func Isolate() (status int, ran bool) {
	if os.Getenv(isolated) != "" || os.Geteuid() != 0 {
		return 0, false
	}
	ip, err := exec.LookPath("ip")
	if err != nil {
		return 0, false
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		return 0, false
	}
	// The namespace ends with its last process; nothing has to be removed.
	cmd := exec.Command(shell, append([]string{"-c", `"$0" link set lo up && exec "$@"`, ip, os.Args[0]}, os.Args[1:]...)...)
	dieWithParent(cmd)
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	runtime.LockOSThread() // the process dies with the thread that started it
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 0, false // a container that may not make namespaces
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			_ = cmd.Process.Signal(s) // fails only when it has ended
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)
	<-done
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, true
	}
	return cmd.ProcessState.ExitCode(), true
}

// dieWithParent has the kernel kill the process when the thread that starts it ends, so that a killed program leaves no server behind.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
