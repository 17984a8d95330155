package ad_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/ad/adtest"
)

type (
	graph = ad.Graph[float64]
	node  = ad.Node[float64]
)

// The tests compare with central differences in float64; step and tolerance follow from it.
const (
	step      = 1e-5
	tolerance = 1e-6
)

var ids = []int32{1, 0, 2, 1, 3, 3, 0, 2}

// cases lists every operation on leaves whose shapes are given; all sequences have 4 rows, attention has 2 heads.
var cases = []struct {
	name   string
	shapes [][2]int
	second bool // differentiable twice
	build  func(x []*node) *node
}{
	{"MatMul", [][2]int{{3, 4}, {4, 5}}, true, func(x []*node) *node { return ad.MatMul(x[0], x[1], false, false) }},
	{"MatMul/ta", [][2]int{{4, 3}, {4, 5}}, true, func(x []*node) *node { return ad.MatMul(x[0], x[1], true, false) }},
	{"MatMul/tb", [][2]int{{3, 4}, {5, 4}}, true, func(x []*node) *node { return ad.MatMul(x[0], x[1], false, true) }},
	{"MatMul/ta/tb", [][2]int{{4, 3}, {5, 4}}, true, func(x []*node) *node { return ad.MatMul(x[0], x[1], true, true) }},
	{"MatMul/self", [][2]int{{4, 3}}, true, func(x []*node) *node { return ad.MatMul(x[0], x[0], false, true) }},
	{"Add", [][2]int{{3, 4}, {3, 4}}, true, func(x []*node) *node { return ad.Mul(ad.Add(x[0], x[1]), x[0]) }},
	{"Sub", [][2]int{{3, 4}, {3, 4}}, true, func(x []*node) *node { return ad.Mul(ad.Sub(x[0], x[1]), x[1]) }},
	{"Mul/self", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Mul(x[0], ad.Mul(x[0], x[0])) }},
	{"ScaleBy", [][2]int{{3, 4}, {1, 1}}, true, func(x []*node) *node { return ad.ScaleBy(x[0], ad.Exp(x[1])) }},
	{"Sum", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.ScaleBy(x[0], ad.Sum(ad.Mul(x[0], x[0]))) }},
	{"RowDot", [][2]int{{3, 4}, {3, 4}}, true, func(x []*node) *node { return ad.RowDot(ad.Mul(x[0], x[1]), x[1]) }},
	{"RowScale", [][2]int{{3, 4}, {3, 1}}, true, func(x []*node) *node { return ad.RowScale(x[0], ad.Exp(x[1])) }},
	{"RMSNorm", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.RMSNorm(x[0], 1e-5) }},
	{"AddRow", [][2]int{{3, 4}, {1, 4}}, true, func(x []*node) *node { return ad.Exp(ad.AddRow(x[0], x[1])) }},
	{"Rows", [][2]int{{5, 4}}, true, func(x []*node) *node { return ad.Exp(ad.Rows(x[0], 1, 3)) }},
	{"Concat", [][2]int{{3, 4}, {3, 2}}, true, func(x []*node) *node { return ad.Exp(ad.Concat(x[0], x[1])) }},
	{"Relu2", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Relu2(ad.Mul(x[0], x[0])) }},
	{"Relu2/sign", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Relu2(x[0]) }},
	{"Gelu", [][2]int{{3, 4}}, false, func(x []*node) *node { return ad.Gelu(x[0]) }},
	{"Softplus", [][2]int{{3, 4}}, false, func(x []*node) *node { return ad.Softplus(x[0], 3) }},
	{"Gather", [][2]int{{4, 3}}, true, func(x []*node) *node { return ad.Exp(ad.Gather(x[0], ids)) }},
	{"Conv", [][2]int{{8, 3}, {4, 3}}, true, func(x []*node) *node { return ad.Exp(ad.Conv(x[0], x[1], 4)) }},
	{"Rope", [][2]int{{8, 8}}, true, func(x []*node) *node { return ad.Exp(ad.Rope(x[0], 4, ad.Rotary{Freq: []float64{1, 0.3}}, 1)) }},
	{"Rope/half", [][2]int{{8, 8}}, true, func(x []*node) *node {
		return ad.Exp(ad.Rope(x[0], 4, ad.Rotary{Freq: []float64{1, 0.3}, Half: true}, 1))
	}},
	{"RepeatHeads", [][2]int{{3, 4}, {3, 8}}, true, func(x []*node) *node { return ad.Exp(ad.Mul(ad.RepeatHeads(x[0], 2, 2), x[1])) }},
	{"Columns", [][2]int{{3, 5}}, true, func(x []*node) *node { return ad.Exp(ad.Columns(x[0], 1, 4)) }},
	{"MulRow", [][2]int{{3, 4}, {1, 4}}, true, func(x []*node) *node { return ad.Exp(ad.MulRow(x[0], x[1])) }},
	{"Silu", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Silu(x[0]) }},
	{"GeluTanh", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.GeluTanh(x[0]) }},
	{"Centre", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Exp(ad.Centre(x[0])) }},
	{"Attention", [][2]int{{8, 4}, {8, 4}, {8, 4}}, true, func(x []*node) *node { return ad.Attention(x[0], x[1], x[2], 4, 2) }},
	{"SolveSPD", [][2]int{{2, 3}, {3, 4}, {1, 1}}, false, func(x []*node) *node {
		return ad.SolveSPD(x[0], ad.MatMul(x[1], x[1], false, true), ad.Exp(x[2]))
	}},
	{"Column", [][2]int{{3, 4}}, true, func(x []*node) *node { return ad.Exp(ad.Column(x[0], 2)) }},
	{"Nll", [][2]int{{8, 3}, {4, 3}}, false, func(x []*node) *node { return head.Nll(x[0], x[1]) }},
	{"Nll/inner", [][2]int{{8, 3}}, true, func(x []*node) *node {
		return head.Nll(x[0], x[0].Graph().Leaf("E", 4, 3, table))
	}},
}

var (
	head  = ad.Head[float64]{Scale: 1.3, Targets: ids}
	table = random(rand.New(rand.NewPCG(5, 5)), 12)
)

func random(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// scalar is a random projection of a node, so that every element of it matters.
func scalar(y *node, seed uint64) *node {
	w := y.Graph().Leaf("w", y.Rows, y.Cols, random(rand.New(rand.NewPCG(seed, 1)), y.Rows*y.Cols))
	return ad.Sum(ad.Mul(y, w))
}

func TestOperations(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := make([][]float64, len(c.shapes))
			leaves := func(g *graph) []*node {
				x := make([]*node, len(c.shapes))
				for i, s := range c.shapes {
					if data[i] == nil {
						data[i] = random(rand.New(rand.NewPCG(uint64(i), 9)), s[0]*s[1])
					}
					x[i] = g.Leaf(fmt.Sprint("x", i), s[0], s[1], data[i])
				}
				return x
			}
			first := func(x []*node) *node { return scalar(c.build(x), 3) }
			adtest.Check(t, data, leaves, first, step, tolerance, 100)
			if c.second {
				adtest.Check(t, data, leaves, func(x []*node) *node {
					var sum *node
					for i, g := range ad.Grad(first(x), x...) {
						if s := scalar(g, uint64(10+i)); sum == nil {
							sum = s
						} else {
							sum = ad.Add(sum, s)
						}
					}
					return sum
				}, step, tolerance, 100)
			}
		})
	}
}

// The gradients of hiddenGrad in E and in the weights matter in the outer loop only; they are checked through a weighted write.
func TestWriteGradientInEmbeddingAndWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	data := [][]float64{random(r, 24), random(r, 12), random(r, 8)}
	leaves := func(g *graph) []*node {
		return []*node{g.Leaf("h", 8, 3, data[0]), g.Leaf("e", 4, 3, data[1]), g.Leaf("w", 8, 1, data[2])}
	}
	adtest.Check(t, data, leaves, func(x []*node) *node {
		inner := ad.Sum(ad.Mul(head.Nll(x[0], x[1]), x[2]))
		return scalar(ad.Grad(inner, x[0])[0], 4)
	}, step, tolerance, 100)
}

func TestFloat32AgreesWithFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	q := random(r, 64*16)
	q32 := make([]float32, len(q))
	for i, v := range q {
		q32[i] = float32(v)
	}
	y := run(t, q, 0.0)
	y32 := run(t, q32, float32(0))
	for i := range y {
		if math.Abs(y[i]-float64(y32[i])) > 1e-4*(1+math.Abs(y[i])) {
			t.Fatalf("element %d: %g in float64, %g in float32", i, y[i], y32[i])
		}
	}
}

func run[T float32 | float64](t *testing.T, q []T, _ T) []T {
	g := ad.NewGraph(ad.NewPool[T]())
	x := g.Leaf("x", 64, 16, q)
	y := ad.Sum(ad.Mul(ad.Attention(ad.RMSNorm(x, 1e-5), x, ad.Relu2(x), 32, 2), x))
	gx := ad.Grad(y, x)[0]
	p, err := g.Compile(gx)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 { // the second run must give the same from recycled buffers
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	return gx.Value()
}

func TestGradOfUnrelatedLeafIsNil(t *testing.T) {
	g := ad.NewGraph(ad.NewPool[float64]())
	x, y := g.Leaf("x", 1, 1, []float64{2}), g.Leaf("y", 1, 1, []float64{3})
	if got := ad.Grad(ad.Mul(x, x), y)[0]; got != nil {
		t.Fatalf("gradient of x*x in y is a node, want nil")
	}
}

// The trainer learns from a NaN in its loss that a matrix had no factors.
func TestSolutionOfWhatIsNotPositiveIsNaN(t *testing.T) {
	for name, a := range map[string][]float64{"indefinite": {1, 2, 2, 1}, "zero": make([]float64, 4)} {
		g := ad.NewGraph(ad.NewPool[float64]())
		loss := ad.Sum(ad.SolveSPD(g.Leaf("b", 1, 2, []float64{1, 1}), g.Leaf("a", 2, 2, a), g.Leaf("s", 1, 1, []float64{0})))
		p, err := g.Compile(loss)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if got := loss.Value()[0]; !math.IsNaN(got) {
			t.Errorf("%s: the solution sums to %g, want NaN", name, got)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
