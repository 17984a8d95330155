package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// Sizes of TestSoak and TestKills. The defaults are what `make e2e` runs; `make soak` sets large ones.
var (
	soakShort   = flag.Int("soak.short", 200, "short documents")
	soakLong    = flag.Int("soak.long", 2, "long documents")
	soakTenants = flag.Int("soak.tenants", 4, "tenants")
	soakTime    = flag.Duration("soak.time", 15*time.Second, "how long the writer writes")
	soakKills   = flag.Int("soak.kills", 1, "how often each process is killed")
	soakShare   = flag.String("soak.share", "0.5", "of the time that may be spent on encoding; the default is that of the program")
)

// tally counts what became of questions.
type tally struct {
	mu        sync.Mutex
	ok, wrong int
	other     map[string]int
}

// ask asks one document over the endpoint.
func (a *archive) ask(ctx context.Context, endpoint string, n *tally) {
	id, begun := a.pick(), time.Now()
	body, _ := json.Marshal(map[string]any{"model": "perk", "prompt": "[[perk:" + id.String() + "]] Where is Mary?", "stream": false})
	b, err := send(ctx, http.MethodPost, endpoint+"/api/generate", string(body))
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		what := "away"
		for _, kind := range []string{"pending", "stale", "not found", "unavailable"} {
			if strings.Contains(err.Error(), `"`+kind+":") {
				what = kind
			}
		}
		n.other[what]++
		return
	}
	var reply struct{ Perk struct{ Content perk.Hash } }
	if err := json.Unmarshal(b, &reply); err != nil || !a.held(id, reply.Perk.Content, begun, time.Now()) {
		n.wrong++
		return
	}
	n.ok++
}

// every calls f at a rate until ctx ends, one call at a time.
func every(ctx context.Context, period time.Duration, f func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// life runs a writer (5 updates, 1 delete and 1 new document a second) and a questioner until the time is up.
func (a *archive) life(t *testing.T, endpoint string, n *tally, d time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		every(ctx, 200*time.Millisecond, func() {
			a.writing.Lock()
			defer a.writing.Unlock()
			id := a.pick()
			a.mu.Lock()
			d := perk.Document{ID: id, Text: a.text(4)}
			a.mu.Unlock()
			begun := time.Now()
			persist(t, func() error { return a.put(context.WithoutCancel(ctx), begun, d) })
		})
	})
	group.Go(func() {
		every(ctx, time.Second, func() {
			a.removeOne(context.WithoutCancel(ctx), t)
			d, begun := a.another(), time.Now() // so that some are left
			persist(t, func() error { return a.put(context.WithoutCancel(ctx), begun, d) })
		})
	})
	group.Go(func() { every(ctx, 20*time.Millisecond, func() { a.ask(ctx, endpoint, n) }) })
	group.Wait()
}

// removeOne deletes one document, which nobody writes meanwhile: that would bring it back.
func (a *archive) removeOne(ctx context.Context, t *testing.T) {
	a.writing.Lock()
	defer a.writing.Unlock()
	id, begun := a.pick(), time.Now()
	persist(t, func() error { return a.remove(ctx, begun, id) })
}

// persist does again what was not acknowledged, as by a database that is away: the very same, because it may have been taken all the same.
func persist(t *testing.T, write func() error) {
	t.Helper()
	err := write()
	for end := time.Now().Add(2 * time.Minute); err != nil && time.Now().Before(end); err = write() {
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
}

// bm25 measures n of Weaviate's own queries, 25 a second.
func (a *archive) bm25(t *testing.T, endpoint string, n int) (took []time.Duration) {
	t.Helper()
	for i := range n {
		query := fmt.Sprintf(`{Get{%s(tenant:"tenant%02d",bm25:{query:"%s garden"},limit:10){_additional{id score}}}}`, soakCollection, i%*soakTenants, soakNames[i%len(soakNames)])
		body, _ := json.Marshal(map[string]string{"query": query})
		begun := time.Now()
		if out := must(t, http.MethodPost, endpoint+"/v1/graphql", string(body)); bytes.Contains(out, []byte(`"errors"`)) {
			t.Fatalf("%s", out)
		}
		took = append(took, time.Since(begun))
		time.Sleep(max(0, 40*time.Millisecond-time.Since(begun)))
	}
	return took
}

// latency compares Weaviate's own queries while the backfill is paused and while it is under way, in turns, so that what else the machine does falls on both alike.
func (a *archive) latency(t *testing.T, endpoint string, p *program) {
	t.Helper()
	const turns = 10
	n := max(10, min(250, 25*int(soakTime.Seconds())/turns/2))
	var idle, busy []time.Duration
	measure := func(command string, into *[]time.Duration) {
		persist(t, func() error { // a machine that is overloaded may keep the program waiting for too long
			_, err := p.run(t, command, soakCollection)
			return err
		})
		time.Sleep(2 * time.Second) // the server looks for orders every second
		*into = append(*into, a.bm25(t, endpoint, n)...)
	}
	before := p.overview(t).Encoded
	for range turns {
		measure("pause", &idle)
		measure("resume", &busy)
	}
	o := p.overview(t)
	slices.Sort(idle)
	slices.Sort(busy)
	at := func(part int) string {
		i := len(idle) * part / 1000
		return fmt.Sprintf("%v to %v (%.2fx)", idle[i], busy[i], float64(busy[i])/float64(idle[i]))
	}
	t.Logf("BM25, 2 x %d queries in %d turns, backfill paused to under way: p50 %s, p90 %s, p99 %s; %d adapters were written, %d of %d documents are ready",
		len(idle), turns, at(500), at(900), at(990), o.Encoded-before, o.Ready, len(a.ids))
	if o.Pending == 0 {
		t.Error("the backfill came to its end before the queries did")
	}
}

// atRest waits until the index has caught up and holds the adapters to the live documents.
func (a *archive) atRest(t *testing.T, p *program) {
	t.Helper()
	want, example := a.live(), ""
	same := func() (missing, extra, other int) {
		got := p.adapters(t)
		for key, hash := range want {
			switch g, ok := got[key]; {
			case !ok:
				missing++
			case g != hash:
				other++
			}
			delete(got, key)
		}
		for key := range got {
			example = key
		}
		return missing, len(got), other
	}
	begun := time.Now()
	limit := begun.Add(30*time.Minute + time.Duration(len(want))*50*time.Millisecond)
	for {
		looked := time.Now()
		missing, extra, other := same()
		if missing+extra+other == 0 {
			t.Logf("at rest after %v: %d adapters, exactly those of the live documents", time.Since(begun).Round(time.Second), len(want))
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("not at rest: %d documents have no adapter, %d an old one, %d adapters are of no document, such as %s", missing, other, extra, example)
		}
		time.Sleep(max(2*time.Second, 5*time.Since(looked)))
	}
}

// overview is what the serving program says of the collection.
func (p *program) overview(t *testing.T) (o indexer.Overview) {
	t.Helper()
	out, err := p.run(t, "status", soakCollection, "--json")
	if err := errors.Join(err, json.Unmarshal(out, &o)); err != nil {
		t.Fatal(err)
	}
	return o
}

// startSoak runs a Weaviate with a full collection.
func startSoak(t *testing.T) (*server.Server, *archive, *program) {
	t.Helper()
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: run `make soak` or `make e2e`, or set PERK_E2E=1")
	}
	binary, err := server.Build(t.Context(), binDir)
	if err != nil {
		t.Fatal(err)
	}
	node, err := server.Start(t.Context(), server.Config{Binary: binary, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	api, err := weaviate.Connect(weaviate.Server{Endpoint: node.Endpoint()})
	if err != nil {
		t.Fatal(errors.Join(err, node.Stop()))
	}
	a := &archive{api: api, rng: rand.New(rand.NewPCG(9, 0xe2e)), versions: map[perk.DocumentID][]version{}}
	begun := time.Now()
	a.fill(t, node.Endpoint())
	t.Logf("%d short and %d long documents in %d tenants written in %v", *soakShort, *soakLong, *soakTenants, time.Since(begun).Round(time.Second))
	return node, a, newProgram(t, node.Endpoint())
}

var soakFlags = []string{"--unsigned-keys", "--interval", "2s", "--log-level", "error"}

// TestSoak follows a collection while it changes: what `perk serve` does by default, beside a database that is in use. First the collection is written into
// adapters, then it is followed for a fifth of the time.
func TestSoak(t *testing.T) {
	node, a, p := startSoak(t)
	defer func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	}()
	a.bm25(t, node.Endpoint(), 50) // warm
	begun := time.Now()
	p.serveWith(t, append(soakFlags, "--share", *soakShare)...)
	eventually(t, time.Minute, "the backfill to begin", func() bool { return len(p.adapters(t)) > 0 })
	if *soakShort >= 5000 { // fewer are encoded before anything is measured
		a.latency(t, node.Endpoint(), p)
	}
	for _, d := range []time.Duration{*soakTime, *soakTime / 5} {
		n := &tally{other: map[string]int{}}
		a.life(t, "http://"+p.listen, n, d)
		t.Logf("questions in %v: %d answered from the present text, %d from another one, others %v", d, n.ok, n.wrong, n.other)
		if n.wrong > 0 {
			t.Errorf("%d answers were not of a present text", n.wrong)
		}
		a.atRest(t, p)
	}
	o := p.overview(t)
	if o.Ready != len(a.ids) || o.Failed != 0 {
		t.Errorf("%+v", o)
	}
	t.Logf("%v in all; %d adapters written in %.0f s of encoding, %d tokens, %d removed; %d whole passes, the last one in %v",
		time.Since(begun).Round(time.Second), o.Encoded, o.Seconds, o.Tokens, o.Removed, o.Passes, o.Last.Took.Round(time.Second))
}
