package gguf

// ToHalf and Half are the conversions of float16.
var (
	ToHalf = toHalf
	Half   = half
)
