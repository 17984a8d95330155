package kernel

//go:noescape
func tile512(t *tile)

//go:noescape
func tile256(t *tile)

//go:noescape
func tileBF16(t *tile)

//go:noescape
func panelsAMX(args *amxPanels)

//go:noescape
func double512(t *tile64)

//go:noescape
func double256(t *tile64)

//go:noescape
func roundBF16(dst *uint16, x *float32, n int)

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

//go:noescape
func peakBF16(n int)

//go:noescape
func peakAMX(n int, shapes *[64]byte)

//go:noescape
func peakInt8(n int)

//go:noescape
func int8Panels512(args *narrowArgs)

//go:noescape
func int8Panel256(args *narrowArgs)

//go:noescape
func bf16Panels512(args *narrowArgs)

//go:noescape
func bf16Panel256(args *narrowArgs)

//go:noescape
func absMax512(x *float32, n int) uint32

//go:noescape
func absMax256(x *float32, n int) uint32

//go:noescape
func split512(dst *byte, x *float32, n int, inv float32) (high, low int32)

//go:noescape
func split256(dst *byte, x *float32, n int, inv float32) (high, low int32)

func tileNEON(*tile) {} // of arm64
