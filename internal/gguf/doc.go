// Package gguf reads and writes GGUF files: metadata and named tensors, as llama.cpp and its kin keep models and LoRA adapters.
//
// Open reads and checks everything but the tensors' data; Reader.Floats then gives one tensor as float32. Tokenizer makes the tokenizer that the metadata
// describes. Write writes a file.
//
// # Source
//
// The format is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian; version 3 is written. The blocks of
// quantised types are those of ggml-quants.c and ggml-common.h of the same project. Types that can be read: F32, F16, BF16,
// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q6_K. F32, F16 and Q8_0 can be written.
//
// # Shapes
//
// GGUF lists dimensions with the fastest first. Shapes here are row-major, the fastest last, as everywhere else in perk.
//
// # Caveats
//
// Readers trust nothing: counts and lengths are checked against the bytes that are left before anything is allocated, so that memory stays within a small multiple
// of the file's size; tensors are held to alignment, to the file's end and to each other. A damaged file is an ECorrupt error, a file of another
// version or with a tensor of another type is EInvalid. Bytes between tensors are not looked at. A file in several parts is several files.
package gguf
