package main

import (
	"os"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// dataDir is the folder of data for training and measurements.
func dataDir() string {
	if dir := os.Getenv("PERK_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared", "data")
}

// novelsFile is the corpus of novels in the data folder $PERK_DATA.
func novelsFile() string {
	return filepath.Join(dataDir(), "prose", "english_novels_97.txt.gz")
}

// filler is the corpus of novels where there is one, else generated text.
func filler() (task.Filler, error) {
	prose, err := task.OpenProse(novelsFile())
	if perk.ErrorCode(err) == perk.ENotFound {
		return task.Generated{}, nil
	}
	return prose, err
}
