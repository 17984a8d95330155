package tokenizer

import (
	"cmp"
	"container/heap"
	"iter"
	"maps"
	"slices"
)

// word is a distinct piece of the corpus and how often it occurs.
type word struct {
	ids   []int32
	count int
}

// Train learns a vocabulary of size ids (at least MinVocab; fewer when the corpus has no pair left that occurs twice) from a
// corpus: again and again the pair of neighbouring tokens that occurs most often becomes a token, the smaller pair of ids where two
// occur equally often. Only the pieces of the corpus count, so it may be given in parts of any size that do not cut words. The same
// corpus gives the same Tokenizer.
func Train(corpus iter.Seq[string], size int) *Tokenizer {
	seen := map[string]int{}
	for text := range corpus {
		for len(text) > 0 {
			n := pieceLen(text)
			seen[text[:n]]++
			text = text[n:]
		}
	}
	words := make([]word, 0, len(seen))
	for _, p := range slices.Sorted(maps.Keys(seen)) {
		w := word{ids: make([]int32, len(p)), count: seen[p]}
		for i := range len(p) {
			w.ids[i] = firstByte + int32(p[i])
		}
		words = append(words, w)
	}
	return build(learn(words, min(size-MinVocab, maxMerges)))
}

// learn finds up to n merges. counts holds how often each pair occurs; where lists the words in which a pair was ever seen. The
// heap's counts may be out of date: they are checked when they come to the top.
func learn(words []word, n int) []pair {
	counts, where := map[pair]int{}, map[pair][]int{}
	for i, w := range words {
		for p := range pairs(w.ids) {
			counts[p] += w.count
			if at := where[p]; len(at) == 0 || at[len(at)-1] != i {
				where[p] = append(at, i)
			}
		}
	}
	queue := make(pairQueue, 0, len(counts))
	for p, c := range counts {
		queue = append(queue, counted{p, c})
	}
	heap.Init(&queue)
	var merges []pair
	for len(merges) < n && len(queue) > 0 {
		top := heap.Pop(&queue).(counted)
		if now := counts[top.pair]; now != top.count {
			if now > 0 {
				heap.Push(&queue, counted{top.pair, now})
			}
			continue
		}
		if top.count < 2 {
			break
		}
		id := int32(firstMerge + len(merges))
		merges = append(merges, top.pair)
		grown := map[pair]bool{}
		for _, i := range where[top.pair] {
			w := &words[i]
			for p := range pairs(w.ids) {
				counts[p] -= w.count
			}
			w.ids = replace(w.ids, top.pair, id)
			for p := range pairs(w.ids) {
				counts[p] += w.count
				if p.left == id || p.right == id {
					grown[p] = true
					if at := where[p]; len(at) == 0 || at[len(at)-1] != i {
						where[p] = append(at, i)
					}
				}
			}
		}
		for p := range grown {
			heap.Push(&queue, counted{p, counts[p]})
		}
		delete(where, top.pair)
	}
	return merges
}

// pairs walks the pairs of neighbours.
func pairs(ids []int32) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for i := 0; i+1 < len(ids); i++ {
			if !yield(pair{ids[i], ids[i+1]}) {
				return
			}
		}
	}
}

type counted struct {
	pair
	count int
}

// pairQueue is a heap with the most frequent pair on top. Its order is total, so it does not matter in which order pairs were pushed.
type pairQueue []counted

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].count, q[i].count), cmp.Compare(q[i].left, q[j].left), cmp.Compare(q[i].right, q[j].right)) < 0
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(counted)) }
func (q *pairQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
