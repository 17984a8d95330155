package task

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/perkdb/perk"
)

// maxData bounds what a data file unpacks to, so that a hostile gzip file cannot fill the memory.
const maxData = 512 << 20

// Library finds tasks by name: those that need nothing, as ByName does, and those over the data sets of a folder.
type Library struct{ dir string }

// Open gives the tasks over the data sets in a folder, $PERK_DATA as a rule. It reads nothing yet, and the folder need not exist.
func Open(dir string) Library { return Library{dir} }

// dataSet is a data set that tasks are made of.
type dataSet struct {
	name  string
	files []string // below the folder of data
	open  func(l Library) (Task, error)
}

func dataSets() []dataSet {
	return []dataSet{
		{"squad", []string{squadFile}, Library.squad},
		{"hotpotqa", []string{hotpotFile}, Library.hotpot},
		{"longgorilla", gorillaFiles(), Library.gorilla},
	}
}

// Names lists the names that the library's ByName knows, less those whose data are not in its folder.
func (l Library) Names() []string {
	names := Names()
	for _, d := range dataSets() {
		if !slices.ContainsFunc(d.files, func(f string) bool { _, err := os.Stat(filepath.Join(l.dir, f)); return err != nil }) {
			names = append(names, d.name)
		}
	}
	return names
}

// ByName finds a task; one over a data set is read whole, so keep it. Errors: EInvalid (no such task, damaged data), ENotFound (no data).
func (l Library) ByName(name string) (Task, error) {
	for _, d := range dataSets() {
		if d.name == name {
			return d.open(l)
		}
	}
	return ByName(name)
}

// Known reports an EInvalid error unless there is a task of that name, over a data set or not. It reads nothing.
func Known(name string) error {
	if slices.ContainsFunc(dataSets(), func(d dataSet) bool { return d.name == name }) {
		return nil
	}
	_, err := ByName(name)
	return err
}

// read unpacks one of the library's files for a reader. Errors: ENotFound, EInvalid.
func (l Library) read(file string, read func(io.Reader) error) error {
	const op = "task.Library"
	path := filepath.Join(l.dir, file)
	f, err := os.Open(path)
	if err != nil {
		return perk.E(perk.ENotFound, op, err).WithHint("set PERK_DATA to the folder that holds %s", file)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return perk.E(perk.EInvalid, op, err).WithHint("%s must be a gzip file", path)
	}
	if err := read(&bounded{z, maxData}); err != nil {
		return perk.Errorf(perk.EInvalid, op, "read %s: %w", path, err).WithHint("fetch the file again")
	}
	return nil
}

// bounded ends with an error where io.LimitReader would pretend that the text is over.
type bounded struct {
	r    io.Reader
	left int64
}

// Read reads at most what is left of the bound.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("it unpacks to more than this reader takes")
	}
	return n, err
}
