package tokenizer

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"

	"github.com/perkdb/perk"
)

// format names the file layout and the piece rules; it changes when either does.
const format = "perk-bpe-1"

// maxFile bounds what Parse reads.
const maxFile = 32 << 20

// file is the JSON form. Merges holds left and right ids in the order of learning.
type file struct {
	Format   string     `json:"format"`
	Specials []string   `json:"specials"`
	Merges   [][2]int32 `json:"merges"`
}

// MarshalJSON gives the form that Parse reads; the same vocabulary always gives the same bytes.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	f := file{Format: format, Specials: Specials(), Merges: make([][2]int32, len(t.merges))}
	for i, m := range t.merges {
		f.Merges[i] = [2]int32{m.left, m.right}
	}
	return json.Marshal(f)
}

// Parse reads the form that MarshalJSON writes. Errors: EInvalid for anything else, however hostile.
func Parse(b []byte) (*Tokenizer, error) {
	const op = "tokenizer.Parse"
	bad := func(msg string, args ...any) (*Tokenizer, error) {
		return nil, perk.Errorf(perk.EInvalid, op, msg, args...).WithHint("the tokenizer file is damaged or not perk's; take it from the model it belongs to")
	}
	if len(b) > maxFile {
		return bad("%d bytes, at most %d are read", len(b), maxFile)
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return bad("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("there is something after the JSON object")
	}
	if f.Format != format {
		return bad("format is %q, want %q", f.Format, format)
	}
	if !slices.Equal(f.Specials, Specials()) {
		return bad("special tokens are %q, want %q", f.Specials, Specials())
	}
	if len(f.Merges) > maxMerges {
		return bad("%d merges, at most %d are read", len(f.Merges), maxMerges)
	}
	merges, err := check(f.Merges)
	if err != nil {
		return bad("%w", err)
	}
	return build(merges), nil
}

// check holds every merge to what Train can make: known bytes or earlier merges, no pair twice, no token longer than maxToken
// bytes (which also keeps a chain of doublings from filling the memory).
func check(in [][2]int32) ([]pair, error) {
	const op = "check merges"
	merges := make([]pair, len(in))
	sizes := make([]int, len(in))
	seen := make(map[pair]bool, len(in))
	size := func(id int32) int {
		if id < firstMerge {
			return 1
		}
		return sizes[id-firstMerge]
	}
	for i, m := range in {
		p := pair{m[0], m[1]}
		for _, id := range m {
			if id < firstByte || int(id) >= firstMerge+i {
				return nil, perk.Errorf(perk.EInvalid, op, "merge %d uses id %d, which is no byte and no earlier merge", i, id)
			}
		}
		if seen[p] {
			return nil, perk.Errorf(perk.EInvalid, op, "merge %d repeats an earlier pair", i)
		}
		if sizes[i] = size(p.left) + size(p.right); sizes[i] > maxToken {
			return nil, perk.Errorf(perk.EInvalid, op, "merge %d makes a token of %d bytes, at most %d are allowed", i, sizes[i], maxToken)
		}
		seen[p], merges[i] = true, p
	}
	return merges, nil
}
