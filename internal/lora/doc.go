// Package lora holds low-rank adapters of linear layers and their stored form.
//
// A Pair adapts one linear layer y = x Wᵀ of a frozen model: y += scale · f(x Aᵀ) Bᵀ, where f is the identity or,
// with NormA, root-mean-square normalisation over the rank. An Adapter is a set of Pairs keyed by module name
// ("layers.3.mlp.down") under one scale. The flags TrainA and TrainB say which tensors a write may change.
//
// Zeros makes the holder of a gradient or of a difference: the same pairs, with nil in place of the tensors that do
// not train. Delta and Onto move between adapters and differences; MarshalBinary stores the trained tensors of
// either exactly, Pack with 1 to 8 bits an element, entropy-coded (docs/adapter-format.md), and Unmarshal reads every form back
// against an adapter that gives names and shapes.
//
// # Caveats
//
// a - init and init + delta round, so a.Delta(init) put onto init may differ from a in the last bit. Whoever stores
// a delta should go on with init + delta, not with a. MarshalBinary's form itself is exact to the bit; Pack's rounds, and
// what it read back and packs again may differ. A row that Pack does not find all zero has no exact zeros afterwards.
package lora
