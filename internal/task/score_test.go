package task_test

import (
	"math"
	"testing"

	"github.com/perkdb/perk/internal/task"
)

func TestScores(t *testing.T) {
	for _, c := range []struct {
		got      string
		accepted []string
		em, f1   float64
	}{
		{"garden", []string{"garden"}, 1, 1},
		{" The  Garden. ", []string{"garden"}, 1, 1},
		{"the big garden", []string{"garden"}, 0, 2. / 3},
		{"garden", []string{"kitchen", "a garden"}, 1, 1},
		{"garden", []string{"kitchen"}, 0, 0},
		{"", []string{"garden"}, 0, 0},
		{"", []string{"the"}, 1, 1},
		{"the", []string{"x"}, 0, 0},
		{"72", []string{"72."}, 1, 1},
		{"49.3", []string{"493"}, 1, 1}, // SQuAD drops the point
		{"School of Arts", []string{"School of Arts and Humanities"}, 0, 0.75},
		{"x x y", []string{"x y y"}, 0, 2. / 3},
		{"theater", []string{"ater"}, 0, 0},
		{"naïve Ärzte", []string{"Naïve ärzte"}, 1, 1},
		{"anything", nil, 0, 0},
	} {
		if em := task.EM(c.got, c.accepted); em != c.em {
			t.Errorf("EM(%q, %q) = %v, want %v", c.got, c.accepted, em, c.em)
		}
		if f1 := task.F1(c.got, c.accepted); math.Abs(f1-c.f1) > 1e-12 {
			t.Errorf("F1(%q, %q) = %v, want %v", c.got, c.accepted, f1, c.f1)
		}
	}
}

func TestChanceByForm(t *testing.T) {
	qa := func(form, answer string, cloze bool) task.QA {
		return task.QA{Form: form, Answers: []string{answer}, Cloze: cloze}
	}
	eps := []task.Episode{
		{Questions: []task.QA{qa("a", "x", false), qa("a", "X.", false), qa("a", "y", false), qa("b", "1", false), qa("c", "z", true)}},
		{Questions: []task.QA{qa("a", "z", false)}},
	}
	got := task.ChanceByForm(eps)
	if len(got) != 2 || got["a"] != 0.5 || got["b"] != 1 {
		t.Errorf("by form: %v", got)
	}
	if em := task.ChanceEM(eps); em != 0.6 {
		t.Errorf("all: %v, want 0.6", em)
	}
}
