// Package safetensors reads and writes files of named tensors, of float32 or of bytes, in the safetensors format: eight
// bytes of little-endian header length, a JSON header, and the tensors' bytes back to back.
//
// Read and ReadAt turn bytes into a File; Marshal does the reverse. Writing is deterministic: tensors are
// sorted by name, metadata by key, and the header is padded with spaces to a multiple of eight bytes, so that
// equal content gives equal bytes.
//
// # Caveats
//
// Only F32 and U8 are supported; any other type is refused by name. Who wants floats checks the length of Tensor.Data, which
// is empty for U8. Readers trust nothing: sizes, shapes and offsets
// are checked against each other and against the file, and the tensors must cover the data without gap or
// overlap, as the format demands. A damaged file is an ECorrupt error.
package safetensors
