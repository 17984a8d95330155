package meta

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/task"
)

// sample is one episode as token sequences, before padding.
type sample struct {
	task      string
	sequences [][]int32 // of the write, label first, in random order
	asks      []ask
	readings  []reading // of a Reader, in place of sequences: the asks behind their contexts
}

// ask is a question and its answer; the loss is on tokens[answer:], of which tokens[answer:output] are the support.
type ask struct {
	question string
	tokens   []int32
	answer   int
	output   int
}

// rows counts the tokens of the write that carry a loss.
func (s *sample) rows() int {
	n := 0
	for _, q := range s.sequences {
		n += len(q) - 1
	}
	return n
}

// sampler draws episodes; the same (seed, step, index) gives the same episode.
type sampler struct {
	c        *Config
	tok      recipe.Tokenizer
	specials recipe.Specials
	prompt   recipe.Prompt
	fillers  [2]task.Filler // corpus, generated
	tasks    map[string]task.Task
}

// Data is what episodes are drawn from.
type Data struct {
	Filler task.Filler  // the corpus that facts are hidden in
	Tasks  task.Library // where the configuration's tasks are found
}

// newSampler opens the tasks of the mixture and of the drills. Errors: EInvalid, ENotFound (the data of one are missing).
func newSampler(c *Config, tok recipe.Tokenizer, prompt recipe.Prompt, d Data) (sampler, error) {
	s := sampler{c: c, tok: tok, prompt: prompt, fillers: [2]task.Filler{d.Filler, task.Generated{}}, tasks: map[string]task.Task{}}
	var err error
	if s.specials, err = recipe.NewSpecials(tok); err != nil {
		return s, err
	}
	if s.prompt == (recipe.Prompt{}) {
		s.prompt = s.specials.Prompt()
	}
	shares := c.Tasks
	if c.Drills != nil {
		shares = slices.Concat(shares, c.Drills.Tasks)
	}
	for _, share := range shares {
		if s.tasks[share.Task], err = d.Tasks.ByName(share.Task); err != nil {
			return s, err
		}
	}
	return s, nil
}

// length draws a document length for a share of the training done.
func (s *sampler) length(rng *rand.Rand, done float64) int {
	st := s.c.Lengths[0]
	for _, l := range s.c.Lengths {
		if done >= l.From {
			st = l
		}
	}
	return int(math.Exp(math.Log(float64(st.Min)) + rng.Float64()*math.Log(float64(st.Max)/float64(st.Min))))
}

// pick draws a task by its share among those that have joined.
func pick(rng *rand.Rand, shares []Share, done float64) Share {
	joined := func(t Share) bool { return done >= t.From && (t.Until == 0 || done < t.Until) }
	var sum float64
	for _, t := range shares {
		if joined(t) {
			sum += t.Weight
		}
	}
	x := rng.Float64() * sum
	var last Share
	for _, t := range shares {
		if joined(t) {
			if last = t; x < t.Weight {
				break
			}
			x -= t.Weight
		}
	}
	return last
}

// draw makes one episode of about tokens document tokens.
func (s *sampler) draw(rng *rand.Rand, tokens int, done float64) (*sample, error) {
	const tries = 100
	for range tries {
		share := pick(rng, s.c.Tasks, done)
		n := max(tokens, share.MinTokens)
		if share.MaxTokens > 0 {
			n = min(n, share.MaxTokens)
		}
		filler := s.fillers[0]
		if rng.Float64() < s.c.Generated {
			filler = s.fillers[1]
		}
		ep, err := s.tasks[share.Task].Episode(rng, task.Options{Tokens: n, Count: s.tok.Count, Filler: filler, Split: task.Train, NoSupport: rng.Float64() < s.c.Direct})
		if perk.ErrorCode(err) == perk.EInvalid {
			continue // too short for this task's story: another task
		}
		if err != nil {
			return nil, err
		}
		out, err := s.tokens(rng, ep)
		if err != nil {
			return nil, err
		}
		if len(out.asks) == 0 {
			continue
		}
		if f := s.c.Foreign; f != nil && done >= f.From {
			err = s.foreign(rng, ep, n, out)
		}
		return out, err
	}
	return nil, perk.Errorf(perk.EInvalid, "meta.Step", "none of %d documents of %d tokens has a question that fits ask_tokens %d", tries, tokens, s.c.AskTokens).
		WithHint("raise ask_tokens or the lengths of the curriculum")
}

// foreign asks about what the episode does not hold, in the place of its last questions where there are too many.
func (s *sampler) foreign(rng *rand.Rand, ep task.Episode, tokens int, out *sample) error {
	const longest = 600 // the other document is there for its questions only
	other, err := s.tasks[ep.Task].Episode(rng, task.Options{Tokens: min(tokens, longest), Count: s.tok.Count, Filler: s.fillers[1], Split: task.Train})
	if perk.ErrorCode(err) == perk.EInvalid {
		return nil // too short for this task's story
	}
	if err != nil {
		return err
	}
	questions := task.Foreign(ep, other)
	rng.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	for _, q := range questions[:min(len(questions), s.c.Foreign.Questions)] {
		a := s.ask(q, func(string) []int32 { return nil })
		if len(a.tokens) > s.c.AskTokens {
			continue
		}
		for len(out.asks) >= s.c.Questions || answers(out.asks)+len(a.tokens)-a.answer > s.c.Answers {
			out.asks = slices.Delete(out.asks, len(out.asks)-1, len(out.asks))
		}
		out.asks = slices.Insert(out.asks, 0, a)
	}
	return nil
}

// answers counts the tokens that carry a loss.
func answers(asks []ask) int {
	n := 0
	for _, a := range asks {
		n += len(a.tokens) - a.answer
	}
	return n
}

// tokens turns an episode into sequences and chooses its questions.
func (s *sampler) tokens(rng *rand.Rand, ep task.Episode) (*sample, error) {
	if s.c.readsOnly() {
		return s.read(rng, ep)
	}
	context, err := s.context(ep.Text)
	if err != nil {
		return nil, err
	}
	chunks, err := encoder.Chunk(ep.Text, s.tok, s.c.chunking())
	if err != nil {
		return nil, err
	}
	out := &sample{task: ep.Task}
	for _, i := range rng.Perm(chunks.Len()) {
		out.sequences = append(out.sequences, chunks.Sequence(i))
	}
	out.asks = s.asks(rng, ep.Questions, context)
	return out, nil
}

// asks chooses questions, cloze and in words, and lays each out behind its context.
func (s *sampler) asks(rng *rand.Rand, questions []task.QA, context func(question string) []int32) []ask {
	var groups [2][]ask // questions in words, cloze
	for _, q := range questions {
		if a := s.ask(q, context); len(a.tokens) <= s.c.AskTokens {
			i := 0
			if q.Cloze {
				i = 1
			}
			groups[i] = append(groups[i], a)
		}
	}
	for _, g := range groups {
		rng.Shuffle(len(g), func(i, j int) { g[i], g[j] = g[j], g[i] })
	}
	cloze := min(len(groups[1]), int(s.c.Cloze*float64(s.c.Questions)+0.5))
	words := min(len(groups[0]), s.c.Questions-cloze)
	cloze = min(len(groups[1]), s.c.Questions-words)
	left := s.c.Answers
	var out []ask
	for _, a := range slices.Concat(groups[0][:words], groups[1][:cloze]) {
		if n := len(a.tokens) - a.answer; n <= left {
			out = append(out, a)
			left -= n
		}
	}
	return out
}

// ask lays a question and its answer out as recipe.Prompt does, behind its context; a cloze question is the beginning of a sentence as the document
// has it.
func (s *sampler) ask(q task.QA, context func(question string) []int32) ask {
	before := context(q.Question)
	if q.Cloze {
		t := slices.Concat(before, []int32{s.specials.Ask}, s.tok.Encode(" "+q.Question))
		return ask{question: q.Question, tokens: append(append(t, s.tok.Encode(" "+q.Answers[0])...), s.specials.EOS), answer: len(t), output: len(t)}
	}
	var support []recipe.Fact
	for _, f := range q.Support {
		support = append(support, recipe.Fact{Text: f.Text, Reversed: f.Reversed && s.c.Reverse, Absent: f.Absent, Match: f.Match})
	}
	t := slices.Concat(before, s.prompt.Question(s.tok, s.specials, q.Question))
	if q.Unanswerable {
		return ask{question: q.Question, tokens: append(t, s.prompt.Nothing(s.specials)...), answer: len(t), output: len(t)}
	}
	reply := s.prompt.Answer(s.tok, s.specials, q.Answers[0], support...)
	return ask{question: q.Question, tokens: append(t, reply...), answer: len(t), output: len(t) + len(s.prompt.Support(s.tok, s.specials, support...))}
}
