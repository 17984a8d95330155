package hf

import (
	"encoding/json"
	"io/fs"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
)

// Names of the files that say how text becomes tokens. GenerationFile may be missing.
const (
	TokenizerFile  = "tokenizer.json"
	GenerationFile = "generation_config.json"
)

// maxTokenizer bounds tokenizer.json; bpe.Parse reads no more.
const maxTokenizer = 64 << 20

// Tokenizer reads the tokenizer of a folder, and from config.json or generation_config.json which of its tokens begin and end a text. Errors: ENotFound,
// EDenied, EUnavailable (a file), EInvalid (a tokenizer that perk does not run, or none of the files tells the tokens).
func Tokenizer(dir fs.FS) (*bpe.Text, error) {
	raw, err := readSmall(dir, TokenizerFile, maxTokenizer)
	if err != nil {
		return nil, err
	}
	tok, err := bpe.Parse(raw)
	if err != nil {
		return nil, perk.Errorf(perk.ErrorCode(err), op, "%s: %w", TokenizerFile, err)
	}
	begin, end := int32(-1), int32(-1)
	for _, name := range []string{ConfigFile, GenerationFile} {
		raw, err := readSmall(dir, name, maxConfig)
		if name == GenerationFile && perk.ErrorCode(err) == perk.ENotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		var c struct {
			Begin *tokenID `json:"bos_token_id"`
			End   *tokenID `json:"eos_token_id"`
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, perk.Errorf(perk.EInvalid, op, "parse %s: %w", name, err).WithHint("fetch the file again, or correct the field that is named")
		}
		if c.Begin != nil && begin < 0 {
			begin = int32(*c.Begin)
		}
		if c.End != nil && end < 0 {
			end = int32(*c.End)
		}
	}
	if end < 0 {
		return nil, perk.Errorf(perk.EInvalid, op, "neither %s nor %s has an eos_token_id", ConfigFile, GenerationFile).WithHint("add the id of the token that ends a text to %s", ConfigFile)
	}
	if begin < 0 {
		begin = end
	}
	return bpe.NewText(tok, begin, end)
}

// tokenID is one id, or the first of several.
type tokenID int32

// UnmarshalJSON reads either form.
func (t *tokenID) UnmarshalJSON(b []byte) error {
	var several []int32
	if err := json.Unmarshal(b, &several); err == nil && len(several) > 0 {
		*t = tokenID(several[0])
		return nil
	}
	var one int32
	err := json.Unmarshal(b, &one)
	*t = tokenID(one)
	return err
}
