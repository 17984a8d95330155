package reasoner

import (
	"context"
	"sync"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// job is one question on its way through a lane, from its prompt's first token to its reply's last.
type job struct {
	ctx     context.Context
	caller  *caller
	adapted *lm.Adapted
	seq     *lm.Sequence // nil: one of the lanes' own, under adapted
	own     bool         // seq is the lanes' own
	prompt  []int32      // what is not yet read
	limit   int          // most tokens of the reply; 0: only read the prompt
	pick    sampler
	rep     *reply
	next    [1]int32 // the last token of the reply, which is read next
	tokens  int      // of the reply
	doubt   *doubt   // nil: none
	stopped string
	mail    mailbox

	submitted, read, ended time.Time // read: the prompt was
	err                    error
	done                   chan struct{} // closed when the lane has let go of the job
}

// caller is somebody who asks one question, or several that share a place in the queue.
type caller struct{ active int } // jobs in lanes; guarded by lanes.mu

type callerKey struct{}

// OneCaller gives a context whose questions count as one caller's: many of them do not keep others waiting, because a place goes to the caller who has the fewest.
func OneCaller(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, new(caller))
}

// mailbox carries an answer's pieces from the lane, which never waits, to the caller.
type mailbox struct {
	mu     sync.Mutex
	pieces []string
	more   chan struct{} // of one; nil: nobody wants pieces
}

func (m *mailbox) put(piece string) error {
	m.mu.Lock()
	m.pieces = append(m.pieces, piece)
	m.mu.Unlock()
	select {
	case m.more <- struct{}{}:
	default:
	}
	return nil
}

// empty hands the pieces that are there to emit.
func (j *job) empty(emit func(string) error) error {
	m := &j.mail
	m.mu.Lock()
	pieces := m.pieces
	m.pieces = nil
	m.mu.Unlock()
	for _, p := range pieces {
		if j.ctx.Err() != nil {
			return j.canceled()
		}
		if err := emit(p); err != nil {
			return err
		}
	}
	return nil
}

// do takes a job through the lanes and hands its pieces to emit, which may be nil, in the caller's goroutine. When it returns no lane knows the job any
// more. Errors: EBusy, ECanceled, EInvalid, and emit's own.
func (l *lanes) do(ctx context.Context, j *job, emit func(string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if j.caller, _ = ctx.Value(callerKey{}).(*caller); j.caller == nil {
		j.caller = new(caller)
	}
	j.ctx, j.done, j.submitted = ctx, make(chan struct{}), time.Now()
	if emit != nil {
		j.mail.more = make(chan struct{}, 1)
	}
	if err := l.submit(j); err != nil {
		return err
	}
	for {
		select {
		case <-j.mail.more:
			if err := j.empty(emit); err != nil {
				cancel()
				l.withdraw(j)
				<-j.done
				return err
			}
		case <-ctx.Done():
			l.withdraw(j)
			<-j.done
			return j.err
		case <-j.done:
			if j.err == nil && emit != nil {
				return j.empty(emit)
			}
			return j.err
		}
	}
}

// finish lets go of a job.
func (j *job) finish(err error) {
	j.err, j.ended = err, time.Now()
	close(j.done)
}

// canceled is the error of a job whose context ended.
func (j *job) canceled() error { return perk.E(perk.ECanceled, "reasoner.Ask", j.ctx.Err()) }

// leastSupport is the probability of recalled facts from which on a reply that would say "not in this document" recalls them after all.
const leastSupport = 0.01

// doubt is where a reply that began with its answer could have recalled facts first. A model that was trained with foreign questions doubts at the first mark already whether the document
// answers the question, and then skips the facts: what it recalls all the same says more than the doubt. A reply whose answer is there is left as it is.
type doubt struct {
	output  decoded // the mark that opened the answer, and is not yet part of the reply
	support decoded
	before  lm.Mark // of the sequence
}

// take picks the reply's next token from logits and reports whether the reply goes on.
func (j *job) take(logits []float32, s *scratch) (more bool, err error) {
	if j.read.IsZero() {
		j.read = time.Now()
	}
	if j.limit == 0 {
		return false, nil
	}
	d := decoded{}
	d.token, d.probability = j.pick.pick(logits, s)
	sp := j.rep.sp
	switch {
	case j.doubt != nil:
		was := j.doubt
		j.doubt = nil
		if d.token == sp.Absent[0] {
			j.seq.Rewind(was.before)
			d = was.support
		} else if _, err := j.rep.add(was.output); err != nil { // the mark alone stops nothing
			return false, err
		}
	case j.rep.state == atStart && len(sp.SupportOpen) == 1 && len(sp.OutputOpen) == 1 && len(sp.Absent) == 1 && d.token == sp.OutputOpen[0]:
		if p := float64(s.p[sp.SupportOpen[0]]); p >= leastSupport {
			j.doubt = &doubt{output: d, support: decoded{token: sp.SupportOpen[0], probability: p}, before: j.seq.Mark()}
			return j.goOn(d.token), nil
		}
	}
	if j.rep.mayAnswer() {
		d.entropy = s.entropy()
		if m := sp.Absent; len(m) == 1 && d.token == m[0] {
			d.token, d.probability = j.pick.other(d, logits, s)
		}
	}
	more = j.goOn(d.token)
	stopped, err := j.rep.add(d)
	if err != nil || stopped != "" {
		j.stopped = stopped
		return false, err
	}
	return more, nil
}

// goOn counts a token and has it read next, unless it is the last one that may be.
func (j *job) goOn(token int32) bool {
	j.tokens++
	j.next[0] = token
	if j.tokens == j.limit {
		j.stopped = stoppedLength
		return false
	}
	return true
}
