// Package kernel holds the float32 inner loops of small-transformer training
// and inference on CPU: matrix products, matrix-vector products, reductions,
// activations, softmax and the AdamW update.
//
// It builds with a plain `go build`: no cgo, no GOEXPERIMENT. On amd64 the
// bodies are Go assembler for AVX-512 or AVX2+FMA, chosen at run time; on arm64
// Gemm is, for NEON; all else runs the scalar Go bodies, which are also the oracle of
// the tests. Features tells which set is in use; the environment variable PERK_ISA,
// set to scalar, neon, avx2, avx512, avx512vnni, avx512bf16 or amx, lowers it.
//
// # Main functions
//
// Gemm multiplies row-major matrices with optional transposes; Pack and
// GemmPacked do the same for a right-hand side that is frozen. GemmRef is the
// scalar oracle and exists for float64 too, for gradient checks. Gemv and GemvT
// are the memory-bound products of the decode path; GemmInt8 and GemvBF16 are the
// same with frozen weights of 8 and 16 bits, for one row or for a batch; GemmBF16
// rounds activations as well, for the many rows of the encode. Gram, GramAdd,
// GramAddBF16 and GramRows compute one triangle of a symmetric product. Spread shares calls among
// goroutines. Dot, Axpy, Add, Sub, Mul,
// MulAdd, Scale, Sum, SumSq, Max, Relu2, Relu2Grad, Exp, Softmax, SoftmaxGrad
// and AdamW work on vectors.
//
// # Determinism
//
// Within one feature set, every element of the C of Gemm and GemmPacked has the
// same bits whatever m is, wherever its row lies in a tile, and however a caller
// splits the rows of C over calls or goroutines: C[i][j] depends on row i of
// op(A), on column j of op(B), on k and beta, and on nothing else. It is a sum
// over blocks of k whose bounds depend on k alone, each a chain of fused
// multiply-adds in rising order of k; edge tiles run the same chain under masks.
// Splitting n is equally safe; splitting k is not. AVX-512 and AVX2 agree bit for
// bit, and with either so do Gemm and GemmPacked; the scalar set rounds
// differently. Gemv and GemvT sum in another order, so a row of Gemm and the same
// product by Gemv differ in the last bits; for Gemv too, a row's result does not
// depend on m.
//
// GemmInt8 sums exactly, so its rows have the same bits for any batch and, with
// beta 0 or 1, on every instruction set; rows of GemvBF16 and GemmBF16 have
// the same bits for any batch.
//
// # Caveats
//
// Kernels are single-threaded: callers parallelise by splitting rows. Functions
// panic, naming themselves and the sizes, when a slice is too short. With beta 0
// the old content of C or y is never read, so it may hold NaN. Matrices must not
// overlap the output. In element-wise functions dst may be exactly an input;
// partial overlap is not supported. NaN and Inf propagate, denormals are kept.
package kernel
