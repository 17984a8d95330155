package recipe_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// wholeMatrix is a recipe whose only target has no A.
func wholeMatrix(t *testing.T, m *lm.Model) *recipe.Recipe {
	t.Helper()
	r := recipetest.Fast(t, m)
	r.Targets[0].Rank, r.Targets[0].Full = m.Config().FF, true
	var err error
	if r.Init, err = recipe.Start(m.Linears(), r.Targets, r.Scale, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStartRefusesHalfAWhole(t *testing.T) {
	m := recipetest.Model(t, 1)
	for _, change := range []func(*recipe.Target){func(g *recipe.Target) { g.Rank-- }, func(g *recipe.Target) { g.TrainA = true }} {
		g := recipe.Target{Module: "layers.1.mlp.down", Rank: m.Config().FF, Full: true, TrainB: true}
		change(&g)
		if _, err := recipe.Start(m.Linears(), []recipe.Target{g}, 1, rand.New(rand.NewPCG(1, 1))); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%+v: error %v, want EInvalid", g, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	m := recipetest.Model(t, 1)
	zero := recipetest.Fast(t, m)
	recipetest.SetRates(zero, 0, 0)
	calibrated := recipetest.Fast(t, m)
	calibrated.Calibration = recipetest.Calibration(t)
	for name, r := range map[string]*recipe.Recipe{"fast": recipetest.Fast(t, m), "perk": recipetest.Perk(t, m), "no steps": zero, "calibrated": calibrated, "whole": wholeMatrix(t, m)} {
		t.Run(name, func(t *testing.T) {
			b, err := r.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			got, err := recipe.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(r, got); d != "" {
				t.Errorf("recipe changed (-want +got):\n%s", d)
			}
			again, err := got.Marshal()
			if err != nil || !slices.Equal(b, again) {
				t.Errorf("bytes changed, error %v", err)
			}
			want, _ := r.ID()
			if id, err := got.ID(); err != nil || id != want {
				t.Errorf("id %v, error %v, want %v", id, err, want)
			}
		})
	}
}

func TestIDCoversEverything(t *testing.T) {
	m := recipetest.Model(t, 1)
	base, err := recipetest.Perk(t, m).ID()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*recipe.Recipe){
		"rate":     func(r *recipe.Recipe) { r.Rates[3][2] *= 2 },
		"init A":   func(r *recipe.Recipe) { r.Init.Pairs["layers.0.attn.q"].A[0]++ },
		"init B":   func(r *recipe.Recipe) { r.Init.Pairs["layers.0.attn.q"].B[0]++ },
		"head":     func(r *recipe.Recipe) { r.Weighting.W2[0]++ },
		"no head":  func(r *recipe.Recipe) { r.Weighting = nil },
		"prompt":   func(r *recipe.Recipe) { r.Prompt.After = ":" },
		"divisor":  func(r *recipe.Recipe) { r.LossDivisor++ },
		"overlap":  func(r *recipe.Recipe) { r.Overlap = 1 },
		"reverse":  func(r *recipe.Recipe) { r.Reverse = false },
		"rule":     func(r *recipe.Recipe) { r.Rule.Beta2 = .99 },
		"model":    func(r *recipe.Recipe) { r.Model[0]++ },
		"bits":     func(r *recipe.Recipe) { r.Bits = 4 },
		"chunking": func(r *recipe.Recipe) { r.ChunkTokens++ },
	} {
		r := recipetest.Perk(t, m)
		change(r)
		if id, err := r.ID(); err != nil || id == base {
			t.Errorf("%s: id %s, error %v: want another id than the unchanged recipe's", name, id.Short(), err)
		}
	}
}

// TestNoBits: a recipe from before the field has the bytes, and so the id, that it had.
func TestNoBits(t *testing.T) {
	r := recipetest.Fast(t, recipetest.Model(t, 1))
	b, err := r.Marshal()
	if err != nil || strings.Contains(string(b), "bits") {
		t.Errorf("error %v; a recipe without bits must not name them", err)
	}
	r.Bits = 2
	if b, err = r.Marshal(); err != nil {
		t.Fatal(err)
	}
	if got, err := recipe.Parse(b); err != nil || got.Bits != 2 {
		t.Errorf("bits are lost: %+v, error %v", got, err)
	}
}

// TestCalibrationIsNoIdentity: adapters stay valid when their recipe is calibrated.
func TestCalibrationIsNoIdentity(t *testing.T) {
	r := recipetest.Perk(t, recipetest.Model(t, 1))
	bare, err := r.Marshal()
	if err != nil || strings.Contains(string(bare), "calibration") {
		t.Errorf("error %v; a recipe without calibration must not name it", err)
	}
	want, _ := r.ID()
	for _, threshold := range []float64{0.25, 0.75} {
		r.Calibration = recipetest.Calibration(t)
		r.Calibration.Threshold = threshold
		b, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := recipe.Parse(b)
		if err != nil || got.Calibration.Threshold != threshold {
			t.Fatalf("%+v, error %v", got, err)
		}
		if id, err := got.ID(); err != nil || id != want {
			t.Errorf("id %s, error %v, want %s as without calibration", id.Short(), err, want.Short())
		}
	}
	r.Calibration.Threshold = 2
	if _, err := r.Marshal(); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("a calibration that makes no sense: %v", err)
	}
}

func TestValidate(t *testing.T) {
	nan := float32(math.NaN())
	for want, change := range map[string]func(*recipe.Recipe){
		"version is 2":                func(r *recipe.Recipe) { r.Version = 2 },
		"names no base model":         func(r *recipe.Recipe) { r.Model = perk.Hash{} },
		"no targets":                  func(r *recipe.Recipe) { r.Targets = nil },
		"no initial adapter":          func(r *recipe.Recipe) { r.Init = nil },
		"scale is NaN":                func(r *recipe.Recipe) { r.Scale = nan },
		"steps is -1":                 func(r *recipe.Recipe) { r.Steps = -1 },
		"loss_divisor is 0":           func(r *recipe.Recipe) { r.LossDivisor = 0 },
		"chunk_tokens is 0":           func(r *recipe.Recipe) { r.ChunkTokens = 0 },
		"overlap is -1":               func(r *recipe.Recipe) { r.Overlap = -1 },
		"bits is 9":                   func(r *recipe.Recipe) { r.Bits = 9 },
		"rule normalized wants":       func(r *recipe.Recipe) { r.Rule = recipe.Rule{Name: recipe.Normalized} },
		`rule is "lion"`:              func(r *recipe.Recipe) { r.Rule.Name = "lion" },
		"eps > 0":                     func(r *recipe.Recipe) { r.Rule.Eps = 0 },
		"sgd has no betas":            func(r *recipe.Recipe) { r.Rule.Name = recipe.SGD },
		"rates has 3 rows":            func(r *recipe.Recipe) { r.Rates = r.Rates[:3] },
		"rates of step 1 has 2":       func(r *recipe.Recipe) { r.Rates[1] = r.Rates[1][:2] },
		"rates of step 2 holds":       func(r *recipe.Recipe) { r.Rates[2][0] = nan },
		"rising order":                func(r *recipe.Recipe) { r.Targets[0], r.Targets[1] = r.Targets[1], r.Targets[0] },
		"differ in rank":              func(r *recipe.Recipe) { r.Targets[0].Rank = 5 },
		"never written":               func(r *recipe.Recipe) { r.Targets[0].TrainA, r.Targets[0].TrainB = false, false },
		"holds a value that is not f": func(r *recipe.Recipe) { r.Init.Pairs["layers.1.mlp.up"].B[3] = nan },
		"weighting head of dim 16":    func(r *recipe.Recipe) { r.Weighting.B1 = nil },
		"head holds a value":          func(r *recipe.Recipe) { r.Weighting.B2[0] = nan },
	} {
		r := recipetest.Perk(t, recipetest.Model(t, 1))
		change(r)
		_, err := r.Marshal()
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want EInvalid with %q", err, want)
		}
	}
}

func TestParseDamage(t *testing.T) {
	r := recipetest.Perk(t, recipetest.Model(t, 1))
	r.Calibration = recipetest.Calibration(t)
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) []byte {
		if len(old) != len(new) || !strings.Contains(string(b), old) {
			t.Fatalf("cannot put %q in the place of %q", new, old)
		}
		return []byte(strings.Replace(string(b), old, new, 1))
	}
	for name, c := range map[string]struct {
		bytes []byte
		code  perk.Code
		want  string
	}{
		"empty":          {nil, perk.ECorrupt, "too few"},
		"cut":            {b[:len(b)-1], perk.ECorrupt, "damaged"},
		"no metadata":    {replace(`"perk.recipe"`, `"perk.recipx"`), perk.EInvalid, "not a perk recipe"},
		"unknown field":  {replace(`\"steps\"`, `\"stepz\"`), perk.ECorrupt, "stepz"},
		"unknown signal": {replace(`\"log_entropy\"`, `\"log_entropx\"`), perk.EInvalid, "entropx"},
		"calibration":    {replace(`\"bias\"`, `\"biaz\"`), perk.ECorrupt, "perk.calibration"},
		"other version":  {replace(`\"version\":1`, `\"version\":3`), perk.EInvalid, "version is 3"},
		"missing tensor": {replace(`"rates":{`, `"ratez":{`), perk.ECorrupt, `"rates" is missing`},
		"extra tensor":   {replace(`"weight.w1":{`, `"weight.w9":{`), perk.ECorrupt, "the recipe uses"},
		"other rank":     {replace(`\"rank\":4`, `\"rank\":5`), perk.ECorrupt, "shape"},
		"negative rank":  {replace(`\"rank\":4,`, `\"rank\":-1`), perk.ECorrupt, "decode"},
		"wrong steps":    {replace(`\"steps\":4`, `\"steps\":5`), perk.ECorrupt, `"rates" has shape`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recipe.Parse(c.bytes)
			if perk.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s with %q", err, c.code, c.want)
			}
		})
	}
}

func TestBind(t *testing.T) {
	m, tok := recipetest.Model(t, 1), recipetest.Tokenizer(t)
	if _, _, err := recipetest.Perk(t, m).Bind(m, tok); err != nil {
		t.Fatal(err)
	}
	other := recipetest.Model(t, 2)
	r := recipetest.Perk(t, m)
	_, _, err := r.Bind(other, tok)
	id, _ := recipe.BaseID(other.ID(), tok)
	if perk.ErrorCode(err) != perk.EStale || !strings.Contains(err.Error(), r.Model.String()) || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("recipe of another model: %v, want EStale naming both models", err)
	}
	long := recipetest.Fast(t, m)
	long.ChunkTokens = m.Config().Context
	if _, _, err := long.Bind(m, tok); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("chunks longer than the context: %v, want EInvalid", err)
	}
	wide := recipetest.Perk(t, m)
	wide.Weighting.Dim, wide.Weighting.W1 = 8, wide.Weighting.W1[:8*16]
	if _, _, err := wide.Bind(m, tok); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("head of another width: %v, want EInvalid", err)
	}
}

func TestPromptTokens(t *testing.T) {
	tok := recipetest.Tokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	p := recipe.DefaultPrompt()
	want := append([]int32{sp.Ask}, tok.Encode("q?\nAnswer:")...)
	if d := cmp.Diff(want, p.Question(tok, sp, "q?")); d != "" {
		t.Errorf("question (-want +got):\n%s", d)
	}
	want = slices.Concat(sp.SupportOpen, []int32{sp.Doc}, tok.Encode(" ab"), []int32{sp.Rev}, tok.Encode("dc "),
		sp.SupportClose, sp.OutputOpen, tok.Encode(" x"), sp.OutputClose, []int32{sp.EOS})
	if d := cmp.Diff(want, p.Answer(tok, sp, "x", recipe.Fact{Text: "ab"}, recipe.Fact{Text: "cd", Reversed: true})); d != "" {
		t.Errorf("answer (-want +got):\n%s", d)
	}
	want = slices.Concat(sp.SupportOpen, []int32{sp.Rev}, tok.Encode("ba,"), []int32{sp.Ask, sp.Doc}, tok.Encode(" c"),
		sp.SupportClose, sp.OutputOpen, tok.Encode(" x"), sp.OutputClose, []int32{sp.EOS})
	if d := cmp.Diff(want, p.Answer(tok, sp, "x", recipe.Fact{Text: ",ab", Reversed: true, Absent: true}, recipe.Fact{Text: "c"})); d != "" {
		t.Errorf("answer with a probe (-want +got):\n%s", d)
	}
	want = slices.Concat(sp.SupportOpen, []int32{sp.Doc}, tok.Encode(" ab"), []int32{sp.Doc}, tok.Encode(" ab"), sp.Match,
		sp.SupportClose, sp.OutputOpen, tok.Encode(" x"), sp.OutputClose, []int32{sp.EOS})
	if d := cmp.Diff(want, p.Answer(tok, sp, "x", recipe.Fact{Text: "ab"}, recipe.Fact{Text: "ab", Match: true})); d != "" {
		t.Errorf("answer with a match (-want +got):\n%s", d)
	}
	want = slices.Concat(sp.OutputOpen, tok.Encode(" x"), sp.OutputClose, []int32{sp.EOS})
	if d := cmp.Diff(want, p.Answer(tok, sp, "x")); d != "" {
		t.Errorf("plain answer (-want +got):\n%s", d)
	}
}

func TestPromptInAPublishedVocabulary(t *testing.T) {
	tok := recipetest.TextTokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	if sp.EOS != 256 || sp.Doc != 256 || sp.Ask != 256 || sp.Rev != recipe.None {
		t.Errorf("marks are %+v", sp)
	}
	p := recipe.TextPrompt()
	shown := func(tokens []int32) string {
		if n := slices.Index(tokens, 256); n >= 0 && n < len(tokens)-1 && n > 0 {
			t.Errorf("token 256 at %d of %d", n, len(tokens))
		}
		return tok.Decode(tokens)
	}
	for want, tokens := range map[string][]int32{
		"You have memorized 1 documents.\nWho?\nAnswer:":   p.Question(tok, sp, "Who?"),
		"<output> x</output>":                              p.Answer(tok, sp, "x"),
		"<support> ab\n cd</support>\n<output> x</output>": p.Answer(tok, sp, "x", recipe.Fact{Text: "ab"}, recipe.Fact{Text: "cd", Reversed: true, Match: true}, recipe.Fact{Text: "e", Absent: true}),
	} {
		if got := shown(tokens); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzParseRecipe(f *testing.F) {
	m := recipetest.Model(f, 1)
	calibrated := recipetest.Fast(f, m)
	calibrated.Calibration = recipetest.Calibration(f)
	for _, r := range []*recipe.Recipe{recipetest.Fast(f, m), recipetest.Perk(f, m), calibrated} {
		b, err := r.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := recipe.Parse(b)
		if err != nil {
			return
		}
		again, err := r.Marshal()
		if err != nil {
			t.Fatalf("a parsed recipe does not marshal: %v", err)
		}
		if _, err := recipe.Parse(again); err != nil {
			t.Fatalf("a marshalled recipe does not parse: %v", err)
		}
	})
}
