package lm

import (
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// Precision is the form in which decoders read matrices: those of linear layers, head and adapters. Everything else is float32 in all of them.
type Precision int

// Precisions.
const (
	Int8     Precision = iota // 8 bits, with a scale for each output
	BFloat16                  // the upper half of each number
	Float32                   // the model's own numbers
)

// String names the precision for people.
func (p Precision) String() string { return [...]string{"int8", "bfloat16", "float32"}[p] }

// matrix is a frozen y = x Wᵀ + b as decoders compute it. A row's result depends on the row alone, whatever rows come with it.
type matrix struct {
	in, out int
	w       []float32          // (out, in), Float32 only
	wide    *kernel.PackedBF16 // BFloat16 only
	narrow  *kernel.PackedInt8 // Int8 only
	b       []float32          // (out); nil: none
}

func newMatrix(p Precision, in, out int, w, b []float32) *matrix {
	x := &matrix{in: in, out: out, b: b}
	switch p {
	case Float32:
		x.w = w
	case Int8:
		x.narrow = kernel.PackInt8(true, in, out, w, in)
	default:
		x.wide = kernel.PackBF16(true, in, out, w, in)
	}
	return x
}

// matrix gives the decoders' form of a linear layer.
func (l *linear) matrix(p Precision) *matrix {
	if p == BFloat16 {
		return &matrix{in: l.in, out: l.out, wide: l.fwd(), b: l.b}
	}
	return newMatrix(p, l.in, l.out, l.float32s(), l.b)
}

// bytes is what one product reads.
func (m *matrix) bytes() int64 {
	switch {
	case m.wide != nil:
		return int64(m.wide.Bytes())
	case m.narrow != nil:
		return int64(m.narrow.Bytes())
	}
	return 4 * int64(len(m.w))
}

// mul computes y = x Wᵀ + b + beta y, beta 0 or 1, for rows that belong together in runs. In float32 a run of one row is summed in another order than
// longer ones, so that the cut into runs, which is the sequences' own, decides about the bits; the other forms sum every row alike.
func (m *matrix) mul(runs []Span, rows int, x []float32, beta float32, y []float32) {
	if m.b != nil {
		y := y[:rows*m.out]
		if beta == 0 {
			clear(y)
		}
		addRows(y, m.b)
		beta = 1
	}
	switch {
	case m.wide != nil:
		kernel.GemvBF16(rows, x, m.in, m.wide, beta, y, m.out)
	case m.narrow != nil:
		kernel.GemmInt8(rows, x, m.in, m.narrow, beta, y, m.out)
	default:
		for i := range runs {
			n := len(runs[i].Tokens)
			m.mulRun(n, x, beta, y)
			x, y = x[n*m.in:], y[n*m.out:]
		}
	}
}

// mulRun is mul in float32, without b, of one run.
func (m *matrix) mulRun(rows int, x []float32, beta float32, y []float32) {
	if rows == 1 {
		kernel.Gemv(m.out, m.in, m.w, m.in, x, beta, y)
		return
	}
	kernel.Gemm(false, true, rows, m.out, m.in, x, m.in, m.w, m.in, beta, y, m.out)
}

// Weights are a model's matrices in the form in which decoders read them. They are immutable and may be shared by decoders.
type Weights struct {
	m      *Model // bare
	p      Precision
	layers [][modules]*matrix // nil where the architecture has no such module
	head   *matrix
	keys   map[*float32]*matrix // A of adapters that share it, by its first element
}

// Weights prepares a model for decoding. The tensors A of init that no write changes are prepared with it, for the adapters that share them; init may be
// nil. The adapter must not change any more. What is not needed of the model is not held on to.
func (m *Model) Weights(p Precision, init *lora.Adapter) *Weights {
	w := &Weights{m: m.bare(), p: p, layers: make([][modules]*matrix, len(m.layers)), keys: map[*float32]*matrix{}}
	for i := range m.layers {
		for mod := range m.layers[i].lin {
			if l := &m.layers[i].lin[mod]; l.there() {
				w.layers[i][mod] = l.matrix(p)
			}
		}
	}
	w.head = m.head.matrix(p)
	for _, name := range init.Names() {
		if pair := init.Pairs[name]; !pair.TrainA && len(pair.A) > 0 {
			w.keys[&pair.A[0]] = newMatrix(p, pair.In, pair.Rank, pair.A, nil)
		}
	}
	return w
}

// Config is the shape of the model that the weights are of.
func (w *Weights) Config() Config { return w.m.cfg }

// NewSequence makes a sequence as Model.NewSequence does.
func (w *Weights) NewSequence() *Sequence { return w.m.NewSequence() }

// Precision is the form of the matrices.
func (w *Weights) Precision() Precision { return w.p }

// Bytes is the size of the matrices, all of which a decoded token reads.
func (w *Weights) Bytes() int64 {
	n := w.head.bytes()
	for i := range w.layers {
		for _, m := range w.layers[i] {
			if m != nil {
				n += m.bytes()
			}
		}
	}
	return n
}

// Adapted is an adapter in the form in which decoders read it. It is immutable and may be shared.
type Adapted struct {
	w     *Weights
	pairs [][modules]*lowPair // by layer
	scale float32
	rank  int
	bytes int64
}

// lowPair is scale · f(x Aᵀ) Bᵀ of one linear layer.
type lowPair struct {
	a, b  *matrix // a is nil where it is the identity
	normA bool
}

// Adapt prepares an adapter, nil for the base model alone. In Float32 it keeps the adapter, which must not change any more. Errors: EInvalid (an adapter
// of another model).
func (w *Weights) Adapt(ad *lora.Adapter) (*Adapted, error) {
	slots, err := w.m.slots(ad)
	if err != nil {
		return nil, err
	}
	table := make([]pairs, len(w.layers))
	if err := place(table, slots, ad, false); err != nil {
		return nil, err
	}
	a := &Adapted{w: w, pairs: make([][modules]*lowPair, len(w.layers))}
	for _, s := range slots {
		p := table[s.layer][s.mod]
		low := &lowPair{b: newMatrix(w.p, p.Rank, p.Out, p.B, nil), normA: p.NormA}
		if !p.Full {
			if low.a = w.keys[&p.A[0]]; low.a == nil {
				low.a = newMatrix(w.p, p.In, p.Rank, p.A, nil)
				a.bytes += low.a.bytes()
			}
		}
		a.bytes += low.b.bytes()
		a.pairs[s.layer][s.mod] = low
		a.rank, a.scale = max(a.rank, p.Rank), ad.Scale
	}
	return a, nil
}

// Bytes is the memory that the adapter has for itself.
func (a *Adapted) Bytes() int64 { return a.bytes }
