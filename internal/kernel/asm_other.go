//go:build !amd64

package kernel

// No instruction set above levelNEON is ever active here, so nothing below runs.

func tile512(*tile)                    {}
func tile256(*tile)                    {}
func tileBF16(*tile)                   {}
func panelsAMX(*amxPanels)             {}
func double512(*tile64)                {}
func double256(*tile64)                {}
func roundBF16(*uint16, *float32, int) {}
func copyRows512(dst *float32, ds uintptr, src *float32, ss uintptr, rows int, mask uint32, wide bool) {
}
func copyRows256(dst, src *float32, ss uintptr, rows int, mask *[8]int32)        {}
func transpose512(dst *float32, ds uintptr, src *float32, ss uintptr, quads int) {}
func transpose256(dst *float32, ds uintptr, src *float32, ss uintptr, quads int) {}
func peak512(int)                                                                {}
func peakBF16(int)                                                               {}
func peakAMX(int, *[64]byte)                                                     {}
func peakInt8(int)                                                               {}
func peak256(int)                                                                {}
func int8Panels512(*narrowArgs)                                                  {}
func int8Panel256(*narrowArgs)                                                   {}
func bf16Panels512(*narrowArgs)                                                  {}
func bf16Panel256(*narrowArgs)                                                   {}
func absMax512(*float32, int) uint32                                             { return 0 }
func absMax256(*float32, int) uint32                                             { return 0 }
func split512(*byte, *float32, int, float32) (high, low int32)                   { return 0, 0 }
func split256(*byte, *float32, int, float32) (high, low int32)                   { return 0, 0 }
