package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// mark is what the opcode MARK puts on the stack.
type mark struct{}

// machine runs a pickle.
type machine struct {
	code  []byte // what is left
	stack []any
	memo  map[uint32]any
}

var errCut = errors.New("the pickle is cut off")

// unpickle gives the value that a pickle describes. Its time and memory are linear in the code.
func unpickle(code []byte) (any, error) {
	m := &machine{code: code, memo: map[uint32]any{}}
	for {
		b, err := m.take(1)
		if err != nil {
			return nil, err
		}
		if b[0] == '.' {
			return m.pop()
		}
		if err := m.step(b[0]); err != nil {
			return nil, fmt.Errorf("opcode 0x%02x at byte %d of the pickle: %w", b[0], len(code)-len(m.code)-1, err)
		}
	}
}

// take gives the next n bytes.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(len(m.code)) {
		return nil, errCut
	}
	b := m.code[:n]
	m.code = m.code[n:]
	return b, nil
}

// number reads n bytes as a little-endian integer.
func (m *machine) number(n int) (uint64, error) {
	b, err := m.take(uint64(n))
	if err != nil {
		return 0, err
	}
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), nil
}

// bytes reads as many bytes as a number of n bytes says.
func (m *machine) bytes(n int) ([]byte, error) {
	length, err := m.number(n)
	if err != nil {
		return nil, err
	}
	return m.take(length)
}

func (m *machine) line() (string, error) {
	i := slices.Index(m.code, '\n')
	if i < 0 {
		return "", errCut
	}
	b, err := m.take(uint64(i + 1))
	return string(b[:i]), err
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (any, error) {
	n := len(m.stack)
	if n == 0 {
		return nil, errors.New("the stack is empty")
	}
	v := m.stack[n-1]
	if _, ok := v.(mark); ok {
		return nil, errors.New("a mark stands where a value should")
	}
	m.stack = m.stack[:n-1]
	return v, nil
}

// top gives the value that a pickle goes on filling.
func (m *machine) top() (any, error) {
	v, err := m.pop()
	if err == nil {
		err = m.push(v)
	}
	return v, err
}

// popMark takes everything above the last mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			out := slices.Clone(m.stack[i+1:])
			m.stack = m.stack[:i]
			return out, nil
		}
	}
	return nil, errors.New("there is no mark")
}

// popN takes the last n values.
func (m *machine) popN(n int) (Tuple, error) {
	out := make(Tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if out[i], err = m.pop(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pushing pushes what could be read.
func (m *machine) pushing(v any, err error) error {
	if err != nil {
		return err
	}
	return m.push(v)
}

// memoise keeps the last value under a number.
func (m *machine) memoise(n uint64, err error) error {
	if err != nil {
		return err
	}
	v, err := m.top()
	if err == nil {
		m.memo[uint32(n)] = v
	}
	return err
}

// recall pushes what is kept under a number.
func (m *machine) recall(n uint64, err error) error {
	if err != nil {
		return err
	}
	v, ok := m.memo[uint32(n)]
	if !ok {
		return fmt.Errorf("nothing is kept under %d", n)
	}
	return m.push(v)
}

// float reads a big-endian float64.
func (m *machine) float() (any, error) {
	b, err := m.take(8)
	if err != nil {
		return nil, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// long reads a two's complement integer; one that an int64 does not hold becomes an Object.
func (m *machine) long() (any, error) {
	b, err := m.bytes(1)
	switch {
	case err != nil:
		return nil, err
	case len(b) > 8:
		return &Object{"builtins.int"}, nil
	case len(b) == 0:
		return int64(0), nil
	}
	var word [8]byte
	copy(word[:], b)
	shift := 64 - 8*uint(len(b))
	return int64(binary.LittleEndian.Uint64(word[:])<<shift) >> shift, nil
}

func text(b []byte, err error) (any, error) { return string(b), err }
