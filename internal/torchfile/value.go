package torchfile

// A value is nil, bool, int64, float64, string, *List, *Dict, Tuple, *Tensor or *Object.

// List is a list; it is a pointer because a pickle may go on filling it.
type List struct{ Items []any }

// Tuple is a tuple.
type Tuple []any

// Dict is a dictionary in the file's order. Keys are not looked at; a key that is there twice has its last value.
type Dict struct{ Items []Item }

// Item is an entry of a Dict.
type Item struct{ Key, Value any }

// Get finds the value of a key that is a text; nil where there is none.
func (d *Dict) Get(key string) any {
	if d == nil {
		return nil
	}
	for i := len(d.Items) - 1; i >= 0; i-- {
		if d.Items[i].Key == key {
			return d.Items[i].Value
		}
	}
	return nil
}

// Object stands for anything else: a class or function, or what one would have made.
type Object struct{ Class string } // "collections.Counter"

// Tensor is a tensor of which only the description was read.
type Tensor struct {
	Shape []int
	DType string // of safetensors: "F32"; "" for one that it does not have

	key      string // of its memory
	elements int64  // of the whole memory
	offset   int64  // elements
	dense    bool   // row-major without holes
}

// storage is the memory that tensors lie in.
type storage struct {
	dtype, key string
	elements   int64
}

// dtypes are the types of memory by the class that says so.
var dtypes = map[string]string{
	"torch.FloatStorage": "F32", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16", "torch.DoubleStorage": "F64",
	"torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8", "torch.ByteStorage": "U8", "torch.BoolStorage": "BOOL",
}
