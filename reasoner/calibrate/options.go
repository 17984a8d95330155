package calibrate

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// Options say what is asked. The zero value of a number stands for its default.
type Options struct {
	Tasks       []string    // default: Tasks()
	Documents   int         // of each task; default 60
	MinTokens   int         // of the shortest document; default 256
	MaxTokens   int         // of the longest; default 2048. Lengths rise evenly on a logarithmic scale
	PerDocument int         // most questions of either kind about a document; default 5
	Filler      task.Filler // text between the facts; default task.Generated
	Split       task.Split  // Train, the zero value, for a fit
	Seed        uint64

	Threads  int                   // documents at the same time; below 1 counts as 1
	Progress func(done, total int) // of documents; called by one goroutine at a time; may be nil
}

// Tasks lists the tasks that ask about a thing, which another document does not know. (Nothing is foreign about the highest grade among all students.)
func Tasks() []string {
	return []string{"babilong-qa1", "babilong-qa2", "babilong-qa3", "student-recall", "student-recall-filler", "student-relation", "facts"}
}

// complete puts defaults in. Errors: EInvalid.
func (o *Options) complete() error {
	for _, d := range []struct {
		value    *int
		standard int
	}{{&o.Documents, 60}, {&o.MinTokens, 256}, {&o.MaxTokens, 2048}, {&o.PerDocument, 5}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Tasks == nil {
		o.Tasks = Tasks()
	}
	if o.Filler == nil {
		o.Filler = task.Generated{}
	}
	o.Threads = max(1, o.Threads)
	if o.Documents < 2 || o.MinTokens < 1 || o.MaxTokens < o.MinTokens || o.PerDocument < 1 {
		return perk.Errorf(perk.EInvalid, "calibrate.Ask", "%d documents of %d to %d tokens, %d questions each", o.Documents, o.MinTokens, o.MaxTokens, o.PerDocument).
			WithHint("at least two documents of a task are needed, because each is asked about the others")
	}
	return nil
}
