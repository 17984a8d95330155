package plugintest

import (
	"context"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// askAll asks about present, stale and unknown documents in one call: each gets what Ask gives it.
func (s suite) askAll() {
	s.write(first, s.o.Text)
	s.write(other, s.o.Text+" And more.")
	var questions []perk.Question
	for i := range 9 {
		q := perk.Question{Document: []perk.DocumentID{first, other, tenant}[i%3], Text: s.o.Question, Options: perk.DecodeOptions{MaxTokens: 8}}
		if i == 4 {
			q.Content = perk.ContentHash("another text")
		}
		questions = append(questions, q)
	}
	texts, codes := map[int]string{}, map[int]perk.Code{}
	err := s.m.AskAll(s.Context(), questions, func(i int, a *perk.Answer, err error) {
		if _, twice := codes[i]; twice {
			s.Errorf("question %d was answered twice", i)
		}
		if codes[i] = perk.ErrorCode(err); err == nil {
			texts[i] = a.Text
		}
	})
	if err != nil || len(codes) != len(questions) {
		s.Fatalf("%d of %d questions, %v", len(codes), len(questions), err)
	}
	for i, q := range questions {
		a, err := s.m.Ask(s.Context(), q, nil)
		if got, want := codes[i], perk.ErrorCode(err); got != want {
			s.Errorf("question %d has code %q, by itself %q", i, got, want)
		}
		if err == nil && texts[i] != a.Text {
			s.Errorf("question %d is answered %q, by itself %q", i, texts[i], a.Text)
		}
	}
	none := func(int, *perk.Answer, error) { s.Error("answered what was not asked") }
	if err := s.m.AskAll(s.Context(), nil, none); err != nil {
		s.Errorf("no question: %v", err)
	}
	s.want("too many questions", s.m.AskAll(s.Context(), make([]perk.Question, plugin.MaxQuestions+1), none), perk.EInvalid)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	s.want("canceled", s.m.AskAll(ctx, questions, none), perk.ECanceled)
}

// find follows documents through writing, another text, and removal.
func (s suite) find() {
	want := func(text string, want ...perk.DocumentID) {
		s.Helper()
		got, err := s.m.Find(s.Context(), perk.ContentHash(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			s.Errorf("documents of %.20q (%v):\n%s", text, err, diff)
		}
	}
	s.write(first, s.o.Text)
	want(s.o.Text, first)
	s.write(tenant, s.o.Text)
	want(s.o.Text, first, tenant)
	s.write(first, s.o.Text+" And more.")
	want(s.o.Text, tenant)
	want(s.o.Text+" And more.", first)
	if _, err := s.m.Forget(s.Context(), tenant); err != nil {
		s.Fatal(err)
	}
	want(s.o.Text)
	want("a text that nobody wrote")
}
