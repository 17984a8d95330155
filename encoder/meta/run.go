package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/perkdb/perk"
)

// Files of a training folder.
const (
	CheckpointFile = "checkpoint.safetensors"
	LogFile        = "log.jsonl"
)

// logSteps is how many steps a line of the log sums up.
const logSteps = 25

// Line is one line of the training log: means over the steps since the line before.
type Line struct {
	Step     int                `json:"step"`
	Seconds  float64            `json:"seconds"` // training time so far, over all sessions
	Loss     float64            `json:"loss"`
	Accuracy float64            `json:"accuracy"`
	ByTask   map[string]float64 `json:"by_task,omitempty"`
	GradNorm float64            `json:"grad_norm"`
	LR       float64            `json:"lr"`
	Weight   float64            `json:"weight"`
	Tokens   float64            `json:"tokens_per_second"`
}

// Run trains until the configuration's steps are made or ctx ends, in either case with a checkpoint of the last step in dir. It resumes from the
// checkpoint that dir holds. progress, which may be nil, gets every step and every new log line (else nil). Errors: as Step and Resume.
func (t *Trainer) Run(ctx context.Context, dir string, every time.Duration, progress func(Stats, *Line)) error {
	return t.run(ctx, dir, every, t.Step, progress)
}

// run is Run with the steps of a Trainer or a Reader.
func (t *Trainer) run(ctx context.Context, dir string, every time.Duration, step func(context.Context) (Stats, error), progress func(Stats, *Line)) error {
	path := filepath.Join(dir, CheckpointFile)
	if _, err := t.Resume(path); err != nil {
		return err
	}
	log, before, err := openLog(filepath.Join(dir, LogFile), t.step)
	if err != nil {
		return err
	}
	defer log.Close()
	saved, begun := time.Now(), time.Now()
	sum := newSummary(begun)
	for !t.Done() {
		st, err := step(ctx)
		if perk.ErrorCode(err) == perk.ECanceled {
			return errors.Join(err, t.Save(path))
		}
		if err != nil {
			return err
		}
		sum.add(st)
		var line *Line
		if t.step%logSteps == 0 || t.Done() {
			line = sum.line(before + time.Since(begun).Seconds())
			if err := json.NewEncoder(log).Encode(line); err != nil {
				return perk.E(perk.EInternal, "meta.Run", err)
			}
			sum = newSummary(time.Now())
			if time.Since(saved) > every {
				if err := t.Save(path); err != nil {
					return err
				}
				saved = time.Now()
			}
		}
		if progress != nil {
			progress(st, line)
		}
	}
	return t.Save(path)
}

// readLog reads the lines of a training log; there are none where it is missing. What stands behind the last newline is left out: a killed process
// did not come to its end. Errors: EInvalid, EInternal (the file cannot be read).
func readLog(path string) ([]Line, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, perk.E(perk.EInternal, "meta.readLog", err)
	}
	var out []Line
	for text := range bytes.Lines(b) {
		var l Line
		if !bytes.HasSuffix(text, []byte("\n")) {
			break
		}
		if err := json.Unmarshal(text, &l); err != nil {
			return out, perk.Errorf(perk.EInvalid, "meta.readLog", "%s line %d: %w", path, len(out)+1, err).
				WithHint("move the file away: training goes on from the checkpoint, with a new log")
		}
		out = append(out, l)
	}
	return out, nil
}

// openLog opens the log for appending after dropping the lines of steps that a lost checkpoint makes anew, and gives the seconds so far.
func openLog(path string, step int) (*os.File, float64, error) {
	lines, err := readLog(path)
	if err != nil {
		return nil, 0, err
	}
	seconds := 0.0
	var kept bytes.Buffer
	enc := json.NewEncoder(&kept)
	for _, l := range lines {
		if l.Step > step {
			break
		}
		seconds = l.Seconds
		if err := enc.Encode(l); err != nil {
			return nil, 0, perk.E(perk.EInternal, "meta.Run", err)
		}
	}
	if err := WriteFile(path, kept.Bytes()); err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, 0, perk.E(perk.EInternal, "meta.Run", err)
	}
	return f, seconds, nil
}

// summary gathers steps into a Line.
type summary struct {
	start            time.Time
	last             Stats
	steps, tokens    int
	loss, grad, mass float64
	right, asked     map[string]int
}

func newSummary(start time.Time) *summary {
	return &summary{start: start, right: map[string]int{}, asked: map[string]int{}}
}

func (s *summary) add(st Stats) {
	s.last = st
	s.steps++
	s.tokens += st.Tokens
	s.loss += st.Loss
	s.grad += st.GradNorm
	s.mass += st.Weight
	for _, b := range st.ByTask {
		s.right[b.Task] += b.Right
		s.asked[b.Task] += b.Questions
	}
}

func (s *summary) line(seconds float64) *Line {
	n := float64(s.steps)
	l := &Line{Step: s.last.Step, Seconds: seconds, Loss: s.loss / n, GradNorm: s.grad / n, LR: s.last.LR, Weight: s.mass / n,
		Tokens: float64(s.tokens) / time.Since(s.start).Seconds(), ByTask: map[string]float64{}}
	right, asked := 0, 0
	for k, n := range s.asked {
		l.ByTask[k] = float64(s.right[k]) / float64(n)
		right += s.right[k]
		asked += n
	}
	if asked > 0 {
		l.Accuracy = float64(right) / float64(asked)
	}
	return l
}
