package gguf

import "fmt"

// Type is the type of a tensor's elements in the file, by its number in the format.
type Type uint32

// The types that can be read.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4_K Type = 12
	Q6_K Type = 14
	BF16 Type = 30
)

// traits say how elements of a type are kept.
type traits struct {
	name     string
	elements int                           // of a block
	bytes    int                           // of a block
	decode   func(dst []float32, b []byte) // one block
}

func (t Type) traits() (traits, bool) {
	switch t {
	case F32:
		return traits{"F32", 1, 4, decodeF32}, true
	case F16:
		return traits{"F16", 1, 2, decodeF16}, true
	case BF16:
		return traits{"BF16", 1, 2, decodeBF16}, true
	case Q4_0:
		return traits{"Q4_0", 32, 18, decodeQ4_0}, true
	case Q4_1:
		return traits{"Q4_1", 32, 20, decodeQ4_1}, true
	case Q5_0:
		return traits{"Q5_0", 32, 22, decodeQ5_0}, true
	case Q5_1:
		return traits{"Q5_1", 32, 24, decodeQ5_1}, true
	case Q8_0:
		return traits{"Q8_0", 32, 34, decodeQ8_0}, true
	case Q4_K:
		return traits{"Q4_K", 256, 144, decodeQ4_K}, true
	case Q6_K:
		return traits{"Q6_K", 256, 210, decodeQ6_K}, true
	}
	return traits{}, false
}

// String gives the format's name of a type that can be read, the number of another.
func (t Type) String() string {
	if tr, ok := t.traits(); ok {
		return tr.name
	}
	// Names of others that files of models have; the remaining numbers are for experiments.
	if name, ok := map[Type]string{10: "Q2_K", 11: "Q3_K", 13: "Q5_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 26: "I32", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4"}[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}
