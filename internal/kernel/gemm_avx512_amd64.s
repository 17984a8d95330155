#include "textflag.h"

// Register plan of the AVX-512 tiles:
//   AX, BX  rows 0 and 7 of A      R8, R9, R10  row stride of A times 1, 3, 5
//   R11     k stride of A          DX, R12      B and its k stride
//   CX      k                      DI, SI       C and its row stride
//   R13     rows of the tile       K1, K2       columns of the two halves
//   Z0..Z27 sums, row r in Z(2r) and Z(2r+1)
//   Z28, Z29 a row of B            Z30, Z31 broadcast elements of A

#define R2(addr, t, c0, c1) \
	VBROADCASTSS addr, t; \
	VFMADD231PS  Z28, t, c0; \
	VFMADD231PS  Z29, t, c1

#define W1 R2((AX), Z30, Z0, Z1)
#define W2 W1; R2((AX)(R8*1), Z31, Z2, Z3)
#define W3 W2; R2((AX)(R8*2), Z30, Z4, Z5)
#define W4 W3; R2((AX)(R9*1), Z31, Z6, Z7)
#define W5 W4; R2((AX)(R8*4), Z30, Z8, Z9)
#define W6 W5; R2((AX)(R10*1), Z31, Z10, Z11)
#define W7 W6; R2((AX)(R9*2), Z30, Z12, Z13)
#define W8 W7; R2((BX), Z31, Z14, Z15)
#define W9 W8; R2((BX)(R8*1), Z30, Z16, Z17)
#define W10 W9; R2((BX)(R8*2), Z31, Z18, Z19)
#define W11 W10; R2((BX)(R9*1), Z30, Z20, Z21)
#define W12 W11; R2((BX)(R8*4), Z31, Z22, Z23)
#define W13 W12; R2((BX)(R10*1), Z30, Z24, Z25)
#define W14 W13; R2((BX)(R9*2), Z31, Z26, Z27)

#define N1 VFMADD231PS.BCST (AX), Z28, Z0
#define N2 N1; VFMADD231PS.BCST (AX)(R8*1), Z28, Z2
#define N3 N2; VFMADD231PS.BCST (AX)(R8*2), Z28, Z4
#define N4 N3; VFMADD231PS.BCST (AX)(R9*1), Z28, Z6
#define N5 N4; VFMADD231PS.BCST (AX)(R8*4), Z28, Z8
#define N6 N5; VFMADD231PS.BCST (AX)(R10*1), Z28, Z10
#define N7 N6; VFMADD231PS.BCST (AX)(R9*2), Z28, Z12
#define N8 N7; VFMADD231PS.BCST (BX), Z28, Z14
#define N9 N8; VFMADD231PS.BCST (BX)(R8*1), Z28, Z16
#define N10 N9; VFMADD231PS.BCST (BX)(R8*2), Z28, Z18
#define N11 N10; VFMADD231PS.BCST (BX)(R9*1), Z28, Z20
#define N12 N11; VFMADD231PS.BCST (BX)(R8*4), Z28, Z22
#define N13 N12; VFMADD231PS.BCST (BX)(R10*1), Z28, Z24
#define N14 N13; VFMADD231PS.BCST (BX)(R9*2), Z28, Z26

// One step of k over 32 and over 16 columns, and the loops around them. A tile
// of the wrong height falls through to the next loop.
#define NEXT ADDQ R11, AX; ADDQ R11, BX; ADDQ R12, DX; DECQ CX
#define WIDE(rows, body, skip, loop) \
	CMPQ      R13, $rows; \
	JNE       skip; \
loop: \
	VMOVUPS.Z (DX), K1, Z28; \
	VMOVUPS.Z 64(DX), K2, Z29; \
	body; \
	NEXT; \
	JNZ       loop; \
	JMP       store; \
skip:

#define NARROW(rows, body, skip, loop) \
	CMPQ      R13, $rows; \
	JNE       skip; \
loop: \
	VMOVUPS.Z (DX), K1, Z28; \
	body; \
	NEXT; \
	JNZ       loop; \
	JMP       store; \
skip:

// Row r of C: C = sums, or C = beta C + sums; beta is in Z30.
#define SET(row, c0, c1) \
	VMOVUPS c0, K1, (DI); \
	VMOVUPS c1, K2, 64(DI); \
	ADDQ    SI, DI; \
	CMPQ    R13, $row; \
	JEQ     done

#define UPDATE(row, c0, c1) \
	VMOVUPS.Z   (DI), K1, Z28; \
	VMOVUPS.Z   64(DI), K2, Z29; \
	VFMADD231PS Z28, Z30, c0; \
	VFMADD231PS Z29, Z30, c1; \
	SET(row, c0, c1)

#define ZERO2(c0, c1) VPXORQ c0, c0, c0; VPXORQ c1, c1, c1

// func tile512(t *tile)
TEXT ·tile512(SB), NOSPLIT, $0-8
	MOVQ  t+0(FP), R15
	MOVQ  0(R15), AX
	MOVQ  8(R15), R8
	MOVQ  16(R15), R11
	MOVQ  24(R15), DX
	MOVQ  32(R15), R12
	MOVQ  40(R15), DI
	MOVQ  48(R15), SI
	MOVQ  56(R15), CX
	MOVQ  64(R15), R13
	KMOVW 72(R15), K1
	KMOVW 74(R15), K2
	LEAQ  (R8)(R8*2), R9
	LEAQ  (R8)(R8*4), R10
	LEAQ  (AX)(R9*2), BX
	ADDQ  R8, BX
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)
	ZERO2(Z14, Z15)
	ZERO2(Z16, Z17)
	ZERO2(Z18, Z19)
	ZERO2(Z20, Z21)
	ZERO2(Z22, Z23)
	ZERO2(Z24, Z25)
	ZERO2(Z26, Z27)

	// C is wanted after the loop: fetch it meanwhile.
	MOVQ DI, R14
	MOVQ R13, R15

fetch:
	PREFETCHT0 (R14)
	PREFETCHT0 64(R14)
	ADDQ       SI, R14
	DECQ       R15
	JNZ        fetch
	MOVQ       t+0(FP), R15
	CMPW  74(R15), $0
	JEQ   narrow
	WIDE(14, W14, w13, wl14)
	WIDE(13, W13, w12, wl13)
	WIDE(12, W12, w11, wl12)
	WIDE(11, W11, w10, wl11)
	WIDE(10, W10, w9, wl10)
	WIDE(9, W9, w8, wl9)
	WIDE(8, W8, w7, wl8)
	WIDE(7, W7, w6, wl7)
	WIDE(6, W6, w5, wl6)
	WIDE(5, W5, w4, wl5)
	WIDE(4, W4, w3, wl4)
	WIDE(3, W3, w2, wl3)
	WIDE(2, W2, w1, wl2)
	WIDE(1, W1, w0, wl1)
	RET

narrow:
	NARROW(14, N14, n13, nl14)
	NARROW(13, N13, n12, nl13)
	NARROW(12, N12, n11, nl12)
	NARROW(11, N11, n10, nl11)
	NARROW(10, N10, n9, nl10)
	NARROW(9, N9, n8, nl9)
	NARROW(8, N8, n7, nl8)
	NARROW(7, N7, n6, nl7)
	NARROW(6, N6, n5, nl6)
	NARROW(5, N5, n4, nl5)
	NARROW(4, N4, n3, nl4)
	NARROW(3, N3, n2, nl3)
	NARROW(2, N2, n1, nl2)
	NARROW(1, N1, n0, nl1)
	RET

store:
	VBROADCASTSS 76(R15), Z30
	MOVL         76(R15), AX
	SHLL         $1, AX // drops the sign: beta may be -0
	JNZ          update
	SET(1, Z0, Z1)
	SET(2, Z2, Z3)
	SET(3, Z4, Z5)
	SET(4, Z6, Z7)
	SET(5, Z8, Z9)
	SET(6, Z10, Z11)
	SET(7, Z12, Z13)
	SET(8, Z14, Z15)
	SET(9, Z16, Z17)
	SET(10, Z18, Z19)
	SET(11, Z20, Z21)
	SET(12, Z22, Z23)
	SET(13, Z24, Z25)
	SET(14, Z26, Z27)

update:
	UPDATE(1, Z0, Z1)
	UPDATE(2, Z2, Z3)
	UPDATE(3, Z4, Z5)
	UPDATE(4, Z6, Z7)
	UPDATE(5, Z8, Z9)
	UPDATE(6, Z10, Z11)
	UPDATE(7, Z12, Z13)
	UPDATE(8, Z14, Z15)
	UPDATE(9, Z16, Z17)
	UPDATE(10, Z18, Z19)
	UPDATE(11, Z20, Z21)
	UPDATE(12, Z22, Z23)
	UPDATE(13, Z24, Z25)
	UPDATE(14, Z26, Z27)

done:
	VZEROUPPER
	RET

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
