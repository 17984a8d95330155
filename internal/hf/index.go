package hf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// maxShards bounds the files that an index names; the largest models have a few hundred.
const maxShards = 1024

// parseIndex reads the weight_map of a sharded model: the file of every tensor. It goes by tokens, because encoding/json would let a repeated name
// pass in silence.
func parseIndex(raw []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	var where map[string]string
	err := object(d, func(key string) error {
		if key != "weight_map" {
			var ignored json.RawMessage
			return d.Decode(&ignored)
		}
		if where != nil {
			return fmt.Errorf("weight_map is there twice")
		}
		where = map[string]string{}
		files := map[string]bool{}
		return object(d, func(tensor string) error {
			var file string
			if err := d.Decode(&file); err != nil {
				return fmt.Errorf("file of tensor %q: %w", tensor, err)
			}
			if _, ok := where[tensor]; ok {
				return fmt.Errorf("tensor %q is there twice", tensor)
			}
			if !fs.ValidPath(file) || path.Base(file) != file || strings.Contains(file, `\`) || path.Ext(file) != ".safetensors" {
				return fmt.Errorf("tensor %q lies in %q, want the name of a .safetensors file of the folder", tensor, file)
			}
			if files[file] = true; len(files) > maxShards {
				return fmt.Errorf("more than %d files", maxShards)
			}
			where[tensor] = file
			return nil
		})
	})
	if err == nil {
		if _, rest := d.Token(); rest != io.EOF {
			err = fmt.Errorf("the file goes on after its JSON object")
		}
	}
	if err == nil && where == nil {
		err = fmt.Errorf("weight_map is missing")
	}
	if err != nil {
		return nil, perk.Errorf(perk.EInvalid, op, "%s: %w", IndexFile, err).WithHint("fetch the file again")
	}
	return where, nil
}

// object reads a JSON object and calls value at each key's value, which value must read.
func object(d *json.Decoder, value func(key string) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("no JSON object where one should begin (%v)", err)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		if err := value(t.(string)); err != nil { // object keys are always strings
			return err
		}
	}
	_, err := d.Token()
	return err
}

// Files lists the files of a folder that Open and Tokenizer read, those that may be missing as far as they are there. Errors: ENotFound, EDenied, EUnavailable, EInvalid (an index
// that is none).
func Files(dir fs.FS) ([]string, error) {
	out := []string{ConfigFile, TokenizerFile}
	if _, err := fs.Stat(dir, GenerationFile); err == nil {
		out = append(out, GenerationFile)
	}
	if _, err := fs.Stat(dir, WeightsFile); err == nil {
		return append(out, WeightsFile), nil
	}
	raw, err := readSmall(dir, IndexFile, maxIndex)
	if err != nil {
		return nil, err
	}
	where, err := parseIndex(raw)
	if err != nil {
		return nil, err
	}
	shards := slices.Sorted(maps.Values(where))
	return append(append(out, IndexFile), slices.Compact(shards)...), nil
}
