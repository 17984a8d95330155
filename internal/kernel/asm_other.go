//go:build !amd64

package kernel

// No instruction set but levelScalar is ever active here, so nothing below runs.

func tile512(*tile) {}
func tile256(*tile) {}
func copyRows512(dst *float32, ds uintptr, src *float32, ss uintptr, rows int, mask uint32, wide bool) {
}
func copyRows256(dst, src *float32, ss uintptr, rows int, mask *[8]int32)        {}
func transpose512(dst *float32, ds uintptr, src *float32, ss uintptr, quads int) {}
func transpose256(dst *float32, ds uintptr, src *float32, ss uintptr, quads int) {}
func peak512(int)                                                                {}
func peak256(int)                                                                {}
