package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/perkdb/perk"
)

// CellsFile holds the measured cells of a folder, a JSON object a line.
const CellsFile = "cells.jsonl"

// journal keeps measured cells.
type journal struct {
	file *os.File
	done map[string]Result // by key; of two lines with one key the later counts
}

// openJournal opens or makes a journal for appending, after dropping what stands behind the last newline: a killed process did not come to its
// end. Errors: EInvalid (a whole line that is no cell), EInternal.
func openJournal(path string) (*journal, error) {
	const op = "study.openJournal"
	done, whole, err := readJournal(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	if err := f.Truncate(whole); err != nil {
		return nil, perk.E(perk.EInternal, op, errors.Join(err, f.Close()))
	}
	return &journal{f, done}, nil
}

// readJournal gives the cells of a journal, none where it is missing, and the length of its whole lines. Errors: EInvalid, EInternal.
func readJournal(path string) (map[string]Result, int64, error) {
	const op = "study.readJournal"
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, perk.E(perk.EInternal, op, err)
	}
	done, whole, err := parseJournal(b)
	if err != nil {
		return nil, 0, perk.Errorf(perk.EInvalid, op, "%s: %w", path, err).WithHint("delete the line; its cell is measured again")
	}
	return done, whole, nil
}

func parseJournal(b []byte) (map[string]Result, int64, error) {
	done, whole, n := map[string]Result{}, int64(0), 0
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		n++
		var r Result
		err := json.Unmarshal(line, &r)
		if err == nil && (r.Key == "" || r.Scores == nil && r.Costs == nil && r.Trust == nil) {
			err = errors.New("it has no key or no result")
		}
		if err != nil {
			return nil, 0, perk.Errorf(perk.EInvalid, "study.parseJournal", "line %d is no measured cell: %w", n, err)
		}
		done[r.Key] = r
		whole += int64(len(line))
	}
	return done, whole, nil
}

// add keeps a cell; when it returns nil the cell is on disk. Errors: ENoSpace and the like as EInternal.
func (j *journal) add(r Result) error {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = j.file.Write(append(b, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return perk.E(perk.EInternal, "study.journal", err).WithHint("start again when there is room; cells already measured are kept")
	}
	j.done[r.Key] = r
	return nil
}
