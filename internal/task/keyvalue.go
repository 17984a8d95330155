package task

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/perkdb/perk"
)

// maxPairs is the most pairs of a document that are asked for.
const maxPairs = 24

// keyValue is a JSON object of random UUIDs; asked is the value of a key.
type keyValue struct{}

func (keyValue) Name() string { return "key-value" }

// Episode draws pairs until the document is full.
func (t keyValue) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(false); err != nil {
		return Episode{}, err
	}
	return o.placed(func() (Episode, error) { return t.draw(rng, o) })
}

func (t keyValue) draw(rng *rand.Rand, o Options) (Episode, error) {
	ep := Episode{Task: t.Name(), ID: fmt.Sprintf("%s-%016x", t.Name(), rng.Uint64())}
	var pairs []string
	left, misses := o.Tokens-o.Count("{\n}"), 0
	used := map[string]bool{}
	last := ""
	for misses < 8 {
		key, value := uuid(rng), uuid(rng)
		if last != "" && rng.Float64() < o.Similar {
			key = swapHex(rng, last)
		}
		pair := fmt.Sprintf("%q: %q", key, value)
		n := o.Count(pair + ",\n")
		if n > left || used[key] {
			misses++
			continue
		}
		used[key], last = true, key
		left -= n
		pairs = append(pairs, pair)
	}
	shuffle(rng, pairs)
	for ; ; pairs = pairs[:len(pairs)-1] { // a Count that does not add up
		if len(pairs) == 0 {
			return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "no pair fits into %d tokens", o.Tokens).WithHint("ask for longer documents")
		}
		if ep.Text = "{" + strings.Join(pairs, ",\n") + "}"; o.Count(ep.Text) <= o.Tokens {
			break
		}
	}
	ask := []string{"What is the value of the key %s?", "Which value belongs to the key %s?", "Give the value of %s.", "Key: %s. Value?", "What does %s map to?"}
	shuffle(rng, pairs)
	for _, p := range pairs {
		if len(ep.Questions) == maxPairs && o.Place.anywhere() {
			break
		}
		key, value := p[1:1+uuidLen], p[len(p)-1-uuidLen:len(p)-1]
		ep.Questions = append(ep.Questions, QA{
			Question: fmt.Sprintf(one(rng, ask), key), Answers: []string{value}, Support: []Fact{{Text: p}}, About: []string{key}, Form: "key-value",
		})
	}
	return ep, nil
}

const uuidLen = 36

// uuid draws a random UUID, version 4.
func uuid(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// swapHex changes one hexadecimal digit.
func swapHex(rng *rand.Rand, id string) string {
	out := []byte(id)
	for {
		if i := rng.IntN(len(out)); out[i] != '-' && i != 14 && i != 19 { // version and variant stay
			out[i] = "0123456789abcdef"[rng.IntN(16)]
			return string(out)
		}
	}
}
