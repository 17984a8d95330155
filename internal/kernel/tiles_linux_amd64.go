package kernel

import "golang.org/x/sys/unix"

// useTiles asks the kernel to let this process use AMX, whose registers it neither saves nor allows otherwise (arch_prctl, since Linux 5.16). Threads that there are and those
// to come have it; the memory for it a thread gets with its first tile.
func useTiles() bool {
	const (
		request  = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData = 18     // XFEATURE_XTILEDATA
	)
	_, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, request, tileData, 0)
	return errno == 0
}
