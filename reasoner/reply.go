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
	open  []decoded // tokens that may become a mark
	ended bool
	facts []fact
	out   []int32 // the answer's tokens
	text  string  // the answer as far as it is final
	sent  int     // bytes of text that were emitted
	trace trace
}

// decoded is a token of a reply.
type decoded struct {
	token       int32
	probability float64
	entropy     float64 // of the distribution that it was picked from, nats; counts where the answer begins
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

// mayAnswer says whether the answer can begin with the next token.
func (r *reply) mayAnswer() bool { return r.state != inSupport && !r.trace.answered }

// add takes the next token. stopped is "" while the reply goes on. Errors are emit's.
func (r *reply) add(d decoded) (stopped string, err error) {
	r.open = append(r.open, d)
	for len(r.open) > 0 && !r.ended {
		is, n := r.match()
		if is == unknown {
			return "", nil
		}
		if stopped, err = r.take(is, r.open[:n]); err != nil {
			return "", err
		}
		r.open = slices.Delete(r.open, 0, n)
		r.ended = stopped != ""
	}
	return stopped, nil
}

// kind is what tokens turn out to be.
type kind int

const (
	unknown kind = iota // they may become a mark
	plain
	eos
	supportOpen
	supportClose
	outputOpen
	outputClose
	nextFact
	nextReversed
	absent
	matched
)

// match tells what the first of the open tokens are, and how many of them it is.
func (r *reply) match() (kind, int) {
	if r.open[0].token == r.sp.EOS {
		return eos, 1
	}
	var marks [6]struct {
		is   kind
		mark recipe.Mark
	}
	n := 0
	may := func(is kind, m recipe.Mark) { marks[n].is, marks[n].mark, n = is, m, n+1 }
	switch r.state {
	case atStart:
		may(supportOpen, r.sp.SupportOpen)
		may(outputOpen, r.sp.OutputOpen)
	case inSupport:
		may(supportClose, r.sp.SupportClose)
		may(nextFact, r.sp.Fact)
		may(nextReversed, r.sp.Reversed)
		may(absent, r.sp.Absent)
		may(matched, r.sp.Match)
		may(outputOpen, r.sp.OutputOpen)
	case between:
		may(outputOpen, r.sp.OutputOpen)
	case inAnswer:
		may(outputClose, r.sp.OutputClose)
	}
	partly := false
	for _, m := range marks[:n] {
		same := 0
		for same < min(len(m.mark), len(r.open)) && m.mark[same] == r.open[same].token {
			same++
		}
		if same > 0 && same == len(m.mark) {
			return m.is, same
		}
		partly = partly || same == len(r.open) && len(m.mark) > 0
	}
	if partly {
		return unknown, 0
	}
	return plain, 1
}

// take moves on by tokens that are known.
func (r *reply) take(is kind, tokens []decoded) (stopped string, err error) {
	answering := r.state == inAnswer || r.state != inSupport && (is == plain || is == eos)
	for _, d := range tokens {
		r.trace.see(answering, r.state == inSupport, d)
	}
	switch {
	case is == eos || is == outputClose:
		return stoppedEnd, nil
	case is == outputOpen:
		r.state = inAnswer
		return "", nil
	case is == supportOpen:
		r.state = inSupport
		return "", nil
	case r.state == inSupport:
		r.recall(is, tokens[0].token)
		return "", nil
	}
	r.state = inAnswer // a plain answer has no opening token
	r.out = append(r.out, tokens[0].token)
	if r.emit == nil && len(r.stop) == 0 {
		return "", nil // nobody looks at the text before it is whole
	}
	return r.advance()
}

func (r *reply) recall(is kind, token int32) {
	switch is {
	case supportClose:
		r.state = between
	case absent:
		r.facts = r.facts[:max(0, len(r.facts)-1)] // a probe that found nothing
	case matched: // is for the model alone
	case nextFact, nextReversed:
		r.facts = append(r.facts, fact{reversed: is == nextReversed})
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
	r.text = r.decode()
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

// decode gives the text of the answer's tokens.
func (r *reply) decode() string {
	return strings.TrimPrefix(r.tok.Decode(r.out), " ") // recipe.Prompt.Answer
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

// finish emits the rest and gives the whole answer. The beginning of a mark that did not come to its end is text.
func (r *reply) finish() (string, error) {
	for i := range r.open {
		if r.ended {
			break
		}
		stopped, err := r.take(plain, r.open[i:i+1])
		if err != nil {
			return "", err
		}
		r.ended = stopped != ""
	}
	if r.emit == nil && len(r.stop) == 0 {
		r.text = r.decode()
	}
	return valid(r.text), r.send(len(r.text))
}

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
