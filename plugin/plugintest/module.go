package plugintest

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// Options fits RunModuleTests to a module. The zero value suits a module that takes any text and any question.
type Options struct {
	Text     string // a document's text that the module takes; a few sentences by default
	Question string // a question that the module takes
}

// RunModuleTests checks what plugin.Module promises. open gives a module with an empty store; it is called once for each subtest and cleans up
// through t.
func RunModuleTests(t *testing.T, open func(t testing.TB) plugin.Module, o Options) {
	if o.Text == "" {
		o.Text = strings.Repeat("Mary went to the kitchen. John took the apple. ", 4)
	}
	if o.Question == "" {
		o.Question = "Where is Mary?"
	}
	for _, c := range []struct {
		name string
		run  func(suite)
	}{
		{"info", suite.info},
		{"encode", suite.encode},
		{"encode again", suite.encodeAgain},
		{"ask", suite.ask},
		{"ask emit error", suite.askEmitError},
		{"ask all", suite.askAll},
		{"find", suite.find},
		{"forget", suite.forget},
		{"list", suite.list},
		{"export", suite.export},
		{"import", suite.imports},
		{"verify and gc", suite.verify},
		{"meta", suite.meta},
		{"errors", suite.errors},
		{"canceled", suite.canceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(suite{t, open(t), o}) })
	}
}

type suite struct {
	*testing.T
	m plugin.Module
	o Options
}

var (
	first  = perk.DocumentID{Collection: "Article", UUID: "1"}
	tenant = perk.DocumentID{Collection: "Article", Tenant: "blue", UUID: "1"}
	other  = perk.DocumentID{Collection: "Book", UUID: "1"}
)

func (s suite) write(id perk.DocumentID, text string) perk.AdapterInfo {
	s.Helper()
	info, err := s.m.Encode(s.Context(), perk.Document{ID: id, Text: text}, nil)
	if err != nil {
		s.Fatalf("encode %s: %v", id, err)
	}
	return info
}

func (s suite) want(what string, err error, code perk.Code) {
	s.Helper()
	if got := perk.ErrorCode(err); got != code {
		s.Errorf("%s: error %v has code %q, want %q", what, err, got, code)
	}
}

func (s suite) info() {
	a, err := s.m.Info(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if a.Protocol != plugin.ProtocolVersion || a.Model.IsZero() || a.Recipe.IsZero() || a.Context <= 0 || a.PID <= 0 || a.Version == "" {
		s.Errorf("info is not complete: %+v", a)
	}
	b, err := s.m.Info(s.Context())
	if err != nil || a != b {
		s.Errorf("second info %+v, %v, want %+v", b, err, a)
	}
}

func (s suite) encode() {
	var seen []perk.Progress
	got, err := s.m.Encode(s.Context(), perk.Document{ID: first, Text: s.o.Text}, func(p perk.Progress) { seen = append(seen, p) })
	if err != nil {
		s.Fatal(err)
	}
	about, err := s.m.Info(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if want := (perk.AdapterKey{Document: first, Model: about.Model, Recipe: about.Recipe}); got.Key != want {
		s.Errorf("key %v, want %v", got.Key, want)
	}
	if got.Content != perk.ContentHash(s.o.Text) || got.Digest.IsZero() || got.Bytes <= 0 || got.Created.IsZero() {
		s.Errorf("description is not complete: %+v", got)
	}
	if len(seen) == 0 {
		s.Fatal("no progress was reported")
	}
	for i, p := range seen {
		if p.Total <= 0 || p.Done > p.Total || i > 0 && p.Done < seen[i-1].Done {
			s.Fatalf("progress %d is %+v after %+v", i, p, seen[max(0, i-1)])
		}
	}
	described, err := s.m.Describe(s.Context(), first)
	if diff := cmp.Diff(got, described); err != nil || diff != "" {
		s.Errorf("describe differs from encode (%v):\n%s", err, diff)
	}
}

func (s suite) encodeAgain() {
	a, b := s.write(first, s.o.Text), s.write(first, s.o.Text)
	if a.Digest != b.Digest {
		s.Errorf("the same text gave payloads %s and %s", a.Digest, b.Digest)
	}
	s.write(first, s.o.Text+" And more.")
	c, err := s.m.Describe(s.Context(), first)
	if err != nil || c.Content != perk.ContentHash(s.o.Text+" And more.") {
		s.Errorf("after a new text: %+v, %v", c, err)
	}
	if n := len(s.all("")); n != 1 {
		s.Errorf("%d adapters of one document, want 1", n)
	}
}

func (s suite) ask() {
	info := s.write(first, s.o.Text)
	q := perk.Question{Document: first, Text: s.o.Question, Content: info.Content, Options: perk.DecodeOptions{MaxTokens: 8}}
	var pieces strings.Builder
	a, err := s.m.Ask(s.Context(), q, func(p string) error { pieces.WriteString(p); return nil })
	if err != nil {
		s.Fatal(err)
	}
	if pieces.String() != a.Text {
		s.Errorf("pieces %q, answer %q", pieces.String(), a.Text)
	}
	if a.Probability < 0 || a.Probability > 1 || a.Stopped == "" {
		s.Errorf("answer is not complete: %+v", a)
	}
	if diff := cmp.Diff(info, a.Adapter); diff != "" {
		s.Errorf("answer comes from another adapter:\n%s", diff)
	}
	b, err := s.m.Ask(s.Context(), q, nil)
	if err != nil || a.Text != b.Text {
		s.Errorf("without emit: %+v, %v, want %q", b, err, a.Text)
	}
	q.Content = perk.ContentHash("another text")
	_, err = s.m.Ask(s.Context(), q, nil)
	s.want("ask about a new text", err, perk.EStale)
}

func (s suite) askEmitError() {
	s.write(first, s.o.Text)
	enough := errors.New("enough")
	answered, err := s.m.Ask(s.Context(), perk.Question{Document: first, Text: s.o.Question}, func(string) error { return enough })
	if err == nil && answered.Text == "" {
		s.Skip("the module answers with nothing, so that there is nothing to emit")
	}
	if !errors.Is(err, enough) {
		s.Errorf("error %v, want emit's own", err)
	}
}

func (s suite) forget() {
	s.write(first, s.o.Text)
	s.write(tenant, s.o.Text)
	if n, err := s.m.Forget(s.Context(), first); n != 1 || err != nil {
		s.Errorf("forget: %d, %v, want 1", n, err)
	}
	if n, err := s.m.Forget(s.Context(), first); n != 0 || err != nil {
		s.Errorf("forget again: %d, %v, want 0", n, err)
	}
	_, err := s.m.Describe(s.Context(), first)
	s.want("describe", err, perk.ENotFound)
	_, err = s.m.Ask(s.Context(), perk.Question{Document: first, Text: s.o.Question}, nil)
	s.want("ask", err, perk.ENotFound)
	if _, err := s.m.Describe(s.Context(), tenant); err != nil {
		s.Errorf("the other tenant's document went too: %v", err)
	}
}

// all lists a collection.
func (s suite) all(collection string) []perk.DocumentID {
	s.Helper()
	var ids []perk.DocumentID
	for info, err := range s.m.List(s.Context(), collection) {
		if err != nil {
			s.Fatalf("list %q: %v", collection, err)
		}
		ids = append(ids, info.Key.Document)
	}
	return ids
}

func (s suite) list() {
	for _, id := range []perk.DocumentID{other, first, tenant} {
		s.write(id, s.o.Text)
	}
	byName := func(a, b perk.DocumentID) int { return strings.Compare(a.String(), b.String()) }
	for collection, want := range map[string][]perk.DocumentID{"": {first, tenant, other}, "Article": {first, tenant}, "Book": {other}, "Art": nil} {
		got := s.all(collection)
		slices.SortFunc(got, byName)
		if diff := cmp.Diff(want, got); diff != "" {
			s.Errorf("list %q:\n%s", collection, diff)
		}
	}
	for _, err := range s.m.List(s.Context(), "") {
		if err != nil {
			s.Fatal(err)
		}
		break
	}
	if _, err := s.m.Forget(s.Context(), other); err != nil {
		s.Errorf("after a list that was left early: %v", err)
	}
}

func (s suite) export() {
	info := s.write(first, s.o.Text)
	a, err := s.m.Export(s.Context(), first)
	if err != nil {
		s.Fatal(err)
	}
	if diff := cmp.Diff(info, a.AdapterInfo); diff != "" {
		s.Errorf("description:\n%s", diff)
	}
	if int64(len(a.Payload)) != info.Bytes || perk.Hash(sha256.Sum256(a.Payload)) != info.Digest {
		s.Errorf("payload has %d bytes, want %d with digest %s", len(a.Payload), info.Bytes, info.Digest)
	}
}

// imports takes what was exported, as another document's, and nothing that is not an adapter of the module's own.
func (s suite) imports() {
	s.write(first, s.o.Text)
	a, err := s.m.Export(s.Context(), first)
	if err != nil {
		s.Fatal(err)
	}
	change := func(f func(a *perk.Adapter)) *perk.Adapter {
		c := *a
		c.Payload, c.Key.Document = slices.Clone(a.Payload), other
		f(&c)
		return &c
	}
	for what, c := range map[string]struct {
		change func(a *perk.Adapter)
		want   perk.Code
	}{
		"of another model":          {func(a *perk.Adapter) { a.Key.Model[0] ^= 1 }, perk.EStale},
		"of another recipe":         {func(a *perk.Adapter) { a.Key.Recipe[0] ^= 1 }, perk.EStale},
		"of no document":            {func(a *perk.Adapter) { a.Key.Document = perk.DocumentID{} }, perk.EInvalid},
		"with another payload":      {func(a *perk.Adapter) { a.Payload[len(a.Payload)/2] ^= 1 }, perk.ECorrupt},
		"that is shorter than told": {func(a *perk.Adapter) { a.Payload = a.Payload[1:] }, perk.ECorrupt},
	} {
		err := s.m.Import(s.Context(), change(c.change))
		s.want("import an adapter "+what, err, c.want)
	}
	// The wire refuses such a length before the module sees it.
	err = s.m.Import(s.Context(), change(func(a *perk.Adapter) { a.Bytes = -1 }))
	if code := perk.ErrorCode(err); code != perk.ECorrupt && code != perk.EInvalid {
		s.Errorf("import an adapter of a negative length: %v", err)
	}
	_, err = s.m.Describe(s.Context(), other)
	s.want("describe after refused imports", err, perk.ENotFound)
	copied := change(func(*perk.Adapter) {})
	if err := s.m.Import(s.Context(), copied); err != nil {
		s.Fatal(err)
	}
	got, err := s.m.Export(s.Context(), other)
	if err != nil {
		s.Fatal(err)
	}
	if diff := cmp.Diff(copied, got); diff != "" {
		s.Errorf("an imported adapter:\n%s", diff)
	}
}

func (s suite) verify() {
	s.write(first, s.o.Text)
	s.write(other, s.o.Text)
	n, err := s.m.Verify(s.Context(), func(k perk.AdapterKey, err error) { s.Errorf("%s is damaged: %v", k, err) })
	if n != 2 || err != nil {
		s.Errorf("verify: %d, %v, want 2", n, err)
	}
	if _, err := s.m.Verify(s.Context(), nil); err != nil {
		s.Errorf("verify without report: %v", err)
	}
	if n, err := s.m.GC(s.Context()); n < 0 || err != nil {
		s.Errorf("gc: %d, %v", n, err)
	}
}

func (s suite) meta() {
	_, err := s.m.Meta(s.Context(), "cursor/Article")
	s.want("meta before it was set", err, perk.ENotFound)
	for _, v := range [][]byte{[]byte("one"), {0, 0xff, '/'}, make([]byte, plugin.MaxMeta)} {
		if err := s.m.SetMeta(s.Context(), "cursor/Article", v); err != nil {
			s.Fatal(err)
		}
		if got, err := s.m.Meta(s.Context(), "cursor/Article"); err != nil || string(got) != string(v) {
			s.Errorf("meta %.20q of %d bytes, %v, want %.20q of %d", got, len(got), err, v, len(v))
		}
	}
	for _, n := range []int{plugin.MaxMeta + 1, plugin.MaxMessage} { // too large for the module, too large for the wire
		s.want("too large", s.m.SetMeta(s.Context(), "big", make([]byte, n)), perk.EInvalid)
	}
	if ids := s.all(""); len(ids) != 0 {
		s.Errorf("metadata is listed as adapters: %v", ids)
	}
}

func (s suite) errors() {
	bad := perk.DocumentID{Collection: "a/b", UUID: "1"}
	encode := func(id perk.DocumentID, text string) error {
		_, err := s.m.Encode(s.Context(), perk.Document{ID: id, Text: text}, nil)
		return err
	}
	s.want("encode an empty text", encode(first, ""), perk.EInvalid)
	s.want("encode bytes that are not UTF-8", encode(first, "caf\xe9 "+s.o.Text), perk.EInvalid)
	s.want("encode under a wrong id", encode(bad, s.o.Text), perk.EInvalid)
	s.want("encode under no id", encode(perk.DocumentID{}, s.o.Text), perk.EInvalid)
	s.want("encode a text that is too long", encode(first, strings.Repeat("x", plugin.MaxDocument+1)), perk.EInvalid)
	_, err := s.m.Describe(s.Context(), first)
	s.want("describe after failed encodes", err, perk.ENotFound)
	_, err = s.m.Describe(s.Context(), bad)
	s.want("describe a wrong id", err, perk.EInvalid)
	_, err = s.m.Export(s.Context(), first)
	s.want("export an unknown document", err, perk.ENotFound)
	_, err = s.m.Forget(s.Context(), bad)
	s.want("forget a wrong id", err, perk.EInvalid)
	_, err = s.m.Ask(s.Context(), perk.Question{Document: first, Text: s.o.Question}, nil)
	s.want("ask an unknown document", err, perk.ENotFound)
	s.write(first, s.o.Text)
	_, err = s.m.Ask(s.Context(), perk.Question{Document: first}, nil)
	s.want("ask nothing", err, perk.EInvalid)
	_, err = s.m.Ask(s.Context(), perk.Question{Document: first, Text: strings.Repeat("why ", 1<<19)}, nil)
	s.want("ask two megabytes", err, perk.EInvalid)
}

func (s suite) canceled() {
	s.write(first, s.o.Text)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	_, err := s.m.Encode(ctx, perk.Document{ID: other, Text: s.o.Text}, nil)
	s.want("encode", err, perk.ECanceled)
	_, err = s.m.Ask(ctx, perk.Question{Document: first, Text: s.o.Question}, nil)
	s.want("ask", err, perk.ECanceled)
	for _, err = range s.m.List(ctx, "") {
	}
	s.want("list", err, perk.ECanceled)
	if _, err := s.m.Describe(s.Context(), other); perk.ErrorCode(err) != perk.ENotFound {
		s.Errorf("a canceled encode left %v", err)
	}
	if _, err := s.m.Describe(s.Context(), first); err != nil {
		s.Errorf("after cancellation: %v", err)
	}
}
