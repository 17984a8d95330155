package indexer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
)

// follow runs Follow until the test's bubble ends, and waits until its first pass is through.
func follow(t *testing.T, src perk.Source, m indexer.Module, o indexer.Options) *indexer.Indexer {
	t.Helper()
	x := newIndexer(t, src, m, o)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.Follow(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; perk.ErrorCode(err) != perk.ECanceled {
			t.Errorf("Follow ended with %v", err)
		}
	})
	synctest.Wait()
	return x
}

// counts is an overview in short: pending, encoding, ready, stale, failed, waiting.
func counts(o indexer.Overview) [6]int {
	return [6]int{o.Pending, o.Encoding, o.Ready, o.Stale, o.Failed, o.Waiting}
}

func state(t *testing.T, x *indexer.Indexer, src *memory, uuid string) indexer.State {
	t.Helper()
	s, err := x.Standing(t.Context(), src.id(uuid))
	if err != nil {
		t.Fatal(err)
	}
	return s.State
}

func TestHintsAreFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("abc"), newModule()
		x := follow(t, src, m, indexer.Options{Interval: 24 * time.Hour})
		if got := strings.Join(m.uuids(), ""); got != "abc" {
			t.Fatalf("after the first pass: adapters of %q", got)
		}
		src.set("b", "changed")
		src.set("c", "")
		src.set("d", "new")
		src.set("e", " ")
		for _, uuid := range []string{"b", "c", "d", "e", "nobody"} {
			x.Notify(src.id(uuid))
		}
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "abd" {
			t.Errorf("adapters of %q, want abd", got)
		}
		for uuid, want := range map[string]indexer.State{"a": indexer.Ready, "b": indexer.Ready, "d": indexer.Ready, "e": indexer.Failed} {
			if got := state(t, x, src, uuid); got != want {
				t.Errorf("%s is %s, want %s", uuid, got, want)
			}
		}
		if _, err := x.Standing(t.Context(), src.id("c")); perk.ErrorCode(err) != perk.ENotFound {
			t.Errorf("a deleted document: %v", err)
		}
		if o := x.Overview(); counts(o) != [6]int{0, 0, 3, 0, 1, 0} || o.Encoded != 5 || o.Removed != 1 {
			t.Errorf("%+v", o)
		}
	})
}

func TestChangesSpareWholePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := &changing{memory: letters("abc"), changed: []string{}}, newModule()
		follow(t, src, m, indexer.Options{Interval: time.Minute, Whole: time.Hour})
		src.set("b", "changed")
		src.set("c", "")
		src.list("b")
		begun := time.Now()
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if info, err := m.Describe(t.Context(), src.id("b")); err != nil || info.Content != perk.ContentHash("changed") {
			t.Errorf("the changed document was not written: %v", err)
		}
		if scans, _, _, since := src.counts(); scans != 1 || !since.Before(begun) || since.Before(begun.Add(-3*time.Minute)) {
			t.Errorf("%d scans; asked for changes since %v before the first pass", scans, begun.Sub(since))
		}
		if got := strings.Join(m.uuids(), ""); got != "abc" {
			t.Errorf("adapters of %q", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, asked, reads, _ := src.counts(); asked < 10 || reads != 1 {
			t.Errorf("%d looks that tell the same change made %d reads", asked, reads)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "ab" {
			t.Errorf("after a whole pass: adapters of %q", got)
		}
		src.list() // it cannot tell any more
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if scans, _, _, _ := src.counts(); scans != 5 {
			t.Errorf("%d scans, want one an interval", scans)
		}
	})
}

func TestPauseOutlivesTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("ab"), newModule()
		x := follow(t, src, m, indexer.Options{})
		other := newIndexer(t, src, m, indexer.Options{}) // a command beside the server
		if err := other.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		src.set("b", "changed")
		src.set("c", "new")
		x.Notify(src.id("b"))
		x.Notify(src.id("c"))
		synctest.Wait()
		if o := x.Overview(); !o.Paused || len(m.encodes) != 2 {
			t.Errorf("%+v, encoded %v", o, m.encodes)
		}
		if got := state(t, x, src, "b"); got != indexer.Stale {
			t.Errorf("b is %s", got)
		}
		if got := state(t, x, src, "c"); got != indexer.Pending {
			t.Errorf("c is %s", got)
		}
		again := follow(t, src, m, indexer.Options{}) // after a restart
		if o := again.Overview(); !o.Paused || len(m.encodes) != 2 {
			t.Errorf("after a restart: %+v, encoded %v", o, m.encodes)
		}
		if o, err := other.Survey(t.Context(), false); err != nil || !o.Paused || counts(o) != [6]int{1, 0, 2, 0, 0, 0} {
			t.Errorf("counted anew: %+v, %v", o, err)
		}
		if err := again.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "abc" || state(t, x, src, "b") != indexer.Ready {
			t.Errorf("after Resume: adapters of %q, b is %s", got, state(t, x, src, "b"))
		}
		time.Sleep(10 * time.Second)
		if o, err := indexer.ReadOverview(t.Context(), m, "Docs"); err != nil || o.Paused || counts(o) != [6]int{0, 0, 3, 0, 0, 0} {
			t.Errorf("published: %+v, %v", o, err)
		}
		if o, err := other.Survey(t.Context(), true); err != nil || counts(o) != [6]int{0, 0, 3, 0, 0, 0} || o.Encoded == 0 {
			t.Errorf("seen from beside: %+v, %v", o, err)
		}
	})
}

func TestRetryFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("abc"), newModule()
		broken := true
		m.fail = func(uuid string, _ int) error {
			if broken && uuid != "a" {
				return perk.Errorf(perk.EInternal, "encoder", "no luck with %s", uuid)
			}
			return nil
		}
		x := follow(t, src, m, indexer.Options{Interval: 24 * time.Hour})
		other := newIndexer(t, src, m, indexer.Options{})
		list, err := other.Failures(t.Context())
		if err != nil || len(list) != 2 || list[0].Document.UUID != "b" || list[0].Reason != "encoder: no luck with b" || list[0].Attempts != 1 || x.Overview().Failed != 2 {
			t.Fatalf("%+v, %v; %+v", list, err, x.Overview())
		}
		for attempts := 2; attempts <= 3; attempts++ {
			if n, err := other.RetryFailed(t.Context()); n != 2 || err != nil {
				t.Errorf("%d failed documents, %v", n, err)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if list, _ := other.Failures(t.Context()); len(list) == 2 && list[1].Attempts != attempts {
				t.Errorf("%+v, want %d attempts", list, attempts)
			}
			broken = false
		}
		if list, err := other.Failures(t.Context()); len(list) != 0 || err != nil || len(m.uuids()) != 3 || x.Overview().Failed != 0 {
			t.Errorf("%v, %v, adapters %v", list, err, m.uuids())
		}
	})
}

// TestTheLastTextWins: documents change while they are scanned, wait and are encoded; in the end each adapter is of the last text.
func TestTheLastTextWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("abcdef"), newModule()
		var x *indexer.Indexer
		m.fail = func(uuid string, nth int) error { // called in the middle of an encode
			if nth <= 6 {
				next := string("bcdefa"[nth-1])
				for _, changed := range []string{uuid, next} {
					src.set(changed, fmt.Sprint("text ", nth, " of ", changed))
					x.Notify(src.id(changed))
				}
			}
			return nil
		}
		x = newIndexer(t, src, m, indexer.Options{Workers: 2, Interval: 24 * time.Hour})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- x.Follow(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		<-done
		for uuid, text := range src.texts {
			if info, err := m.Describe(t.Context(), src.id(uuid)); err != nil || info.Content != perk.ContentHash(text) {
				t.Errorf("the adapter of %s is not of its last text (%v)", uuid, err)
			}
		}
	})
}

func TestLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := &changing{memory: letters("a"), changed: []string{}}, newModule()
		x := follow(t, src, m, indexer.Options{Interval: 24 * time.Hour})
		src.set("b", "new")
		src.list("b")
		x.Look(time.Second)
		x.Look(time.Second)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "ab" {
			t.Errorf("adapters of %q", got)
		}
	})
}

func TestHintsOfWhatIsNotThereYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("a"), newModule()
		x := follow(t, src, m, indexer.Options{Interval: 24 * time.Hour})
		x.NotifyLater(src.id("c"), time.Minute)
		x.NotifyLater(src.id("b"), time.Second)
		synctest.Wait()
		src.set("b", "new")
		src.set("c", "new")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "ab" {
			t.Errorf("after two seconds: adapters of %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(m.uuids(), ""); got != "abc" {
			t.Errorf("after a minute: adapters of %q", got)
		}
	})
}

func TestManyHintsBecomeAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("a"), newModule()
		x := follow(t, src, m, indexer.Options{Interval: time.Minute})
		if err := x.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		const many = 10_200
		for i := range many {
			uuid := fmt.Sprintf("n%05d", i)
			src.set(uuid, "text")
			x.Notify(src.id(uuid))
		}
		synctest.Wait()
		if o := x.Overview(); o.Waiting > 10_000 {
			t.Errorf("%d hints wait", o.Waiting)
		}
		if err := x.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := len(m.uuids()); n != many+1 || len(m.encodes) != many+1 {
			t.Errorf("%d adapters by %d encodes, want %d", n, len(m.encodes), many+1)
		}
	})
}

// TestLimits measures with the bubble's clock: a module whose encodes take 30 ms.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits indexer.Limits
		want   time.Duration // for four documents: the rest after the last one does not count
	}{
		"none":     {indexer.Limits{}, 120 * time.Millisecond},
		"share":    {indexer.Limits{Share: 0.25}, 390 * time.Millisecond},
		"rate":     {indexer.Limits{PerSecond: 10}, 330 * time.Millisecond},
		"stricter": {indexer.Limits{PerSecond: 10, Share: 0.25}, 390 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModule()
				m.fail = func(string, int) error { time.Sleep(30 * time.Millisecond); return nil }
				if r := mustRun(t, letters("abcd"), m, indexer.Options{Limits: c.limits}); r.Took != c.want {
					t.Errorf("took %v, want %v", r.Took, c.want)
				}
			})
		})
	}
}

func TestRemovedAdaptersAreErased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("ab"), newModule()
		x := follow(t, src, m, indexer.Options{Interval: time.Minute})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if m.collected != 0 {
			t.Error("collected with nothing removed")
		}
		src.set("a", "")
		x.Notify(src.id("a"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if m.collected != 1 {
			t.Errorf("collected %d times", m.collected)
		}
	})
}

func TestTroubleIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := letters("a"), newModule()
		away := perk.Errorf(perk.EUnavailable, "weaviate", "connection refused")
		src.failScan = []error{away, away, away}
		x := follow(t, src, m, indexer.Options{Interval: time.Minute})
		time.Sleep(time.Second)
		if o := x.Overview(); o.Trouble != "weaviate: connection refused" || o.Last.Complete {
			t.Errorf("%+v", o)
		}
		time.Sleep(2 * time.Minute)
		if diff := cmp.Diff([6]int{0, 0, 1, 0, 0, 0}, counts(x.Overview())); diff != "" || x.Overview().Trouble != "" {
			t.Errorf("%s %+v", diff, x.Overview())
		}
	})
}
