package pieces_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/pieces"
)

// TestCache: a piece has its own ids whatever was asked before and beside it, and only long ones are merged again.
func TestCache(t *testing.T) {
	var mu sync.Mutex
	merged := map[string]int{}
	c := pieces.NewCache(func(p string) []int32 {
		mu.Lock()
		defer mu.Unlock()
		merged[p]++
		return []int32{int32(p[0]), int32(len(p))}
	})
	long := strings.Repeat("x", 65)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range 200 {
				p := strings.Repeat(string(rune('a'+n%26)), 1+n%60)
				if diff := cmp.Diff([]int32{int32(p[0]), int32(len(p))}, c.IDs(p)); diff != "" {
					t.Errorf("%q: %s", p, diff)
				}
			}
		})
	}
	all.Wait()
	before := merged["a"]
	c.IDs("a")
	c.IDs(long)
	c.IDs(long)
	if before == 0 || merged["a"] > before+1 || merged[long] != 2 {
		t.Errorf("a merged %d and %d times, a long piece %d times, want 2", before, merged["a"], merged[long])
	}
}

func TestJoin(t *testing.T) {
	if got := pieces.Join([]string{"a", "", "bc"}, []int32{2, 1, -1, 3, 0}); got != "bca" {
		t.Errorf("got %q", got)
	}
}
