package encoder_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// texts decodes the sequences, with the label's name in front.
func texts(t *testing.T, c *encoder.Chunks) []string {
	t.Helper()
	tok := recipetest.Tokenizer(t)
	rev, _ := tok.Special("<rev>")
	var out []string
	for i := range c.Len() {
		s := c.Sequence(i)
		label := "doc:"
		if s[0] == rev {
			label = "rev:"
		}
		out = append(out, label+tok.Decode(s[1:]))
	}
	return out
}

func TestChunk(t *testing.T) {
	for name, c := range map[string]struct {
		text           string
		limit, overlap int
		reverse        bool
		want           []string
	}{
		"one token":                    {"a", 8, 0, false, []string{"doc:a"}},
		"fits":                         {"Ab. Cd.", 8, 0, false, []string{"doc:Ab. Cd."}},
		"sentences":                    {"Ab. Cd! Ef? Gh", 8, 0, false, []string{"doc:Ab. Cd!", "doc: Ef? Gh"}},
		"lines":                        {"ab\ncd\n\nef\n", 6, 0, false, []string{"doc:ab\n", "doc:cd\n\n", "doc:ef\n"}},
		"blanks after a line":          {"ab\n  cd\n", 6, 0, false, []string{"doc:ab\n", "doc:  cd\n"}},
		"stop and line end":            {"ab.\ncd.\n", 5, 0, false, []string{"doc:ab.\n", "doc:cd.\n"}},
		"closing quote":                {`"Ab." Cd`, 6, 0, false, []string{`doc:"Ab."`, "doc: Cd"}},
		"number is no end":             {"x 3.5 y. Z", 8, 0, false, []string{"doc:x 3.5 y.", "doc: Z"}},
		"hard":                         {"abcdefghij. k", 4, 0, false, []string{"doc:abcd", "doc:efgh", "doc:ij.", "doc: k"}},
		"reversed":                     {"Ab. Cd!", 4, 0, true, []string{"doc:Ab.", "doc: Cd!", "rev:.bA", "rev:!dC "}},
		"overlap":                      {"A. B. C. D.", 6, 1, false, []string{"doc:A. B.", "doc: B. C.", "doc: C. D."}},
		"overlap has no room":          {"A. Bcde. F.", 6, 1, false, []string{"doc:A.", "doc: Bcde.", "doc: F."}},
		"several bytes a token's rest": {"é. ü.", 4, 0, false, []string{"doc:é.", "doc: ü."}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recipe.Recipe{ChunkTokens: c.limit, Overlap: c.overlap, Reverse: c.reverse}
			got, err := encoder.Chunk(c.text, recipetest.Tokenizer(t), r)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, texts(t, got)); d != "" {
				t.Errorf("chunks (-want +got):\n%s", d)
			}
		})
	}
}

func TestChunkBadText(t *testing.T) {
	r := &recipe.Recipe{ChunkTokens: 8}
	for text, want := range map[string]string{
		"":           "empty",
		" \n\t ":     "only white space",
		"abc\xffdef": "0xff at offset 3",
		"é\xe2\x82":  "0xe2 at offset 2",
		"\uFFFD\x80": "0x80 at offset 3", // U+FFFD itself is valid
	} {
		_, err := encoder.Chunk(text, recipetest.Tokenizer(t), r)
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want EInvalid with %q", text, err, want)
		}
	}
}

func FuzzChunkCovers(f *testing.F) {
	f.Add("Ab. Cd! \"Ef?\" Gh\n\nij", 8, 2)
	f.Add("a", 1, 0)
	f.Add("日本語。テキスト.\r\n x", 3, 1)
	f.Fuzz(func(t *testing.T, text string, limit, overlap int) {
		tok := recipetest.Tokenizer(t)
		limit, overlap = 1+abs(limit)%300, abs(overlap)%5
		want := tok.Encode(text)
		for _, r := range []*recipe.Recipe{{ChunkTokens: limit, Reverse: true}, {ChunkTokens: limit, Overlap: overlap}} {
			c, err := encoder.Chunk(text, tok, r)
			if err != nil {
				if perk.ErrorCode(err) != perk.EInvalid {
					t.Fatal(err)
				}
				return
			}
			n := c.Len()
			if r.Reverse {
				n /= 2
			}
			var got []int32
			for i := range n {
				s := c.Sequence(i)[1:]
				if len(s) == 0 || len(s) > limit {
					t.Fatalf("chunk %d has %d tokens, limit %d", i, len(s), limit)
				}
				if r.Overlap == 0 {
					got = append(got, s...)
				}
				if r.Reverse {
					b := c.Sequence(n + i)[1:]
					for j := range s {
						if s[j] != b[len(b)-1-j] {
							t.Fatalf("chunk %d is not reversed", i)
						}
					}
				}
			}
			if r.Overlap == 0 {
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("tokens are not covered exactly once:\n%s", d)
				}
			}
		}
	})
}

func abs(x int) int {
	if x < 0 {
		return -(x + 1)
	}
	return x
}
