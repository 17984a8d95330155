package task

import (
	"iter"
	"math/rand/v2"
	"strings"
)

// Generated is filler written by a small grammar of our own, for use without any corpus. It names nobody, and no place or thing of
// the bAbI stories. Both splits draw from the same grammar.
type Generated struct{}

// Name gives "generated".
func (Generated) Name() string { return "generated" }

// Sentences walks random sentences without end.
func (Generated) Sentences(rng *rand.Rand, _ Split) iter.Seq[string] {
	return func(yield func(string) bool) {
		g := newGrammar()
		article := strings.NewReplacer(" a a", " an a", " a e", " an e", " a i", " an i", " a o", " an o")
		for {
			var b strings.Builder
			g.write(&b, rng, "%S")
			s := article.Replace(" " + b.String())[1:]
			if !yield(strings.ToUpper(s[:1]) + s[1:]) {
				return
			}
		}
	}
}

// grammar maps a letter to what may stand for "%letter"; alternatives are split once per walk.
type grammar map[byte][]string

func newGrammar() grammar {
	g := grammar{}
	for line := range strings.SplitSeq(strings.TrimSpace(grammarRules), "\n") {
		g[line[0]] = strings.Split(line[2:], "|")
	}
	return g
}

// write expands a pattern. The grammar is not recursive, so it ends.
func (g grammar) write(b *strings.Builder, rng *rand.Rand, pattern string) {
	for {
		before, after, ok := strings.Cut(pattern, "%")
		b.WriteString(before)
		if !ok {
			return
		}
		alternatives := g[after[0]]
		g.write(b, rng, alternatives[rng.IntN(len(alternatives))])
		pattern = after[1:]
	}
}

// grammarRules: S sentence, C clause, N noun phrase, P person, T thing, W place, A adjective, V intransitive, X transitive, Y said-that verb, M time, D adverb.
const grammarRules = `
S %C.|%C.|%M, %C.|%C, and %C.|%C, but %C.|%C while %C.|when %C, %C.|%N %Y that %C.|%C %M.|nobody could say why %C.|it was plain that %C.|after all, %C.|if %C, then %C.|there was %q %W, and %C.|%D, %C.
C %N %V|%N %D %V|%N %V %W|%N %X %N|%N %X %T|%N %D %X %T|%T %V %W|%N %X %T %W|%T %s %A|%N %s %A and %A
N %P|%P|the %A %p|%P of the %w|the old %p|a young %p|each %p|another %p
P the %p|a %p
p merchant|captain|farmer|painter|widow|teacher|sailor|baker|doctor|judge|miller|soldier|shepherd|clerk|carpenter|fisherman|traveller|neighbour|visitor|stranger|cook|tailor|printer|weaver|hunter|surgeon|poet|actor|banker|porter|guide|singer|pilot|miner|monk|messenger|innkeeper|blacksmith|watchman|gardener's boy|lawyer|engineer|scholar|coachman|governess|musician
T the %t|the %A %t|a %t|every %t
q a %A %t|a %t|an old %t|one more %t
t letter|lantern|carriage|mirror|candle|coat|ladder|basket|hammer|violin|barrel|painting|clock|blanket|needle|rope|bottle|wagon|saddle|curtain|ribbon|chimney|window|door|stone|boat|sail|bridge|wheel|kettle|chair|table|drawer|map|compass|bell|drum|flute|sword|shield|crown|coin|purse|button|brush|shovel|axe|plough|anchor|net|oar|parcel of books|newspaper|pamphlet|diary
W near the %w|beyond the %w|beside the %w|behind the %w|at the edge of the %w|on the way to the %w|not far from the %w|across the %w|within sight of the %w
w river|harbour|village|forest|mill|market|castle|church|meadow|mountain|valley|tavern|lighthouse|station|island|orchard|cemetery|tower|quarry|marsh|shore|square|library|theatre|courthouse|barn|stable|bakery|cellar of the inn|vineyard|canal|crossroads|monastery|hill|desert|lake|fountain|schoolhouse|pier|workshop
A quiet|golden|weary|narrow|ancient|broken|gentle|crooked|solemn|bright|hollow|dusty|patient|curious|silver|humble|fragile|heavy|clever|pale|stubborn|graceful|rusty|cheerful|lonely|polished|restless|faded|noble|shabby|sturdy|hungry|silent|proud|careless|honest|muddy|slender
V waited|slept|laughed|vanished|returned|trembled|lingered|wandered|shone in the sun|grew quiet|stood still|turned pale|moved slowly|began to sing|fell silent|rested a while|looked away|kept watch|seemed content|was forgotten|remained|changed with the weather|came to no harm
X found|mended|carried|admired|forgot|watched|followed|described|sold|bought|hid|remembered|feared|praised|painted|borrowed|lifted|examined|ignored|trusted|welcomed|drew|measured|covered|polished
Y thought|believed|hoped|said|feared|insisted|remarked|wrote|knew|supposed|swore|suspected
s was|seemed|looked|remained
M in the morning|before the storm|late at night|during the long winter|in those days|after supper|at first light|towards evening|in early spring|once a week|for the first time|at the end of summer|on the following day|for many years|without any warning
D slowly|quietly|perhaps|at last|suddenly|carefully|gladly|seldom|now and then|of course|once again|with great care|as usual|in spite of everything|rarely|secretly
`
