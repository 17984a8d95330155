package study

import (
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/perkdb/perk"
)

// publishedFile holds the accuracies of other people's models on BABILong, below the folder of reference data.
const publishedFile = "babilong/accuracy_qa1-3_all_models.tsv"

// leastPublished is the fewest questions of a published accuracy that counts, and instructed the setting in which most models were asked.
const (
	leastPublished = 100
	instructed     = "instr"
)

// reference is what others reached on a task at a length.
type reference struct {
	Models int     `json:"models"`
	Best   float64 `json:"best"`
	By     string  `json:"by"` // the best model
	Median float64 `json:"median"`
}

// place is a task at a length.
type place struct {
	task   string
	tokens int
}

// published reads the published accuracies, nothing where the file is absent. Errors: EInvalid, EInternal.
func published(data string) (map[place]reference, error) {
	f, err := os.Open(filepath.Join(data, filepath.FromSlash(publishedFile)))
	if errors.Is(err, fs.ErrNotExist) || data == "" {
		return nil, nil
	}
	if err != nil {
		return nil, perk.E(perk.EInternal, "study.published", err)
	}
	defer f.Close()
	out, err := parsePublished(f)
	if err != nil {
		return nil, perk.Errorf(perk.EInvalid, "study.published", "%s: %w", publishedFile, err)
	}
	return out, nil
}

// parsePublished reads tab-separated rows under a header with model, prompt, task, length, n and acc.
func parsePublished(r io.Reader) (map[place]reference, error) {
	c := csv.NewReader(r)
	c.Comma, c.LazyQuotes = '\t', true
	header, err := c.Read()
	if err != nil {
		return nil, err
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	for _, name := range []string{"model", "prompt", "task", "length", "n", "acc"} {
		if _, ok := column[name]; !ok {
			return nil, errors.New("there is no column " + name)
		}
	}
	type model struct {
		name string
		acc  float64
	}
	found := map[place][]model{}
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		n, err1 := strconv.Atoi(row[column["n"]])
		acc, err2 := strconv.ParseFloat(row[column["acc"]], 64)
		k, err3 := strconv.Atoi(strings.TrimSuffix(row[column["length"]], "k"))
		if err := errors.Join(err1, err2, err3); err != nil {
			continue // lengths in millions, and rows without a figure
		}
		if n >= leastPublished && acc >= 0 && acc <= 1 && row[column["prompt"]] == instructed {
			p := place{"babilong-" + row[column["task"]], k << 10}
			found[p] = append(found[p], model{row[column["model"]], acc})
		}
	}
	out := map[place]reference{}
	for p, list := range found {
		slices.SortStableFunc(list, func(a, b model) int { return cmp.Or(cmp.Compare(a.acc, b.acc), cmp.Compare(b.name, a.name)) })
		best := list[len(list)-1]
		out[p] = reference{len(list), best.acc, best.name, list[len(list)/2].acc}
	}
	return out, nil
}
