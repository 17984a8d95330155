//go:build !linux

package server

import "os/exec"

// Isolate does nothing here: network namespaces are Linux's.
func Isolate() (status int, ran bool) { return 0, false }

// dieWithParent does nothing here: a program that is killed leaves its server behind.
func dieWithParent(*exec.Cmd) {}
