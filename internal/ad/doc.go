// Package ad builds differentiable programs for meta-training: a gorgonia expression graph of fused operations, a reverse pass of
// its own that may be applied to its own result, and a compiled program that runs on gorgonia's tape machine.
//
// # Basics
//
// There are three types: Graph (what is being built), Node (a matrix in it, always 2-D), Program (a compiled part of
// it). Grad adds the nodes of a gradient to the graph; since every operation that Grad adds to the graph can itself be differentiated once
// more, Grad of a function of a Grad gives exact second-order gradients, which is what unrolling an inner loop needs.
//
// # Why not gorgonia.Grad
//
// gorgonia.Grad applied twice reuses the first derivative of a node and is silently wrong (see docs/adr/0002). Its graph also merges
// two nodes whose 32-bit hashes collide. Here every operation carries a number of its own as its hash, so that no two nodes are ever
// merged, and apply checks it.
//
// # Caveats
//
// Operations that appear only in a second derivative (XentGradVJP, the curvature of relu^2, ...) have no derivative: a third Grad
// panics with the operation's name. Building a graph panics on wrong shapes: that is a programming error, not an input error. A Graph and its Programs belong to
// one goroutine. float64 graphs run the scalar kernels and exist for gradient checks.
package ad
