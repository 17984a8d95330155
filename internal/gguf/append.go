package gguf

import (
	"encoding/binary"
	"fmt"
)

// appendValue appends a value and tells its type.
func appendValue(b []byte, v any, depth int) (uint32, []byte, error) {
	switch v := v.(type) {
	case string:
		return typeString, appendString(b, v), nil
	case []string:
		b = appendArray(b, typeString, len(v))
		for _, s := range v {
			b = appendString(b, s)
		}
		return typeArray, b, nil
	case []any:
		if depth == maxNesting-1 {
			return 0, nil, fmt.Errorf("arrays lie deeper than %d", maxNesting)
		}
		b = appendArray(b, typeArray, len(v))
		for _, inner := range v {
			t, next, err := appendValue(b, inner, depth+1)
			if err == nil && t != typeArray {
				err = fmt.Errorf("a %T lies among arrays", inner)
			}
			if err != nil {
				return 0, nil, err
			}
			b = next
		}
		return typeArray, b, nil
	}
	t, n, ok := numeric(v)
	if !ok {
		return 0, nil, fmt.Errorf("a %T cannot be written", v)
	}
	if n < 0 {
		b, err := binary.Append(b, binary.LittleEndian, v)
		return t, b, err
	}
	b, err := binary.Append(appendArray(b, t, n), binary.LittleEndian, v)
	return typeArray, b, err
}

func appendArray(b []byte, t uint32, n int) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, t), uint64(n))
}

// numeric tells the type of a number or bool, or of the elements of a slice of them and their number; n is -1 for a single one.
func numeric(v any) (t uint32, n int, ok bool) {
	switch v := v.(type) {
	case uint8:
		return typeUint8, -1, true
	case int8:
		return typeInt8, -1, true
	case uint16:
		return typeUint16, -1, true
	case int16:
		return typeInt16, -1, true
	case uint32:
		return typeUint32, -1, true
	case int32:
		return typeInt32, -1, true
	case uint64:
		return typeUint64, -1, true
	case int64:
		return typeInt64, -1, true
	case float32:
		return typeFloat32, -1, true
	case float64:
		return typeFloat64, -1, true
	case bool:
		return typeBool, -1, true
	case []uint8:
		return typeUint8, len(v), true
	case []int8:
		return typeInt8, len(v), true
	case []uint16:
		return typeUint16, len(v), true
	case []int16:
		return typeInt16, len(v), true
	case []uint32:
		return typeUint32, len(v), true
	case []int32:
		return typeInt32, len(v), true
	case []uint64:
		return typeUint64, len(v), true
	case []int64:
		return typeInt64, len(v), true
	case []float32:
		return typeFloat32, len(v), true
	case []float64:
		return typeFloat64, len(v), true
	case []bool:
		return typeBool, len(v), true
	}
	return 0, 0, false
}
