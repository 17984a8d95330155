package reasoner

import (
	"slices"

	"github.com/perkdb/perk/internal/lm"
)

// blockTokens is the number of prompt tokens that are read at once. Prompts are always cut from their beginning into blocks of this length, because an answer's
// last bits depend on the cut.
const blockTokens = 64

// lane is a batch of jobs and the decoder that takes them forward. Its goroutine is its only user.
type lane struct {
	l       *lanes
	d       *lm.Decoder
	scratch *scratch
	prompts []*job // being read, the next one first
	replies []*job // being decoded
	spans   []lm.Span
	of      []*job // the job of each span
}

func (ln *lane) jobs() int { return len(ln.prompts) + len(ln.replies) }

// run takes jobs forward until there are none: a token of every reply at a time, and beside it a block of prompts.
func (ln *lane) run() {
	for ln.l.admit(ln) {
		ln.step()
	}
}

// step is one run of the decoder.
func (ln *lane) step() {
	ln.replies = ln.dropEnded(ln.replies)
	ln.prompts = ln.dropEnded(ln.prompts)
	ln.spans, ln.of = ln.spans[:0], ln.of[:0]
	for _, j := range ln.replies {
		ln.add(j, j.next[:], true)
	}
	for left := blockTokens; len(ln.prompts) > 0; {
		j := ln.prompts[0]
		block := j.prompt[:min(len(j.prompt), blockTokens)]
		if len(block) > left {
			break // the block goes first in the next step
		}
		left -= len(block)
		j.prompt = j.prompt[len(block):]
		ln.add(j, block, len(j.prompt) == 0)
		ln.prompts = slices.Delete(ln.prompts, 0, 1)
	}
	if len(ln.spans) == 0 {
		return
	}
	ln.d.Run(ln.spans)
	ln.replies = ln.replies[:0]
	wanted := 0
	for i, j := range ln.of {
		if !ln.spans[i].Want {
			ln.prompts = append(ln.prompts, j) // behind the others: a long prompt does not hold up short ones
			continue
		}
		more, err := j.take(ln.d.Logits(wanted), ln.scratch)
		if wanted++; more {
			ln.replies = append(ln.replies, j)
			continue
		}
		ln.l.leave(j, err)
	}
	clear(ln.of) // keeps no finished job alive
	clear(ln.spans)
}

func (ln *lane) add(j *job, tokens []int32, want bool) {
	ln.spans = append(ln.spans, lm.Span{Sequence: j.seq, Tokens: tokens, Want: want})
	ln.of = append(ln.of, j)
}

// dropEnded lets go of jobs whose context ended.
func (ln *lane) dropEnded(jobs []*job) []*job {
	kept := jobs[:0]
	for _, j := range jobs {
		if j.ctx.Err() != nil {
			ln.l.leave(j, j.canceled())
			continue
		}
		kept = append(kept, j)
	}
	clear(jobs[len(kept):])
	return kept
}
