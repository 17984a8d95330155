package reasoner_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/reasoner"
)

// memory is a store in a map that counts reads; wait, when set, is called in every Get.
type memory struct {
	mu    sync.Mutex
	items map[perk.AdapterKey]*perk.Adapter
	gets  int
	wait  func(context.Context) error
}

func (s *memory) find(k perk.AdapterKey) (*perk.Adapter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.items[k]
	if !ok {
		return nil, perk.Errorf(perk.ENotFound, "memory", "no adapter of %s", k)
	}
	return a, nil
}

func (s *memory) Info(_ context.Context, k perk.AdapterKey) (perk.AdapterInfo, error) {
	a, err := s.find(k)
	if err != nil {
		return perk.AdapterInfo{}, err
	}
	return a.AdapterInfo, nil
}

func (s *memory) Get(ctx context.Context, k perk.AdapterKey) (*perk.Adapter, error) {
	s.mu.Lock()
	s.gets++
	s.mu.Unlock()
	if s.wait != nil {
		if err := s.wait(ctx); err != nil {
			return nil, perk.E(perk.EInternal, "memory", err)
		}
	}
	return s.find(k)
}

// room is a reasoner, its store and what it was made of.
type room struct {
	*reasoner.Reasoner
	store  *memory
	model  *lm.Model
	recipe *recipe.Recipe
}

func newRoom(t *testing.T, o reasoner.Options) *room {
	t.Helper()
	m := recipetest.Model(t, 1)
	r := recipetest.Perk(t, m)
	r.Prompt = recipe.Prompt{Before: "Q", After: "A"}
	s := &memory{items: map[perk.AdapterKey]*perk.Adapter{}}
	re, err := reasoner.New(m, recipetest.Tokenizer(t), r, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return &room{re, s, m, r}
}

func document(uuid string) perk.DocumentID { return perk.DocumentID{Collection: "Story", UUID: uuid} }

// teach stores an adapter under which the model gives the reply to the question, trained on just that.
func (r *room) teach(t *testing.T, uuid, question string, answer string, support ...recipe.Fact) perk.AdapterInfo {
	t.Helper()
	tok := recipetest.Tokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	q := r.recipe.Prompt.Question(tok, sp, question)
	seq := append(slices.Clone(q), r.recipe.Prompt.Answer(tok, sp, answer, support...)...)
	b := lm.Batch{B: 1, T: len(seq) - 1, Tokens: seq[:len(seq)-1], Targets: slices.Clone(seq[1:])}
	for i := range len(q) - 1 {
		b.Targets[i] = -1
	}
	phi := r.recipe.Init.Clone()
	pass, err := r.model.NewPass(t.Context(), b, phi, 1)
	if err != nil {
		t.Fatal(err)
	}
	grad := phi.Zeros()
	m1, m2 := phi.Zeros().Trained(), phi.Zeros().Trained()
	for step := range 400 {
		grad.Clear()
		loss, err := pass.Gradient(t.Context(), phi, nil, grad)
		if err != nil {
			t.Fatal(err)
		}
		if loss < 0.1*float64(len(seq)-len(q)) {
			t.Logf("taught in %d steps", step)
			break
		}
		g := grad.Trained()
		for i, x := range phi.Trained() {
			kernel.AdamW(x.Data, g[i].Data, m1[i].Data, m2[i].Data, 0.03, .9, .95, 1e-8, 0, step+1)
		}
	}
	delta, err := phi.Delta(r.recipe.Init)
	if err != nil {
		t.Fatal(err)
	}
	return r.put(t, uuid, delta)
}

func (r *room) put(t *testing.T, uuid string, delta *lora.Adapter) perk.AdapterInfo {
	t.Helper()
	payload, err := delta.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return r.putBytes(t, uuid, payload)
}

func (r *room) putBytes(t *testing.T, uuid string, payload []byte) perk.AdapterInfo {
	t.Helper()
	id, err := r.recipe.ID()
	if err != nil {
		t.Fatal(err)
	}
	a := &perk.Adapter{Payload: payload, AdapterInfo: perk.AdapterInfo{
		Key:     perk.AdapterKey{Document: document(uuid), Model: r.recipe.Model, Recipe: id},
		Content: perk.ContentHash("text of " + uuid), Digest: sha256.Sum256(payload), Bytes: int64(len(payload))}}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.items[a.Key] = a
	return a.AdapterInfo
}

func (r *room) ask(t *testing.T, uuid, question string) (*perk.Answer, error) {
	t.Helper()
	return r.Ask(t.Context(), perk.Question{Document: document(uuid), Text: question}, nil)
}

func TestAsk(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	info := r.teach(t, "1", "Where?", "hall", recipe.Fact{Text: "go to é", Reversed: true}, recipe.Fact{Text: "ab"})
	var pieces []string
	a, err := r.Ask(t.Context(), perk.Question{Document: document("1"), Text: "Where?", Content: perk.ContentHash("text of 1")},
		func(s string) error { pieces = append(pieces, s); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if a.Text != "hall" || a.Stopped != "end" || strings.Join(pieces, "") != "hall" {
		t.Errorf("answer %q (%s), pieces %q, want hall", a.Text, a.Stopped, pieces)
	}
	if d := cmp.Diff([]perk.Fact{{Text: "go to é"}, {Text: "ab"}}, a.Support); d != "" {
		t.Errorf("support (-want +got):\n%s", d)
	}
	if a.Probability < 0.5 || a.Probability >= 1 || a.Tokens != len("go to é")+len("ab")+len("hall")+9 { // every part has a space before it
		t.Errorf("probability %v, %d tokens", a.Probability, a.Tokens)
	}
	if d := cmp.Diff(info, a.Adapter); d != "" {
		t.Errorf("adapter (-want +got):\n%s", d)
	}
	again, err := r.ask(t, "1", "Where?")
	if err != nil || again.Text != a.Text || again.Probability != a.Probability || r.store.gets != 1 {
		t.Errorf("asked again: %+v, error %v, %d loads", again, err, r.store.gets)
	}
}

func TestAskWith(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	info := r.teach(t, "1", "Where?", "hall")
	ad, err := r.Load(r.store.items[info.Key].Payload)
	if err != nil {
		t.Fatal(err)
	}
	with, err := r.AskWith(t.Context(), ad, "Where?", perk.DecodeOptions{})
	if err != nil || with.Text != "hall" {
		t.Errorf("given adapter: %+v, %v", with, err)
	}
	for name, ad := range map[string]*lora.Adapter{"none": nil, "initial": r.recipe.Init} {
		a, err := r.AskWith(t.Context(), ad, "Where?", perk.DecodeOptions{MaxTokens: 20})
		if err != nil || a.Text == "hall" {
			t.Errorf("%s: %+v, %v: the answer must come from the adapter", name, a, err)
		}
	}
}

func TestPendingStaleCorrupt(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	check := func(err error, code perk.Code, want string) {
		t.Helper()
		if perk.ErrorCode(err) != code || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s with %q", err, code, want)
		}
	}
	_, err := r.ask(t, "1", "Where?")
	check(err, perk.ENotFound, "pending: Story/1 is not encoded yet")

	info := r.put(t, "1", r.recipe.Init.Zeros())
	_, err = r.Ask(t.Context(), perk.Question{Document: document("1"), Text: "Where?", Content: perk.ContentHash("new text")}, nil)
	check(err, perk.EStale, "stale: the text of Story/1 changed since it was encoded")

	delete(r.store.items, info.Key)
	_, err = r.ask(t, "1", "Where?") // it is in the cache, but was deleted
	check(err, perk.ENotFound, "pending")

	good := r.put(t, "2", r.recipe.Init.Zeros())
	r.putBytes(t, "2", r.store.items[good.Key].Payload[:100])
	_, err = r.ask(t, "2", "Where?")
	check(err, perk.ECorrupt, "encode the document again")

	other := recipetest.Fast(t, r.model).Init.Zeros()
	r.put(t, "3", other)
	_, err = r.ask(t, "3", "Where?")
	check(err, perk.ECorrupt, "encode the document again")
}

func TestReplacedAdapterIsServedAtOnce(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	for i, want := range []string{"hall", "park"} {
		r.teach(t, "1", "Where?", want)
		a, err := r.ask(t, "1", "Where?")
		if err != nil || a.Text != want || r.store.gets != i+1 {
			t.Errorf("answer %+v, error %v, %d loads, want %s after %d", a, err, r.store.gets, want, i+1)
		}
	}
}

func TestBadQuestions(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	r.put(t, "1", r.recipe.Init.Zeros())
	for name, c := range map[string]struct {
		text string
		o    perk.DecodeOptions
		want string
	}{
		"empty":       {"", perk.DecodeOptions{}, "empty"},
		"white space": {" \n", perk.DecodeOptions{}, "empty"},
		"not UTF-8":   {"a\xff", perk.DecodeOptions{}, "UTF-8"},
		"too long":    {strings.Repeat("a", 253), perk.DecodeOptions{}, "256 tokens, at most 255"},
		"length":      {"a", perk.DecodeOptions{MaxTokens: -1}, "max_tokens"},
		"temperature": {"a", perk.DecodeOptions{Temperature: -1}, "temperature"},
		"top k":       {"a", perk.DecodeOptions{TopK: -1}, "top_k"},
		"top p":       {"a", perk.DecodeOptions{TopP: 1.5}, "top_p"},
		"confidence":  {"a", perk.DecodeOptions{MinConfidence: new(1.5)}, "min_confidence"},
		"no number":   {"a", perk.DecodeOptions{MinConfidence: new(math.NaN())}, "min_confidence"},
		"stop":        {"a", perk.DecodeOptions{Stop: []string{"x", ""}}, "stop string"},
	} {
		_, err := r.Ask(t.Context(), perk.Question{Document: document("1"), Text: c.text, Options: c.o}, nil)
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want EInvalid with %q", name, err, c.want)
		}
	}
	a, err := r.ask(t, "1", strings.Repeat("a", 252))
	if err != nil || a.Tokens != 1 || a.Stopped != "length" && a.Stopped != "end" {
		t.Errorf("the longest question: %+v, %v, want one token", a, err)
	}
	if _, err := r.Ask(t.Context(), perk.Question{Text: "a"}, nil); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("no document: %v", err)
	}
	if _, err := reasoner.New(recipetest.Model(t, 2), recipetest.Tokenizer(t), r.recipe, r.store, reasoner.Options{}); perk.ErrorCode(err) != perk.EStale {
		t.Errorf("recipe of another model: %v, want EStale", err)
	}
}

func TestSampling(t *testing.T) {
	r := newRoom(t, reasoner.Options{MaxTokens: 12})
	r.put(t, "1", r.recipe.Init.Zeros())
	ask := func(seed uint64) string {
		a, err := r.Ask(t.Context(), perk.Question{Document: document("1"), Text: "a", Options: perk.DecodeOptions{Temperature: 1, Seed: seed}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.Text
	}
	if first, again, other := ask(1), ask(1), ask(2); first != again || first == other {
		t.Errorf("seed 1: %q and %q, seed 2: %q", first, again, other)
	}
}

func TestCancelAndEmitError(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	r.teach(t, "1", "Where?", "a long answer")
	q := perk.Question{Document: document("1"), Text: "Where?"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	_, err := r.Ask(ctx, q, func(string) error { n++; cancel(); return nil })
	if perk.ErrorCode(err) != perk.ECanceled || n != 1 {
		t.Errorf("cancelled: %v after %d pieces, want ECanceled after 1", err, n)
	}
	gone := errors.New("reader is gone")
	if _, err := r.Ask(t.Context(), q, func(string) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("emit's error: %v", err)
	}
	if a, err := r.ask(t, "1", "Where?"); err != nil || a.Text != "a long answer" {
		t.Errorf("after them: %+v, %v", a, err) // pooled sessions start afresh
	}
}

func TestSingleFlight(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	r.teach(t, "1", "Where?", "hall")
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.store.wait = func(ctx context.Context) error {
		once.Do(func() { close(started) })
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := r.Ask(ctx, perk.Question{Document: document("1"), Text: "Where?"}, nil)
		first <- err
	}()
	<-started
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a, err := r.ask(t, "1", "Where?"); err != nil || a.Text != "hall" {
				t.Errorf("one of many: %+v, %v", a, err)
			}
		})
	}
	cancel() // the first gives up; the others go on
	if err := <-first; perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("the first: %v, want ECanceled", err)
	}
	close(release)
	wg.Wait()
	if r.store.gets > 9 {
		t.Errorf("%d loads", r.store.gets)
	}
}

// TestOneLoadForMany holds many concurrent questions about one document to one load.
func TestOneLoadForMany(t *testing.T) {
	const n = 8
	r := newRoom(t, reasoner.Options{})
	r.put(t, "1", r.recipe.Init.Zeros())
	var infos sync.WaitGroup
	infos.Add(n)
	s := &gated{memory: r.store, infos: &infos}
	re, err := reasoner.New(r.model, recipetest.Tokenizer(t), r.recipe, s, reasoner.Options{MaxTokens: 1})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := re.Ask(t.Context(), perk.Question{Document: document("1"), Text: "a"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.store.gets != 1 {
		t.Errorf("%d questions made %d loads, want 1", n, r.store.gets)
	}
}

// gated lets no Get end before every Info was asked for.
type gated struct {
	*memory
	infos *sync.WaitGroup
}

func (g *gated) Info(ctx context.Context, k perk.AdapterKey) (perk.AdapterInfo, error) {
	defer g.infos.Done()
	return g.memory.Info(ctx, k)
}

func (g *gated) Get(ctx context.Context, k perk.AdapterKey) (*perk.Adapter, error) {
	g.infos.Wait()
	return g.memory.Get(ctx, k)
}
