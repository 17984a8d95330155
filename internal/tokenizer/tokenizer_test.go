package tokenizer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/tokenizer"
)

// corpus writes n sentences of skewed random words.
func corpus(n int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the of a garden Mary went to kitchen office hallway travelled journeyed back Event Student Id Name Year School Engineering don't it's river mountain")
	var b strings.Builder
	for range n {
		for range 5 + rng.IntN(8) {
			fmt.Fprintf(&b, " %s", words[min(rng.IntN(len(words)), rng.IntN(len(words)))])
		}
		fmt.Fprintf(&b, " %d.\n%s", rng.IntN(1000), words[rng.IntN(len(words))])
	}
	return b.String()
}

var trained = sync.OnceValue(func() *tokenizer.Tokenizer {
	return tokenizer.Train(slices.Values([]string{corpus(2000)}), 512)
})

// pieces gives the text of each token.
func pieces(t *tokenizer.Tokenizer, s string) []string {
	var out []string
	for _, id := range t.Encode(s) {
		out = append(out, t.Decode([]int32{id}))
	}
	return out
}

func TestPieces(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"Mary Event 4: Mary went", []string{"Mary", " Event", " ", "4", ":", " Mary", " went"}},
		{" 72.", []string{" ", "7", "2", "."}},
		{"72.", []string{"7", "2", "."}},
		{"the  the", []string{"the", " ", " the"}},
		{"the\n\nthe ", []string{"the", "\n", "\n", "the", " "}},
		{"<eos>", []string{"<", "e", "o", "s", ">"}},
	} {
		if diff := cmp.Diff(c.want, pieces(trained(), c.in)); diff != "" {
			t.Errorf("%q:\n%s", c.in, diff)
		}
	}
}

func TestTrainLearnsTheMostFrequentPair(t *testing.T) {
	// " ab" four times, "ab" none: the pairs (" ", a) and (a, b) tie at 4; the smaller ids, the space's, win. Then " a"+b.
	tok := tokenizer.Train(slices.Values([]string{" ab ab", " ab ab"}), tokenizer.MinVocab+5)
	b, err := json.Marshal(tok)
	if err != nil {
		t.Fatal(err)
	}
	space, a := 8+' ', 8+'a'
	want := fmt.Sprintf(`"merges":[[%d,%d],[%d,%d]]}`, space, a, tokenizer.MinVocab, a+1)
	if !strings.HasSuffix(string(b), want) {
		t.Errorf("got %s, want it to end in %s", b, want)
	}
	if n := tokenizer.Train(slices.Values([]string{}), 0).VocabSize(); n != tokenizer.MinVocab {
		t.Errorf("no corpus: %d ids, want %d", n, tokenizer.MinVocab)
	}
}

// The incremental learner must choose what the plain definition chooses.
func TestTrainAgainstDefinition(t *testing.T) {
	text := corpus(30)
	tok := tokenizer.Train(slices.Values([]string{text}), tokenizer.MinVocab+60)
	b, _ := json.Marshal(tok)
	var f struct{ Merges [][2]int32 }
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	// With no merges, tokens are bytes, and concatenated tokens of a piece are found by encoding the words apart.
	base := tokenizer.Train(slices.Values([]string{}), 0)
	var words [][]int32
	for _, line := range strings.SplitAfter(text, "\n") {
		for _, w := range strings.SplitAfter(strings.ReplaceAll(line, " ", "\x00 "), "\x00") {
			w = strings.TrimSuffix(w, "\x00")
			i := 0
			for i < len(w) && (w[i] == ' ' && i+1 < len(w) && (w[i+1]|32) >= 'a' || (w[i]|32) >= 'a' && (w[i]|32) <= 'z') {
				i++
			}
			words = append(words, base.Encode(w[:i]))
			if strings.HasPrefix(w[i:], "'") { // don't, it's
				words = append(words, base.Encode(w[i:]))
			}
		}
	}
	for i, m := range f.Merges {
		counts := map[[2]int32]int{}
		for _, w := range words {
			for j := 0; j+1 < len(w); j++ {
				counts[[2]int32{w[j], w[j+1]}]++
			}
		}
		var best [2]int32
		for p, n := range counts {
			if n > counts[best] || n == counts[best] && slices.Compare(p[:], best[:]) < 0 {
				best = p
			}
		}
		if best != m {
			t.Fatalf("merge %d is %v (%d times), the definition gives %v (%d times)", i, m, counts[m], best, counts[best])
		}
		for k, w := range words {
			var out []int32
			for j := 0; j < len(w); j++ {
				if j+1 < len(w) && w[j] == m[0] && w[j+1] == m[1] {
					out = append(out, int32(tokenizer.MinVocab+i))
					j++
				} else {
					out = append(out, w[j])
				}
			}
			words[k] = out
		}
	}
}

func TestSpecials(t *testing.T) {
	tok := trained()
	for i, name := range tokenizer.Specials() {
		if id, ok := tok.Special(name); !ok || id != int32(i) {
			t.Errorf("Special(%q) = %d, %v", name, id, ok)
		}
		for _, id := range tok.Encode("x " + name + " " + name) {
			if id < int32(len(tokenizer.Specials())) {
				t.Errorf("Encode of %q gave the special token %d", name, id)
			}
		}
	}
	if _, ok := tok.Special("<none>"); ok {
		t.Error("Special knows <none>")
	}
	ids := append(append([]int32{0, 4}, tok.Encode("the garden")...), 5, -1, int32(tok.VocabSize()), 1<<30)
	if got := tok.Decode(ids); got != "the garden" {
		t.Errorf("Decode = %q: special and unknown ids must be dropped", got)
	}
}

// Sentences joined by a space have the tokens of the parts, which the tasks' length bounds rest on.
func TestTokensAddUp(t *testing.T) {
	tok := trained()
	a, b := "Mary went to the garden.", "Student Id: 3109998, Grade: 72."
	if diff := cmp.Diff(append(tok.Encode(a), tok.Encode(" "+b)...), tok.Encode(a+" "+b)); diff != "" {
		t.Error(diff)
	}
	if n := tok.Count(a + " " + b); n != len(tok.Encode(a+" "+b)) {
		t.Errorf("Count = %d, want %d", n, len(tok.Encode(a+" "+b)))
	}
}

func TestJSONRoundTrip(t *testing.T) {
	b, err := json.Marshal(trained())
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(tokenizer.Train(slices.Values([]string{corpus(2000)}), 512))
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("training twice gives different files (error %v)", err)
	}
	tok, err := tokenizer.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(trained().Encode(corpus(50)), tok.Encode(corpus(50))); diff != "" {
		t.Error(diff)
	}
	if n := tok.VocabSize(); n != trained().VocabSize() || n < 350 {
		t.Errorf("%d ids, want %d and at least 350", n, trained().VocabSize())
	}
}

func file(merges string) string {
	specials, _ := json.Marshal(tokenizer.Specials())
	return fmt.Sprintf(`{"format":"perk-bpe-1","specials":%s,"merges":%s}`, specials, merges)
}

func TestParseHostile(t *testing.T) {
	if _, err := tokenizer.Parse([]byte(file(`[[8,9],[264,9]]`))); err != nil {
		t.Fatalf("the well-formed file: %v", err)
	}
	var doubling []string
	for i := range 40 {
		doubling = append(doubling, fmt.Sprintf("[%d,%d]", max(8, 263+i), max(8, 263+i)))
	}
	for what, in := range map[string]string{
		"empty":         "",
		"other format":  strings.Replace(file("[]"), "-1", "-2", 1),
		"specials":      strings.Replace(file("[]"), "rev", "ver", 1),
		"special used":  file(`[[0,9]]`),
		"negative":      file(`[[-1,9]]`),
		"self":          file(`[[264,9]]`),
		"later":         file(`[[8,9],[265,9]]`),
		"overflow":      file(`[[99999999999,9]]`),
		"twice":         file(`[[8,9],[8,9]]`),
		"doubling":      file("[" + strings.Join(doubling, ",") + "]"),
		"trailing":      file("[]") + "{}",
		"unknown field": strings.Replace(file("[]"), `"merges"`, `"x":1,"merges"`, 1),
	} {
		if _, err := tokenizer.Parse([]byte(in)); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", what, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	text := corpus(300)
	want := tokenizer.Train(slices.Values([]string{corpus(2000)}), 512).Encode(text)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if !slices.Equal(trained().Encode(text), want) {
					t.Error("Encode differs under concurrency")
				}
			}
		})
	}
	wg.Wait()
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "Mary Event 4: Mary went.", "\x00\xff\xfe  \n\t'll 's don't", "日本語 naïve — “x”", strings.Repeat("a", 300), "   ", "<eos></output>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tok := trained()
		ids := tok.Encode(s)
		if got := tok.Decode(ids); got != s {
			t.Errorf("Decode(Encode(%q)) = %q", s, got)
		}
		if tok.Count(s) != len(ids) {
			t.Errorf("Count(%q) = %d, want %d", s, tok.Count(s), len(ids))
		}
		for _, id := range ids {
			if int(id) < len(tokenizer.Specials()) || int(id) >= tok.VocabSize() {
				t.Errorf("Encode(%q) gave id %d", s, id)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file(`[[8,9],[264,9]]`)))
	f.Add([]byte(file(`[[8,8],[264,264],[265,265]]`)))
	f.Add([]byte(`{"merges":[[1]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := tokenizer.Parse(b)
		if err != nil {
			if perk.ErrorCode(err) != perk.EInvalid {
				t.Errorf("error %v is not EInvalid", err)
			}
			return
		}
		const s = "Mary went \x00\xff 12"
		if got := tok.Decode(tok.Encode(s)); got != s {
			t.Errorf("round trip gives %q", got)
		}
		out, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokenizer.Parse(out); err != nil {
			t.Errorf("what Marshal wrote is refused: %v", err)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tok, text := trained(), corpus(500)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tok.Encode(text)
	}
}
