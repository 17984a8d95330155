// Package safetensors reads and writes files of named tensors, of floats or of bytes, in the safetensors format: eight
// bytes of little-endian header length, a JSON header, and the tensors' bytes back to back.
//
// Read and ReadAt turn bytes into a File; Marshal does the reverse. Open gives a Reader, which reads chosen tensors of a file one by one,
// for files too large to be held twice. Writing is deterministic: tensors are
// sorted by name, metadata by key, and the header is padded with spaces to a multiple of eight bytes, so that
// equal content gives equal bytes.
//
// # Caveats
//
// F32, F16 and BF16 are read, all as float32, and U8; F32 and U8 are written. A Reader passes over tensors of the format's other types,
// and File has none. Who wants floats checks the length of Tensor.Data, which
// is empty for U8. Readers trust nothing: sizes, shapes and offsets
// are checked against each other and against the file, and the tensors must cover the data without gap or
// overlap, as the format demands. A damaged file is an ECorrupt error.
package safetensors
