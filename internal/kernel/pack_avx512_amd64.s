#include "textflag.h"

// func copyRows512(dst *float32, ds uintptr, src *float32, ss uintptr, rows int, mask uint32, wide bool)
// Copies the columns in mask of each row and zeroes the others, 16 columns or,
// when wide, 32. Strides are in bytes.
TEXT ·copyRows512(SB), NOSPLIT, $0-45
	MOVQ    dst+0(FP), DI
	MOVQ    ds+8(FP), R8
	MOVQ    src+16(FP), AX
	MOVQ    ss+24(FP), R9
	MOVQ    rows+32(FP), CX
	MOVL    mask+40(FP), DX
	KMOVW   DX, K1
	SHRL    $16, DX
	KMOVW   DX, K2
	MOVBLZX wide+44(FP), DX
	MOVQ    R9, R10
	SHLQ    $4, R10 // packing goes by 16 rows: fetch the next ones
	TESTL   DX, DX
	JZ      one

two:
	PREFETCHT0 (AX)(R10*1)
	PREFETCHT0 64(AX)(R10*1)
	VMOVUPS.Z (AX), K1, Z0
	VMOVUPS.Z 64(AX), K2, Z1
	VMOVUPS   Z0, (DI)
	VMOVUPS   Z1, 64(DI)
	ADDQ      R9, AX
	ADDQ      R8, DI
	DECQ      CX
	JNZ       two
	VZEROUPPER
	RET

one:
	PREFETCHT0 (AX)(R10*1)
	VMOVUPS.Z (AX), K1, Z0
	VMOVUPS   Z0, (DI)
	ADDQ      R9, AX
	ADDQ      R8, DI
	DECQ      CX
	JNZ       one
	VZEROUPPER
	RET

// func transpose512(dst *float32, ds uintptr, src *float32, ss uintptr, quads int)
// Writes the transpose of 16 rows of 4 quads columns. Strides are in bytes.
TEXT ·transpose512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ ds+8(FP), R10
	MOVQ src+16(FP), AX
	MOVQ ss+24(FP), R8
	MOVQ quads+32(FP), CX
	LEAQ (R8)(R8*2), R9
	LEAQ (AX)(R8*4), BX
	LEAQ (AX)(R8*8), DX
	LEAQ (BX)(R8*8), SI

quad:
	VMOVUPS      (AX), X0
	VINSERTF32X4 $1, (BX), Z0, Z0
	VINSERTF32X4 $2, (DX), Z0, Z0
	VINSERTF32X4 $3, (SI), Z0, Z0
	VMOVUPS      (AX)(R8*1), X1
	VINSERTF32X4 $1, (BX)(R8*1), Z1, Z1
	VINSERTF32X4 $2, (DX)(R8*1), Z1, Z1
	VINSERTF32X4 $3, (SI)(R8*1), Z1, Z1
	VMOVUPS      (AX)(R8*2), X2
	VINSERTF32X4 $1, (BX)(R8*2), Z2, Z2
	VINSERTF32X4 $2, (DX)(R8*2), Z2, Z2
	VINSERTF32X4 $3, (SI)(R8*2), Z2, Z2
	VMOVUPS      (AX)(R9*1), X3
	VINSERTF32X4 $1, (BX)(R9*1), Z3, Z3
	VINSERTF32X4 $2, (DX)(R9*1), Z3, Z3
	VINSERTF32X4 $3, (SI)(R9*1), Z3, Z3
	VUNPCKLPS    Z1, Z0, Z4 // k0: r0 r1, k1: r0 r1
	VUNPCKHPS    Z1, Z0, Z5
	VUNPCKLPS    Z3, Z2, Z6
	VUNPCKHPS    Z3, Z2, Z7
	VUNPCKLPD    Z6, Z4, Z0
	VUNPCKHPD    Z6, Z4, Z1
	VUNPCKLPD    Z7, Z5, Z2
	VUNPCKHPD    Z7, Z5, Z3
	VMOVUPS      Z0, (DI)
	ADDQ         R10, DI
	VMOVUPS      Z1, (DI)
	ADDQ         R10, DI
	VMOVUPS      Z2, (DI)
	ADDQ         R10, DI
	VMOVUPS      Z3, (DI)
	ADDQ         R10, DI
	ADDQ         $16, AX
	ADDQ         $16, BX
	ADDQ         $16, DX
	ADDQ         $16, SI
	DECQ         CX
	JNZ          quad
	VZEROUPPER
	RET
