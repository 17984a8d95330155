package torchfile

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// step runs one opcode but STOP. Their names are those of pickletools.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80, 'K': // PROTO, BININT1
		n, err := m.number(1)
		if op == 0x80 {
			return err
		}
		return m.pushing(int64(n), err)
	case 0x95: // FRAME
		_, err := m.take(8)
		return err
	case 'M': // BININT2
		n, err := m.number(2)
		return m.pushing(int64(n), err)
	case 'J': // BININT
		n, err := m.number(4)
		return m.pushing(int64(int32(n)), err)
	case 0x8a: // LONG1
		return m.pushing(m.long())
	case 'G': // BINFLOAT
		return m.pushing(m.float())
	case 'N': // NONE
		return m.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return m.push(op == 0x88)
	case 'X', 'T', 'B': // BINUNICODE, BINSTRING, BINBYTES
		return m.pushing(text(m.bytes(4)))
	case 0x8c, 'U', 'C': // SHORT_BINUNICODE, SHORT_BINSTRING, SHORT_BINBYTES
		return m.pushing(text(m.bytes(1)))
	case 0x8d, 0x8e: // BINUNICODE8, BINBYTES8
		return m.pushing(text(m.bytes(8)))
	case '(': // MARK
		return m.push(mark{})
	case '0': // POP
		_, err := m.pop()
		return err
	case 'q': // BINPUT
		return m.memoise(m.number(1))
	case 'r': // LONG_BINPUT
		return m.memoise(m.number(4))
	case 0x94: // MEMOIZE
		return m.memoise(uint64(len(m.memo)), nil)
	case 'h': // BINGET
		return m.recall(m.number(1))
	case 'j': // LONG_BINGET
		return m.recall(m.number(4))
	}
	return m.build(op)
}

// build runs an opcode that makes or fills something.
func (m *machine) build(op byte) error {
	switch op {
	case '}': // EMPTY_DICT
		return m.push(&Dict{})
	case ']', 0x8f: // EMPTY_LIST, EMPTY_SET
		return m.push(&List{})
	case ')': // EMPTY_TUPLE
		return m.push(Tuple{})
	case 't': // TUPLE
		items, err := m.popMark()
		return m.pushing(Tuple(items), err)
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		t, err := m.popN(int(op) - 0x84)
		return m.pushing(t, err)
	case 'a', 'e', 0x90: // APPEND, APPENDS, ADDITEMS
		items, err := m.items(op == 'a', 1)
		if err != nil {
			return err
		}
		return m.fill(items, nil)
	case 's', 'u': // SETITEM, SETITEMS
		items, err := m.items(op == 's', 2)
		if err != nil {
			return err
		}
		if len(items)%2 != 0 {
			return errors.New("a key has no value")
		}
		pairs := make([]Item, len(items)/2)
		for i := range pairs {
			pairs[i] = Item{items[2*i], items[2*i+1]}
		}
		return m.fill(nil, pairs)
	case 'c': // GLOBAL
		module, err := m.line()
		if err != nil {
			return err
		}
		name, err := m.line()
		return m.pushing(&Object{module + "." + name}, err)
	case 0x93: // STACK_GLOBAL
		names, err := m.popN(2)
		if err != nil {
			return err
		}
		module, isText := names[0].(string)
		name, too := names[1].(string)
		if !isText || !too {
			return errors.New("a class has no name")
		}
		return m.push(&Object{module + "." + name})
	case 'Q': // BINPERSID
		id, err := m.pop()
		return m.pushing(persistent(id), err)
	case 'R', 0x81: // REDUCE, NEWOBJ
		call, err := m.popN(2)
		if err != nil {
			return err
		}
		return m.pushing(made(call[0], call[1]))
	case 'b': // BUILD: attributes of an object, which nobody asks for
		_, err := m.pop()
		return err
	}
	return errors.New("torch.save does not write it")
}

// items takes the last n values, or everything above the mark.
func (m *machine) items(last bool, n int) ([]any, error) {
	if last {
		t, err := m.popN(n)
		return t, err
	}
	return m.popMark()
}

// fill adds to the list or dictionary on top of the stack; an Object takes both and keeps nothing.
func (m *machine) fill(items []any, pairs []Item) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *List:
		v.Items = append(v.Items, items...)
		if pairs != nil {
			return errors.New("a list has no keys")
		}
	case *Dict:
		v.Items = append(v.Items, pairs...)
		if items != nil {
			return errors.New("a dictionary wants keys")
		}
	case *Object:
	default:
		return fmt.Errorf("a %T cannot be filled", v)
	}
	return nil
}

// persistent gives the memory that a persistent id stands for: ("storage", class, key, place, elements).
func persistent(id any) any {
	if t, ok := id.(Tuple); ok && len(t) == 5 && t[0] == "storage" {
		class, _ := t[1].(*Object)
		key, isKey := t[2].(string)
		n, isNumber := t[4].(int64)
		if class != nil && isKey && isNumber {
			return storage{dtypes[class.Class], key, n}
		}
	}
	return &Object{"persistent id"}
}

// made gives what a call would make.
func made(callee, args any) (any, error) {
	class, _ := callee.(*Object)
	t, _ := args.(Tuple)
	if class == nil {
		return nil, fmt.Errorf("a %T is called", callee)
	}
	switch class.Class {
	case "collections.OrderedDict":
		return &Dict{}, nil
	case "torch._utils._rebuild_parameter":
		if len(t) > 0 {
			return t[0], nil
		}
	case "torch._utils._rebuild_tensor_v2":
		return rebuilt(t)
	}
	return &Object{class.Class}, nil
}

// rebuilt gives the tensor of (memory, offset, shape, strides, ...).
func rebuilt(args Tuple) (any, error) {
	bad := errors.New("a tensor's description is damaged")
	if len(args) < 4 {
		return nil, bad
	}
	memory, ok := args[0].(storage)
	offset, isNumber := args[1].(int64)
	shape, isShape := args[2].(Tuple)
	strides, isStrides := args[3].(Tuple)
	if !ok || !isNumber || !isShape || !isStrides || len(shape) != len(strides) || offset < 0 {
		return nil, bad
	}
	t := &Tensor{Shape: make([]int, len(shape)), DType: memory.dtype, key: memory.key, elements: memory.elements, offset: offset, dense: true}
	n := int64(1)
	if slices.Contains(shape, any(int64(0))) {
		n = 0 // and stays so
	}
	for i := len(shape) - 1; i >= 0; i-- {
		size, ok := shape[i].(int64)
		stride, known := strides[i].(int64)
		if !ok || !known || size < 0 || size > math.MaxInt32 || size > 0 && n > memory.elements/size { // which also keeps n within bounds
			return nil, bad
		}
		t.Shape[i] = int(size)
		t.dense = t.dense && (stride == n || size <= 1 || n == 0)
		n *= size
	}
	if offset > memory.elements-n {
		return nil, bad
	}
	return t, nil
}
