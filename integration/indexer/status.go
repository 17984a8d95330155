package indexer

import (
	"time"

	"github.com/perkdb/perk"
)

// Status is a moment of a pass. Overview is what is known beyond it.
type Status struct {
	Done    int             // documents dealt with, of any outcome, an interrupted pass's included
	Total   int             // documents of the whole source, -1 when not known
	Encoded int             // documents encoded
	Skipped int             // documents unchanged
	Failed  int             // documents that could not be encoded
	Removed int             // documents whose adapters were removed
	Current perk.DocumentID // document last begun
	Encode  perk.Progress   // of the current document

	Elapsed         time.Duration // of this pass
	DocsPerSecond   float64       // documents dealt with
	TokensPerSecond float64       // tokens encoded
	ETA             time.Duration // time left at this pace, -1 when not known
}

// meter measures the pace of one pass; documents of an interrupted pass do not count towards it.
type meter struct {
	start         time.Time
	status        Status
	done0, tokens int
}

// snapshot completes the status at the given time.
func (m *meter) snapshot(now time.Time) Status {
	s := m.status
	s.Elapsed, s.ETA = now.Sub(m.start), -1
	seconds := s.Elapsed.Seconds()
	if seconds <= 0 {
		return s
	}
	done := float64(s.Done - m.done0)
	s.DocsPerSecond, s.TokensPerSecond = done/seconds, float64(m.tokens)/seconds
	if s.Encode.Total > 0 && s.Encode.Done < s.Encode.Total {
		done += float64(s.Encode.Done) / float64(s.Encode.Total) // the current document counts in part
	}
	if left := float64(s.Total-m.done0) - done; s.Total >= 0 && done > 0 {
		s.ETA = time.Duration(max(left, 0) / done * seconds * float64(time.Second))
	}
	return s
}

func (m *meter) add(o outcome) {
	s := &m.status
	s.Done++
	m.tokens += o.tokens
	switch {
	case o.encoded:
		s.Encoded++
	case o.skipped:
		s.Skipped++
	case o.removed:
		s.Removed++
	case o.failure != nil:
		s.Failed++
	}
	s.Encode = perk.Progress{}
}
