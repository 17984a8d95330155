#include "textflag.h"

// func transpose256(dst *float32, ds uintptr, src *float32, ss uintptr, quads int)
// Writes the transpose of 8 rows of 4 quads columns. Strides are in bytes.
TEXT ·transpose256(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ ds+8(FP), R10
	MOVQ src+16(FP), AX
	MOVQ ss+24(FP), R8
	MOVQ quads+32(FP), CX
	LEAQ (R8)(R8*2), R9
	LEAQ (AX)(R8*4), BX

quad:
	VMOVUPS     (AX), X0
	VINSERTF128 $1, (BX), Y0, Y0
	VMOVUPS     (AX)(R8*1), X1
	VINSERTF128 $1, (BX)(R8*1), Y1, Y1
	VMOVUPS     (AX)(R8*2), X2
	VINSERTF128 $1, (BX)(R8*2), Y2, Y2
	VMOVUPS     (AX)(R9*1), X3
	VINSERTF128 $1, (BX)(R9*1), Y3, Y3
	VUNPCKLPS   Y1, Y0, Y4
	VUNPCKHPS   Y1, Y0, Y5
	VUNPCKLPS   Y3, Y2, Y6
	VUNPCKHPS   Y3, Y2, Y7
	VUNPCKLPD   Y6, Y4, Y0
	VUNPCKHPD   Y6, Y4, Y1
	VUNPCKLPD   Y7, Y5, Y2
	VUNPCKHPD   Y7, Y5, Y3
	VMOVUPS     Y0, (DI)
	ADDQ        R10, DI
	VMOVUPS     Y1, (DI)
	ADDQ        R10, DI
	VMOVUPS     Y2, (DI)
	ADDQ        R10, DI
	VMOVUPS     Y3, (DI)
	ADDQ        R10, DI
	ADDQ        $16, AX
	ADDQ        $16, BX
	DECQ        CX
	JNZ         quad
	VZEROUPPER
	RET

// func copyRows256(dst, src *float32, ss uintptr, rows int, mask *[8]int32)
// Copies the columns in mask of each row to rows of 8 and zeroes the others.
TEXT ·copyRows256(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    src+8(FP), AX
	MOVQ    ss+16(FP), R9
	MOVQ    rows+24(FP), CX
	MOVQ    mask+32(FP), DX
	VMOVUPS (DX), Y15
	MOVQ    R9, R10
	SHLQ    $4, R10 // packing goes by 16 rows: fetch the next ones

row:
	PREFETCHT0 (AX)(R10*1)
	VMASKMOVPS (AX), Y15, Y0
	VMOVUPS    Y0, (DI)
	ADDQ       R9, AX
	ADDQ       $32, DI
	DECQ       CX
	JNZ        row
	VZEROUPPER
	RET
