package task

import (
	"compress/gzip"
	"hash/fnv"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/perkdb/perk"
)

// maxProse bounds the unpacked corpus, so that a hostile gzip file cannot fill the memory.
const maxProse = 1 << 30

// Prose is filler from a corpus of novels. Training and evaluation never share a novel: about one in five, chosen by a hash of its
// title, is for evaluation. It is safe for concurrent use.
type Prose struct {
	novels [2][]novel // by Split
}

type novel struct{ title, text string }

// OpenProse reads a gzip file of novels that are separated by 0x1E, each with its title as first line. Errors: ENotFound (no
// file), EInvalid (not such a file, or too few novels to give both splits one).
func OpenProse(path string) (*Prose, error) {
	const op = "task.OpenProse"
	f, err := os.Open(path)
	if err != nil {
		return nil, perk.E(perk.ENotFound, op, err).WithHint("set PERK_DATA to the folder that holds prose/, or use the generated filler")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, perk.E(perk.EInvalid, op, err).WithHint("%s must be a gzip file", path)
	}
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(z, maxProse+1))
	if err != nil {
		return nil, perk.E(perk.EInvalid, op, err).WithHint("%s is damaged; fetch it again", path)
	}
	if n > maxProse {
		return nil, perk.Errorf(perk.EInvalid, op, "%s unpacks to more than %d bytes", path, maxProse)
	}
	p := &Prose{}
	for part := range strings.SplitSeq(b.String(), "\x1e") {
		title, text, _ := strings.Cut(strings.TrimLeft(part, "\n"), "\n")
		if len(text) < 1000 {
			continue
		}
		s := splitOf(title)
		p.novels[s] = append(p.novels[s], novel{title, text})
	}
	for s, list := range p.novels {
		if len(list) == 0 {
			return nil, perk.Errorf(perk.EInvalid, op, "%s has no novel for %s", path, Split(s)).WithHint("give a corpus of more novels")
		}
	}
	return p, nil
}

// splitOf holds about one in five titles out for evaluation, by a hash.
func splitOf(title string) Split {
	h := fnv.New32a()
	h.Write([]byte(title))
	if h.Sum32()%5 == 0 {
		return Eval
	}
	return Train
}

// Name gives "novels".
func (p *Prose) Name() string { return "novels" }

// Titles lists the novels of a split in the file's order.
func (p *Prose) Titles(s Split) []string {
	var out []string
	for _, n := range p.novels[s] {
		out = append(out, n.title)
	}
	return out
}

// Texts walks the whole novels of a split in the file's order, for tokenizers and language models.
func (p *Prose) Texts(s Split) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range p.novels[s] {
			if !yield(n.text) {
				return
			}
		}
	}
}

// Sentences walks a novel of the split from a random place on, and another when it ends. Headings, very short and very long
// sentences, invalid UTF-8 and sentences that name somebody of the tasks are left out.
func (p *Prose) Sentences(rng *rand.Rand, s Split) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			text := p.novels[s][rng.IntN(len(p.novels[s]))].text
			text = text[rng.IntN(len(text)):]
			first := true // the place drawn lies inside a sentence
			for len(text) > 0 {
				n := sentence(text)
				one := strings.TrimSpace(text[:n])
				text = text[n:]
				if first || !plain(one) {
					first = false
					continue
				}
				if !yield(one) {
					return
				}
			}
		}
	}
}

// sentence gives the length of the first sentence of text: up to a mark that ends one, closing quotes, and a space; or a newline.
func sentence(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			return i + 1
		case '.', '!', '?':
			j := i + 1
			for j < len(text) && strings.IndexByte(`"')]`, text[j]) >= 0 {
				j++
			}
			// A capital or a quote must follow, so that "Mr. Vane" is cut but "3.5" and "oh! no" are not.
			if j+1 < len(text) && text[j] == ' ' && (text[j+1] < 'a' || text[j+1] > 'z') {
				return j + 1
			}
		}
	}
	return len(text)
}

// plain reports whether a sentence may serve as filler.
func plain(s string) bool {
	if len(s) < 20 || len(s) > 300 || !utf8.ValidString(s) || clashes(s) {
		return false
	}
	switch s[len(s)-1] {
	case '.', '!', '?', '"', '\'':
		return true
	}
	return false
}
