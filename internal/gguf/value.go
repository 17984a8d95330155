package gguf

// Metadata are the values of a file by key. A value is one of uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64, bool, string, a
// slice of one of these, or, for an array of arrays, []any of such slices.
type Metadata map[string]any

// Int gives a value of any integer type; ok is false where there is none, or it does not fit an int64.
func (m Metadata) Int(key string) (n int64, ok bool) {
	switch v := m[key].(type) {
	case uint8:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint64:
		return int64(v), v < 1<<63
	case int64:
		return v, true
	}
	return 0, false
}

// Float gives a value of either type of floats.
func (m Metadata) Float(key string) (x float64, ok bool) {
	switch v := m[key].(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// String gives a string.
func (m Metadata) String(key string) (s string, ok bool) {
	s, ok = m[key].(string)
	return s, ok
}

// Types of values in the file.
const (
	typeUint8 uint32 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// valueBytes gives the least bytes that a value of a type takes in the file; ok is false for an unknown type.
func valueBytes(t uint32) (n uint64, ok bool) {
	switch t {
	case typeUint8, typeInt8, typeBool:
		return 1, true
	case typeUint16, typeInt16:
		return 2, true
	case typeUint32, typeInt32, typeFloat32:
		return 4, true
	case typeString, typeUint64, typeInt64, typeFloat64:
		return 8, true
	case typeArray:
		return 12, true
	}
	return 0, false
}

const (
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
	maxAlignment     = 1 << 20
	maxKey           = 1<<16 - 1
	maxNesting       = 4 // of arrays in arrays; the format sets no limit, real files have none
)

// alignment gives what the offsets of tensors are multiples of; ok is false where the metadata has something impossible.
func (m Metadata) alignment() (n int64, ok bool) {
	v, there := m[alignmentKey]
	if !there {
		return defaultAlignment, true
	}
	a, ok := v.(uint32)
	return int64(a), ok && a >= 8 && a <= maxAlignment && a%8 == 0
}
