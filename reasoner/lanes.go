package reasoner

import (
	"slices"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// lanes decode the questions of all callers in batches that questions join and leave at any token (continuous batching, as in Orca). One goroutine owns
// a lane and its decoder. It starts with the first question and ends with the last one, so that there is nothing to close: whoever asks waits for
// its answer, and with the last answer the goroutine is gone.
type lanes struct {
	weights *lm.Weights
	batch   int // most questions of a lane at once
	queue   int // most questions that wait
	most    int // lanes

	mu      sync.Mutex
	waiting []*job // the longest waiting first
	active  int    // jobs in lanes
	running int    // lanes
	idle    []*lane
	free    []*lm.Sequence
}

// submit queues a job. Errors: EBusy.
func (l *lanes) submit(j *job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= l.queue {
		return perk.Errorf(perk.EBusy, "reasoner.Ask", "%d questions are waiting already", len(l.waiting)).WithHint("ask again later, or fewer at once")
	}
	l.waiting = append(l.waiting, j)
	if l.running < l.most {
		l.running++
		ln := l.newLane()
		go ln.run()
	}
	return nil
}

// newLane gives an idle lane, or a new one. l.mu is held.
func (l *lanes) newLane() *lane {
	if n := len(l.idle); n > 0 {
		ln := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return ln
	}
	return &lane{l: l, d: l.weights.NewDecoder(l.batch + blockTokens), scratch: newScratch(l.weights.Config().Vocab)}
}

// withdraw takes a job whose context ended out of the queue; one that is in a lane leaves it before the next token.
func (l *lanes) withdraw(j *job) {
	l.mu.Lock()
	at := slices.Index(l.waiting, j)
	if at >= 0 {
		l.waiting = slices.Delete(l.waiting, at, at+1)
	}
	l.mu.Unlock()
	if at >= 0 {
		j.finish(j.canceled())
	}
}

// admit gives a lane with so many jobs those that it should take on: its share of all, so that no lane is idle while another one is full. It gives
// false where the lane has nothing to do and is idle from now on.
func (l *lanes) admit(ln *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	share := min(l.batch, (l.active+len(l.waiting)+l.most-1)/l.most)
	for ln.jobs() < share && len(l.waiting) > 0 {
		j := l.next()
		l.active++
		j.caller.active++
		if j.seq == nil {
			j.seq, j.own = l.sequence(), true
			j.seq.Reset(j.adapted)
		}
		ln.prompts = append(ln.prompts, j)
	}
	if ln.jobs() > 0 {
		return true
	}
	l.running--
	l.idle = append(l.idle, ln)
	return false
}

// next takes out of the queue the job of the caller with the fewest jobs in lanes; of several the one that waits longest. l.mu is held.
func (l *lanes) next() *job {
	best := 0
	for i, j := range l.waiting {
		if j.caller.active < l.waiting[best].caller.active {
			best = i
		}
		if l.waiting[best].caller.active == 0 {
			break
		}
	}
	j := l.waiting[best]
	l.waiting = slices.Delete(l.waiting, best, best+1)
	return j
}

// sequence gives a free sequence, or a new one. l.mu is held.
func (l *lanes) sequence() *lm.Sequence {
	if n := len(l.free); n > 0 {
		s := l.free[n-1]
		l.free = l.free[:n-1]
		return s
	}
	return l.weights.NewSequence()
}

// keepTokens is the length up to which a sequence's memory is kept for the next question.
const keepTokens = 1024

// leave counts a job out and lets go of it.
func (l *lanes) leave(j *job, err error) {
	keep := j.own && j.seq.Len() <= keepTokens
	if j.own {
		j.seq.Reset(nil) // keeps no adapter alive; before the sequence is free, for then it is another lane's
	}
	l.mu.Lock()
	l.active--
	j.caller.active--
	if keep {
		l.free = append(l.free, j.seq)
	}
	l.mu.Unlock()
	j.finish(err)
}
