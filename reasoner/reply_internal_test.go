package reasoner

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

func TestReply(t *testing.T) {
	tok := recipetest.Tokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	p := recipe.DefaultPrompt()
	plain := func(s string) []int32 { return append(tok.Encode(s), sp.EOS) }
	fact := func(s string, reversed bool) recipe.Fact { return recipe.Fact{Text: s, Reversed: reversed} }
	type result struct {
		Text, Stopped   string
		Support, Pieces []string
	}
	for name, c := range map[string]struct {
		tokens []int32
		stop   []string
		want   result
	}{
		"plain":             {plain("ab"), nil, result{"ab", "end", nil, []string{"a", "b"}}},
		"output":            {p.Answer(tok, sp, "ab"), nil, result{"ab", "end", nil, []string{"a", "b"}}},
		"empty":             {p.Answer(tok, sp, ""), nil, result{"", "end", nil, nil}},
		"support":           {p.Answer(tok, sp, "a", fact("x y", false), fact("z", false)), nil, result{"a", "end", []string{"x y", "z"}, []string{"a"}}},
		"reversed":          {p.Answer(tok, sp, "a", fact("é went", true), fact("z", false)), nil, result{"a", "end", []string{"é went", "z"}, []string{"a"}}},
		"probe":             {p.Answer(tok, sp, "a", recipe.Fact{Text: ", 9", Reversed: true, Absent: true}, fact("z", false)), nil, result{"a", "end", []string{"z"}, []string{"a"}}},
		"match":             {p.Answer(tok, sp, "a", fact("y", false), recipe.Fact{Text: "y", Match: true}), nil, result{"a", "end", []string{"y", "y"}, []string{"a"}}},
		"probe of nothing":  {slices.Concat(sp.SupportOpen, sp.Absent, sp.SupportClose, plain("c")), nil, result{"c", "end", nil, []string{"c"}}},
		"characters":        {p.Answer(tok, sp, "é日"), nil, result{"é日", "end", nil, []string{"é", "日"}}},
		"broken character":  {plain("a\xe2\x82b\xe2"), nil, result{"a\uFFFD\uFFFDb\uFFFD", "end", nil, []string{"a", "\uFFFD\uFFFDb", "\uFFFD"}}},
		"stop":              {plain("ab\n\ncd"), []string{"\n\n"}, result{"ab", "stop", nil, []string{"a", "b"}}},
		"almost stop":       {plain("a\nb"), []string{"\n\n"}, result{"a\nb", "end", nil, []string{"a", "\nb"}}},
		"earliest stop":     {plain("xabcd"), []string{"bcd", "abcd"}, result{"x", "stop", nil, []string{"x"}}},
		"stop in support":   {p.Answer(tok, sp, "a", fact("x.y", false)), []string{"."}, result{"a", "end", []string{"x.y"}, []string{"a"}}},
		"support runs out":  {slices.Concat(sp.SupportOpen, sp.Reversed, tok.Encode("cba")), nil, result{"", "", []string{"abc"}, nil}},
		"unlabelled fact":   {slices.Concat(sp.SupportOpen, tok.Encode("ab"), sp.OutputOpen, tok.Encode("c"), sp.OutputClose), nil, result{"c", "end", []string{"ab"}, []string{"c"}}},
		"answer unopened":   {slices.Concat(sp.SupportOpen, sp.SupportClose, plain("c")), nil, result{"c", "end", nil, []string{"c"}}},
		"special in answer": {slices.Concat(tok.Encode("a"), []int32{sp.Ask}, plain("b")), nil, result{"ab", "end", nil, []string{"a", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got result
			r := newReply(tok, sp, c.stop, func(s string) error { got.Pieces = append(got.Pieces, s); return nil })
			for _, token := range c.tokens {
				if got.Stopped, err = r.add(decoded{token: token}); err != nil {
					t.Fatal(err)
				}
				if got.Stopped != "" {
					break
				}
			}
			if got.Text, err = r.finish(); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.support() {
				got.Support = append(got.Support, f.Text)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("reply (-want +got):\n%s", d)
			}
			if all := strings.Join(got.Pieces, ""); all != got.Text {
				t.Errorf("pieces add up to %q, the answer is %q", all, got.Text)
			}
		})
	}
}

// Where marks are text, they are told from text that only begins like one, and the probabilities of their tokens are not the answer's.
func TestReplyInAPublishedVocabulary(t *testing.T) {
	tok := recipetest.TextTokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		Text, Stopped string
		Support       []string
		Answer        int // tokens whose probability counts for the answer
	}
	for name, c := range map[string]struct {
		text string
		end  bool // with the token that ends a text
		want result
	}{
		"plain":             {"ab", true, result{"ab", "end", nil, 3}},
		"output":            {"<output> ab</output>", false, result{"ab", "end", nil, 3 + 9}},
		"support":           {"<support> x y\n z</support>\n<output> a</output>", false, result{"a", "end", []string{"x y", "z"}, 2 + 9}},
		"like a mark":       {"<outing", true, result{"<outing", "end", nil, 8}},
		"mark breaks off":   {"<out", true, result{"<out", "end", nil, 5}},
		"cut off in a mark": {"a</outp", false, result{"a</outp", "", nil, 7}},
		"mark in a mark":    {"<output> a<</output>", false, result{"a<", "end", nil, 3 + 9}},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := tok.Encode(c.text)
			if c.end {
				tokens = append(tokens, sp.EOS)
			}
			var got result
			r := newReply(tok, sp, nil, nil)
			for _, token := range tokens {
				if got.Stopped, err = r.add(decoded{token: token, probability: 0.5}); err != nil {
					t.Fatal(err)
				}
				if got.Stopped != "" {
					break
				}
			}
			if got.Text, err = r.finish(); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.support() {
				got.Support = append(got.Support, f.Text)
			}
			got.Answer = int(-math.Log2(r.trace.product))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("reply (-want +got):\n%s", d)
			}
		})
	}
}

func TestReplyEmitError(t *testing.T) {
	tok := recipetest.Tokenizer(t)
	sp, _ := recipe.NewSpecials(tok)
	gone := errors.New("reader is gone")
	r := newReply(tok, sp, nil, func(string) error { return gone })
	if _, err := r.add(decoded{token: tok.Encode("a")[0]}); !errors.Is(err, gone) {
		t.Errorf("got %v, want emit's error", err)
	}
}

// FuzzReply decodes any tokens: pieces add up to the answer, and both are UTF-8 without a stop string.
func FuzzReply(f *testing.F) {
	f.Add([]byte("ab\xe2\x82c..d"), ".d")
	f.Add([]byte{4, 2, 'a', 5, 6, 0xc3, 0xa9, 7}, "é")
	f.Fuzz(func(t *testing.T, b []byte, stop string) {
		tok := recipetest.Tokenizer(t)
		sp, _ := recipe.NewSpecials(tok)
		var stops []string
		if stop != "" {
			stops = []string{stop}
		}
		var pieces strings.Builder
		r := newReply(tok, sp, stops, func(s string) error { pieces.WriteString(s); return nil })
		for _, x := range b {
			token := int32(x) // 0..7 are special, others stand for the byte itself
			if x >= 8 {
				token = tok.Encode(string([]byte{x}))[0]
			}
			if stopped, _ := r.add(decoded{token: token}); stopped != "" {
				break
			}
		}
		text, _ := r.finish()
		r.support()
		if text != pieces.String() || strings.ToValidUTF8(text, "") != text || stop != "" && strings.Contains(r.text, stop) {
			t.Errorf("answer %q, pieces %q, stop %q", text, pieces.String(), stop)
		}
	})
}
