package adapterstore_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

var (
	crashRounds = flag.Int("crash.rounds", 10, "how often TestCrash kills a writing process (3 with -short)")
	crashSeed   = flag.Uint64("crash.seed", 0, "seed of the moments of TestCrash, 0: a random one")
)

const crashDocuments = 12

// crashKey is one of few documents, so that adapters are replaced and deleted often.
func crashKey(i uint64) perk.AdapterKey {
	return storetest.Key("Crash", "", fmt.Sprint("d", i%crashDocuments), 1, 1)
}

// crashAdapter is what the child's step i puts: up to 3 MiB, so about half of the puts take several transactions.
func crashAdapter(i uint64) *perk.Adapter {
	return storetest.Adapter(crashKey(i*7), i, 1+int(i*2654435761%(3<<20)))
}

// crashStep says whether step i deletes instead.
func crashStep(i uint64) (del bool) { return i%9 == 8 }

// crashChild writes until it is killed: "try i" before a step, "done i" once it is acknowledged. Steps continue where PERK_STORE_TEST_STEP says.
func crashChild(s *adapterstore.Store) error {
	i, err := strconv.ParseUint(os.Getenv("PERK_STORE_TEST_STEP"), 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for ; ; i++ {
		fmt.Println("try", i)
		if crashStep(i) {
			_, err = s.Delete(ctx, crashKey(i*7).Document)
		} else {
			err = s.Put(ctx, crashAdapter(i))
		}
		if err != nil {
			return err
		}
		fmt.Println("done", i)
		if i%31 == 30 {
			if _, err := s.GC(ctx); err != nil {
				return err
			}
		}
	}
}

// TestCrash kills a writing process at random moments. After each kill the store must open, hold every acknowledged adapter or its
// successor that was under way, and serve nothing half.
func TestCrash(t *testing.T) {
	rounds := *crashRounds
	if testing.Short() {
		rounds = min(rounds, 3)
	}
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	state := map[perk.AdapterKey]uint64{} // last acknowledged put, absent after a delete
	var next, acked, lost, half uint64
	for round := range rounds {
		var pending *uint64
		run := crashRun(t, dir, next, time.Duration(rng.IntN(400))*time.Millisecond)
		for _, e := range run {
			if !e.done {
				pending, next = &e.step, e.step+1
				continue
			}
			acked++
			pending = nil
			if k := crashKey(e.step * 7); crashStep(e.step) {
				delete(state, k)
			} else {
				state[k] = e.step
			}
		}
		s := mustOpen(t, dir, small)
		for i := range uint64(crashDocuments) {
			k := crashKey(i)
			a, err := s.Get(t.Context(), k)
			if err != nil && perk.ErrorCode(err) != perk.ENotFound {
				half++
				t.Errorf("round %d: %v", round, err)
				continue
			}
			want, stored := state[k]
			same := (err == nil) == stored && (!stored || bytes.Equal(a.Payload, crashAdapter(want).Payload))
			if !same && pending != nil && crashKey(*pending*7) == k { // the step that was cut off took effect
				if same = crashStep(*pending) == (err != nil); same && err == nil {
					same = bytes.Equal(a.Payload, crashAdapter(*pending).Payload)
				}
				if delete(state, k); err == nil {
					state[k] = *pending
				}
			}
			if !same {
				lost++
				t.Errorf("round %d, seed %d: %s: the store has %v, acknowledged was step %d (%v)", round, seed, k, err, want, stored)
			}
		}
		if _, err := s.Verify(t.Context(), func(k perk.AdapterKey, err error) { half++; t.Errorf("%s: %v", k, err) }); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("crash: %d kills, %d acknowledged steps, %d lost, %d half adapters served, opened every time (seed %d)", rounds, acked, lost, half, seed)
	if rounds >= 10 && acked == 0 {
		t.Error("no step was ever acknowledged: the test proves nothing")
	}
}

type crashEvent struct {
	step uint64
	done bool
}

// crashRun starts the child and kills it some time after its first word.
func crashRun(t *testing.T, dir string, step uint64, after time.Duration) (events []crashEvent) {
	t.Helper()
	cmd := command(t, "crash", dir)
	cmd.Env = append(cmd.Env, fmt.Sprint("PERK_STORE_TEST_STEP=", step))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if kill == nil {
			kill = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
		}
		var word string
		var e crashEvent
		if _, err := fmt.Sscan(lines.Text(), &word, &e.step); err != nil {
			t.Fatalf("child said %q", lines.Text())
		}
		e.done = word == "done"
		events = append(events, e)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", cmd.ProcessState)
	}
	return events
}
