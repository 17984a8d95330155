#include "textflag.h"

// Register plan of the AVX2 tiles:
//   AX, R8, R9, R10  row 0 of A and its row stride times 1, 3, 5
//   R11     k stride of A          DX, R12      B and its k stride
//   CX      k                      DI, SI       C and its row stride
//   R13     rows of the tile
//   Y0..Y11 sums, row r in Y(2r) and Y(2r+1)
//   Y12, Y13 a row of B            Y14, Y15 broadcast elements of A

#define R2(addr, t, c0, c1) \
	VBROADCASTSS addr, t; \
	VFMADD231PS  Y12, t, c0; \
	VFMADD231PS  Y13, t, c1

#define W1 R2((AX), Y14, Y0, Y1)
#define W2 W1; R2((AX)(R8*1), Y15, Y2, Y3)
#define W3 W2; R2((AX)(R8*2), Y14, Y4, Y5)
#define W4 W3; R2((AX)(R9*1), Y15, Y6, Y7)
#define W5 W4; R2((AX)(R8*4), Y14, Y8, Y9)
#define W6 W5; R2((AX)(R10*1), Y15, Y10, Y11)

#define WIDE(rows, body, skip, loop) \
	CMPQ    R13, $rows; \
	JNE     skip; \
loop: \
	VMOVUPS (DX), Y12; \
	VMOVUPS 32(DX), Y13; \
	body; \
	ADDQ    R11, AX; \
	ADDQ    R12, DX; \
	DECQ    CX; \
	JNZ     loop; \
	JMP     store; \
skip:

#define SET(row, c0, c1) \
	VMOVUPS c0, (DI); \
	VMOVUPS c1, 32(DI); \
	ADDQ    SI, DI; \
	CMPQ    R13, $row; \
	JEQ     done

#define UPDATE(row, c0, c1) \
	VMOVUPS     (DI), Y12; \
	VMOVUPS     32(DI), Y13; \
	VFMADD231PS Y12, Y14, c0; \
	VFMADD231PS Y13, Y14, c1; \
	SET(row, c0, c1)

#define ZERO2(c0, c1) VXORPS c0, c0, c0; VXORPS c1, c1, c1

// func tile256(t *tile)
// The masks of the tile are not read: C and B are 16 columns wide.
TEXT ·tile256(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R15
	MOVQ 0(R15), AX
	MOVQ 8(R15), R8
	MOVQ 16(R15), R11
	MOVQ 24(R15), DX
	MOVQ 32(R15), R12
	MOVQ 40(R15), DI
	MOVQ 48(R15), SI
	MOVQ 56(R15), CX
	MOVQ 64(R15), R13
	LEAQ (R8)(R8*2), R9
	LEAQ (R8)(R8*4), R10
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)
	ZERO2(Y8, Y9)
	ZERO2(Y10, Y11)
	WIDE(6, W6, w5, wl6)
	WIDE(5, W5, w4, wl5)
	WIDE(4, W4, w3, wl4)
	WIDE(3, W3, w2, wl3)
	WIDE(2, W2, w1, wl2)
	WIDE(1, W1, w0, wl1)
	RET

store:
	VBROADCASTSS 76(R15), Y14
	MOVL         76(R15), AX
	SHLL         $1, AX // drops the sign: beta may be -0
	JNZ          update
	SET(1, Y0, Y1)
	SET(2, Y2, Y3)
	SET(3, Y4, Y5)
	SET(4, Y6, Y7)
	SET(5, Y8, Y9)
	SET(6, Y10, Y11)

update:
	UPDATE(1, Y0, Y1)
	UPDATE(2, Y2, Y3)
	UPDATE(3, Y4, Y5)
	UPDATE(4, Y6, Y7)
	UPDATE(5, Y8, Y9)
	UPDATE(6, Y10, Y11)

done:
	VZEROUPPER
	RET

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
