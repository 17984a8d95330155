package indexer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
)

var quick = indexer.Retry{Attempts: 3, First: time.Millisecond, Max: time.Millisecond}

var ignoreTook = cmpopts.IgnoreFields(indexer.Report{}, "Took")

// letters makes a source with one document a letter.
func letters(s string) *memory {
	m := &memory{texts: map[string]string{}, broken: map[string]error{}}
	for _, r := range s {
		m.texts[string(r)] = "text of " + string(r)
	}
	return m
}

func run(t *testing.T, src perk.Source, m indexer.Module, o indexer.Options) (indexer.Report, error) {
	t.Helper()
	return newIndexer(t, src, m, o).Run(t.Context())
}

func newIndexer(t *testing.T, src perk.Source, m indexer.Module, o indexer.Options) *indexer.Indexer {
	t.Helper()
	o.Collection, o.Retry = "Docs", quick
	x, err := indexer.New(src, m, o, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func mustRun(t *testing.T, src perk.Source, m indexer.Module, o indexer.Options) indexer.Report {
	t.Helper()
	r, err := run(t, src, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLifeOfACollection(t *testing.T) {
	src, m := letters("abcd"), newModule()
	steps := []struct {
		name   string
		change func()
		want   indexer.Report
		left   string
	}{
		{"first pass encodes all", func() {}, indexer.Report{Encoded: 4, Tokens: 12, Complete: true}, "abcd"},
		{"unchanged documents are skipped", func() {}, indexer.Report{Skipped: 4, Complete: true}, "abcd"},
		{"a changed one is encoded", func() { src.texts["b"] = "other words" }, indexer.Report{Encoded: 1, Skipped: 3, Tokens: 2, Complete: true}, "abcd"},
		{"a deleted one loses its adapter", func() { delete(src.texts, "c") }, indexer.Report{Skipped: 3, Removed: 1, Complete: true}, "abd"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			s.change()
			if diff := cmp.Diff(s.want, mustRun(t, src, m, indexer.Options{}), ignoreTook); diff != "" {
				t.Error(diff)
			}
			if got := strings.Join(m.uuids(), ""); got != s.left {
				t.Errorf("adapters of %q, want %q", got, s.left)
			}
		})
	}
}

func TestBadDocumentsFailAlone(t *testing.T) {
	src, m := letters("abcdef"), newModule()
	src.texts["b"] = " \n"
	src.texts["c"] = "ok \xff\xfe"
	src.texts["e"] = "a real \uFFFD is allowed"
	src.broken["g"] = perk.Errorf(perk.EDenied, "folder", "permission denied")
	m.fail = func(uuid string, _ int) error {
		if uuid == "d" {
			return perk.Errorf(perk.EInvalid, "encoder", "the document has 900000 tokens, at most 200000 are allowed")
		}
		return nil
	}
	r := mustRun(t, src, m, indexer.Options{Workers: 2})
	var got []string
	for _, f := range r.Failed {
		got = append(got, fmt.Sprint(f.Document.UUID, " ", f.Code, " ", f.Reason))
	}
	want := []string{
		"b invalid indexer: the document is empty (give it a text or delete it)",
		"c invalid indexer: the text is not UTF-8 at byte 3 (convert it to UTF-8, for instance with iconv)",
		"d invalid encoder: the document has 900000 tokens, at most 200000 are allowed",
		"g denied folder: permission denied",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Encoded != 3 || r.FailedCount != 4 || !r.Complete {
		t.Errorf("report %+v", r)
	}
}

func TestPluginAwayEndsThePassAndResumeGoesOn(t *testing.T) {
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			src, m := letters("abcdefgh"), newModule()
			m.fail = func(uuid string, _ int) error {
				if uuid == "d" {
					return perk.Errorf(perk.EUnavailable, "plugin", "the process is gone")
				}
				return nil
			}
			r, err := run(t, src, m, indexer.Options{Workers: workers})
			if perk.ErrorCode(err) != perk.EUnavailable || r.Complete {
				t.Fatalf("report %+v, error %v", r, err)
			}
			if r.Encoded != 3 {
				t.Errorf("the cursor passed a document that was not encoded: %+v", r)
			}
			m.fail, m.encodes = nil, nil
			r = mustRun(t, src, m, indexer.Options{Workers: workers, Resume: true})
			if !r.Resumed || r.Encoded+r.Skipped != 8 || len(m.uuids()) != 8 {
				t.Errorf("report %+v, adapters %v", r, m.uuids())
			}
			if strings.ContainsAny(strings.Join(m.encodes, ""), "abc") {
				t.Errorf("encoded again: %v", m.encodes)
			}
			if r = mustRun(t, src, m, indexer.Options{Resume: true}); r.Resumed || r.Skipped != 8 {
				t.Errorf("after a complete pass: %+v", r)
			}
		})
	}
}

func TestPluginThatComesBackIsTriedAgain(t *testing.T) {
	src, m := letters("abc"), newModule()
	m.fail = func(_ string, nth int) error {
		switch nth {
		case 2:
			return perk.Errorf(perk.EUnavailable, "plugin", "killed")
		case 3:
			return perk.E(perk.EInternal, "plugin", context.Canceled) // a call cut off in the middle
		}
		return nil
	}
	if r := mustRun(t, src, m, indexer.Options{}); r.Encoded != 3 || r.FailedCount != 0 {
		t.Errorf("report %+v", r)
	}
}

// TestSavingLetsProgressThrough: while the cursor is being saved, another worker's document goes on.
func TestSavingLetsProgressThrough(t *testing.T) {
	m := &slowToSave{module: newModule(), saving: make(chan struct{}), encoded: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if r, err := newIndexer(t, letters("ab"), m, indexer.Options{Workers: 2}).Run(ctx); err != nil || r.Encoded != 2 {
		t.Errorf("report %+v, error %v", r, err)
	}
}

// slowToSave is a module that finishes with "b" only while the cursor is being saved, and with saving only after "b".
type slowToSave struct {
	*module
	saving, encoded chan struct{}
	once            sync.Once
}

func (s *slowToSave) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	if d.ID.UUID == "b" {
		select {
		case <-s.saving:
		case <-ctx.Done():
			return perk.AdapterInfo{}, perk.E(perk.ECanceled, "module", ctx.Err())
		}
		progress(perk.Progress{Done: 1, Total: 2})
		close(s.encoded)
	}
	return s.module.Encode(ctx, d, nil)
}

func (s *slowToSave) SetMeta(ctx context.Context, key string, value []byte) error {
	s.once.Do(func() { close(s.saving) })
	select {
	case <-s.encoded:
	case <-ctx.Done():
		return perk.E(perk.ECanceled, "module", ctx.Err())
	}
	return s.module.SetMeta(ctx, key, value)
}

func TestSourceAwayInTheMiddle(t *testing.T) {
	away := perk.Errorf(perk.EUnavailable, "weaviate", "connection refused")
	src, m := letters("abcdef"), newModule()
	src.failAt, src.failScan = 2, []error{away, away, away} // each Scan gives two documents and then fails
	if r := mustRun(t, src, m, indexer.Options{}); r.Encoded != 6 {
		t.Errorf("report %+v", r)
	}
	src.failAt, src.failScan = 0, []error{away, away, away}
	delete(src.texts, "a")
	r, err := run(t, src, m, indexer.Options{})
	if perk.ErrorCode(err) != perk.EUnavailable || r.Removed != 0 || len(m.uuids()) != 6 {
		t.Errorf("a scan that failed must remove nothing: %+v, %v, %v", r, err, m.uuids())
	}
}

func TestRemovalAsksTheSource(t *testing.T) {
	src, m := letters("abc"), newModule()
	mustRun(t, src, m, indexer.Options{})
	asks := &hidden{memory: letters("a")}
	if r := mustRun(t, asks, m, indexer.Options{}); r.Removed != 0 || len(m.uuids()) != 3 {
		t.Errorf("documents that cannot be read now lost their adapters: %+v, %v", r, m.uuids())
	}
}

// hidden lists only what memory holds, and says of the rest that its tenant sleeps.
type hidden struct{ *memory }

func (h *hidden) Document(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	d, err := h.memory.Document(ctx, id)
	if err != nil {
		err = perk.Errorf(perk.EConflict, "weaviate", "tenant not active")
	}
	return d, err
}

func TestCancelSavesTheCursor(t *testing.T) {
	src, m := letters("abcdef"), newModule()
	ctx, cancel := context.WithCancel(t.Context())
	m.fail = func(_ string, nth int) error {
		if nth == 4 {
			cancel()
		}
		return nil
	}
	_, err := newIndexer(t, src, m, indexer.Options{}).Run(ctx)
	if perk.ErrorCode(err) != perk.ECanceled {
		t.Fatal(err)
	}
	m.fail, m.encodes = nil, nil
	mustRun(t, src, m, indexer.Options{Resume: true})
	if got := strings.Join(m.encodes, ""); got != "def" {
		t.Errorf("encoded %q after the interruption, want def", got)
	}
}

// TestRemovalAfterResume: what was scanned before the interruption is not taken for gone, and what went meanwhile is.
func TestRemovalAfterResume(t *testing.T) {
	src, m := letters("abcdef"), newModule()
	m.fail = func(uuid string, _ int) error {
		if uuid == "d" {
			return perk.Errorf(perk.EUnavailable, "plugin", "gone")
		}
		return nil
	}
	if _, err := run(t, src, m, indexer.Options{}); perk.ErrorCode(err) != perk.EUnavailable {
		t.Fatal(err)
	}
	m.fail = nil
	delete(src.texts, "b")
	if r := mustRun(t, src, m, indexer.Options{Resume: true}); r.Removed != 1 || !r.Resumed {
		t.Errorf("report %+v", r)
	}
	if got := strings.Join(m.uuids(), ""); got != "acdef" {
		t.Errorf("adapters of %q, want acdef", got)
	}
}

// TestResumeFindsWhatWasWrittenBehindTheCursor: a document that changed, and one that came, where the interrupted pass had already been.
func TestResumeFindsWhatWasWrittenBehindTheCursor(t *testing.T) {
	src, m := letters("bcdef"), newModule()
	m.fail = func(uuid string, _ int) error {
		if uuid == "d" {
			return perk.Errorf(perk.EUnavailable, "plugin", "gone")
		}
		return nil
	}
	if _, err := run(t, src, m, indexer.Options{}); perk.ErrorCode(err) != perk.EUnavailable {
		t.Fatal(err)
	}
	m.fail = nil
	src.texts["a"], src.texts["b"] = "new", "changed"
	if r := mustRun(t, src, m, indexer.Options{Resume: true}); r.Encoded != 7 || r.Skipped != 0 || !r.Complete || !r.Resumed { // b was written twice
		t.Errorf("report %+v", r)
	}
	for uuid, text := range src.texts {
		if info, err := m.Describe(t.Context(), src.id(uuid)); err != nil || info.Content != perk.ContentHash(text) {
			t.Errorf("%s: adapter of %s, %v, want the present text", uuid, info.Content.Short(), err)
		}
	}
}

// TestDamagedAdapterIsWrittenAnew: a scan repairs what the store cannot read.
func TestDamagedAdapterIsWrittenAnew(t *testing.T) {
	src, m := letters("ab"), newModule()
	mustRun(t, src, m, indexer.Options{})
	if r := mustRun(t, src, &damaged{m}, indexer.Options{}); r.Encoded != 1 || r.Skipped != 1 {
		t.Errorf("report %+v", r)
	}
}

// damaged is a module whose adapter of "a" cannot be read.
type damaged struct{ *module }

func (d *damaged) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	if id.UUID == "a" {
		return perk.AdapterInfo{}, perk.Errorf(perk.ECorrupt, "adapterstore", "digest differs")
	}
	return d.module.Describe(ctx, id)
}

func TestStatus(t *testing.T) {
	src, m := letters("abcd"), newModule()
	var last indexer.Status
	var seen []string
	mustRun(t, src, m, indexer.Options{Progress: func(s indexer.Status) {
		if s.Done < last.Done || s.Total != 4 {
			t.Errorf("after %+v came %+v", last, s)
		}
		if s.Encode.Total == 2 {
			seen = append(seen, s.Current.UUID)
		}
		last = s
	}})
	if last.Done != 4 || last.ETA != 0 || last.TokensPerSecond <= 0 || last.DocsPerSecond <= 0 {
		t.Errorf("last status %+v", last)
	}
	if got := strings.Join(seen, ""); got != "abcd" {
		t.Errorf("progress of %q", got)
	}
}

func TestNoSpaceEndsThePass(t *testing.T) {
	src, m := letters("abc"), newModule()
	m.fail = func(string, int) error { return perk.Errorf(perk.ENoSpace, "adapterstore", "disk full") }
	if r, err := run(t, src, m, indexer.Options{}); perk.ErrorCode(err) != perk.ENoSpace || r.FailedCount != 0 {
		t.Errorf("report %+v, error %v", r, err)
	}
}

// TestManyFailuresAreResumed: the reasons of many failures do not fit beside the cursor, which must be saved all the same.
func TestManyFailuresAreResumed(t *testing.T) {
	src, m := letters("z"), newModule()
	src.broken = map[string]error{}
	for i := range 150 {
		src.broken[fmt.Sprintf("a%03d", i)] = perk.Errorf(perk.EInvalid, "memory", "%s", strings.Repeat("<", 2000))
	}
	src.failScan, src.failAt = []error{perk.Errorf(perk.EDenied, "memory", "the key was refused")}, 150
	if r, err := run(t, src, m, indexer.Options{}); perk.ErrorCode(err) != perk.EDenied || len(r.Failed) != 150 {
		t.Fatalf("%d failures named, error %v", len(r.Failed), err)
	}
	r := mustRun(t, src, m, indexer.Options{Resume: true})
	if !r.Resumed || r.FailedCount != 150 || r.Encoded != 1 || len(r.Failed) == 0 || len(r.Failed) > 150 {
		t.Errorf("resumed %t, %d failed, %d of them named, %d encoded", r.Resumed, r.FailedCount, len(r.Failed), r.Encoded)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for name, o := range map[string]indexer.Options{
		"no collection": {}, "share": {Collection: "Docs", Limits: indexer.Limits{Share: 1.5}}, "rate": {Collection: "Docs", Limits: indexer.Limits{PerSecond: -1}},
	} {
		if _, err := indexer.New(letters("a"), newModule(), o, zerolog.Nop()); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
