package kernel

//go:noescape
func tile512(t *tile)

//go:noescape
func tile256(t *tile)

//go:noescape
func copyRows512(dst *float32, ds uintptr, src *float32, ss uintptr, rows int, mask uint32, wide bool)

//go:noescape
func copyRows256(dst, src *float32, ss uintptr, rows int, mask *[8]int32)

//go:noescape
func transpose512(dst *float32, ds uintptr, src *float32, ss uintptr, quads int)

//go:noescape
func transpose256(dst *float32, ds uintptr, src *float32, ss uintptr, quads int)

//go:noescape
func peak512(n int)

//go:noescape
func peak256(n int)
