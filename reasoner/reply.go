package reasoner

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// reply takes decoded tokens apart into recalled facts and the answer, and hands the answer out piece by piece.
type reply struct {
	tok   recipe.Tokenizer
	sp    recipe.Specials
	stop  []string
	emit  func(string) error // may be nil
	state part
	facts []fact
	out   []int32 // the answer's tokens
	text  string  // the answer as far as it is final
	sent  int     // bytes of text that were emitted
}

// part is where in a reply the next token stands.
type part int

const (
	atStart part = iota // nothing decoded yet: support, output or a plain answer may begin
	inSupport
	between  // after </support>
	inAnswer // after <output>, or in a plain answer
)

// fact is a recalled piece of the document, in the order in which it was decoded.
type fact struct {
	tokens   []int32
	reversed bool
}

func newReply(tok recipe.Tokenizer, sp recipe.Specials, stop []string, emit func(string) error) *reply {
	return &reply{tok: tok, sp: sp, stop: stop, emit: emit}
}

// answering says whether a token that comes now counts in the answer's probability: the answer's own tokens and the one that ends it.
func (r *reply) answering(token int32) bool {
	switch r.state {
	case inAnswer:
		return true
	case atStart:
		return token != r.sp.SupportOpen && token != r.sp.OutputOpen
	case between:
		return token != r.sp.OutputOpen
	}
	return false
}

// add takes the next token. stopped is "" while the reply goes on. Errors are emit's.
func (r *reply) add(token int32) (stopped string, err error) {
	if token == r.sp.EOS || r.state == inAnswer && token == r.sp.OutputClose {
		return stoppedEnd, nil
	}
	switch {
	case r.state == inSupport && token != r.sp.OutputOpen:
		r.recall(token)
		return "", nil
	case token == r.sp.SupportOpen && r.state == atStart:
		r.state = inSupport
		return "", nil
	case token == r.sp.OutputOpen && r.state != inAnswer:
		r.state = inAnswer
		return "", nil
	}
	r.state = inAnswer // a plain answer has no opening token
	r.out = append(r.out, token)
	return r.advance()
}

func (r *reply) recall(token int32) {
	switch token {
	case r.sp.SupportClose:
		r.state = between
	case r.sp.Ask:
		r.facts = r.facts[:max(0, len(r.facts)-1)] // a probe that found nothing
	case r.sp.Doc, r.sp.Rev:
		r.facts = append(r.facts, fact{reversed: token == r.sp.Rev})
	default:
		if len(r.facts) == 0 {
			r.facts = append(r.facts, fact{})
		}
		last := &r.facts[len(r.facts)-1]
		last.tokens = append(last.tokens, token)
	}
}

// advance emits what later tokens cannot change: no part of a character, and nothing that may become a stop string.
func (r *reply) advance() (stopped string, err error) {
	r.text = strings.TrimPrefix(r.tok.Decode(r.out), " ") // recipe.Prompt.Answer
	end := len(r.text)
	for _, s := range r.stop {
		if at := strings.Index(r.text, s); at >= 0 {
			end, stopped = min(end, at), stoppedStop
		}
	}
	if stopped != "" {
		r.text = r.text[:end]
		return stopped, nil // finish emits the rest
	}
	for _, s := range r.stop {
		for n := min(len(s)-1, len(r.text)); n > 0; n-- {
			if strings.HasSuffix(r.text, s[:n]) {
				end = min(end, len(r.text)-n)
				break
			}
		}
	}
	return "", r.send(whole(r.text[:end]))
}

// send emits text up to byte end.
func (r *reply) send(end int) error {
	if end <= r.sent {
		return nil
	}
	piece := valid(r.text[r.sent:end])
	r.sent = end
	if r.emit == nil {
		return nil
	}
	return r.emit(piece)
}

// finish emits the rest and gives the whole answer.
func (r *reply) finish() (string, error) { return valid(r.text), r.send(len(r.text)) }

// support gives the recalled facts in reading order.
func (r *reply) support() []perk.Fact {
	var out []perk.Fact
	for _, f := range r.facts {
		if f.reversed {
			slices.Reverse(f.tokens)
		}
		if s := strings.TrimSpace(valid(r.tok.Decode(f.tokens))); s != "" {
			out = append(out, perk.Fact{Text: s})
		}
	}
	return out
}

// whole is the length of s without a character at its end that still lacks bytes.
func whole(s string) int {
	for n := 1; n < utf8.UTFMax && n <= len(s); n++ {
		if tail := s[len(s)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRuneInString(tail) {
				return len(s) - n
			}
			break
		}
	}
	return len(s)
}

// valid puts U+FFFD in the place of every byte that is not UTF-8. Because it does so byte by byte, pieces cut by whole add up to the whole.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
