// Package ggufmodel opens base models of GGUF files: those of the architectures llama, qwen2 and gpt2 that llama.cpp's converters write.
//
// Open is the one function. It maps the metadata to lm.Config, finds every tensor of the architecture by llama.cpp's name, holds its shape to the
// configuration before it reads it, and widens its type to float32.
//
// # Source
//
// Keys and names are those of gguf-py/gguf/constants.py of https://github.com/ggml-org/llama.cpp, what the converters do to the weights that of its
// convert_hf_to_gguf.py: queries and keys of llama are stored with the two halves of each head interleaved, which is undone here, so that the model of a file and the
// model that the file was made from are one (internal/hf); llama 3's stretched rotary angles are stored as divisors of the frequencies, from which the scaling is told.
//
// # Caveats
//
// Nothing is guessed: what lm does not compute (other architectures, other rotary scalings, tensors that no configuration asks for) is an EInvalid error.
package ggufmodel
