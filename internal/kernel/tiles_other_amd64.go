//go:build !linux

package kernel

// useTiles reports that no way is known here to be let use AMX.
func useTiles() bool { return false }
