package task

import (
	"fmt"
	"math/rand/v2"

	"github.com/perkdb/perk"
)

// studentKind says what is asked about student records.
type studentKind int

const (
	recall studentKind = iota
	relation
	aggregate
)

// students is the Student Records family: the document is nothing but records, or a few records among filler.
type students struct {
	kind   studentKind
	filler bool
}

func (t students) Name() string {
	name := []string{"student-recall", "student-relation", "student-aggregate"}[t.kind]
	if t.filler {
		name += "-filler"
	}
	return name
}

// Episode draws records until the document is full (or 2-12 of them among filler).
func (t students) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(t.filler); err != nil {
		return Episode{}, err
	}
	return o.placed(func() (Episode, error) { return t.draw(rng, o) })
}

func (t students) draw(rng *rand.Rand, o Options) (Episode, error) {
	ep := Episode{Task: t.Name(), ID: fmt.Sprintf("%s-%016x", t.Name(), rng.Uint64())}
	var list []student
	if t.filler {
		r := newRegistrar(rng, o.Split, false)
		r.similar = o.Similar
		list = r.some(2+rng.IntN(11), o)
		facts := make([]piece, len(list))
		for i, s := range list {
			facts[i] = piece{text: s.line(), line: true}
		}
		ep.Text, _ = scatter(rng, o, facts) // some leaves room
	} else {
		list = fullest(rng, o, t.kind == relation)
		ep.Text = lines(list)
		for len(list) > 0 && o.Count(ep.Text) > o.Tokens { // a Count that does not add up
			list = list[:len(list)-1]
			ep.Text = lines(list)
		}
	}
	least := 1
	if t.kind == relation {
		least = 2
	}
	if len(list) < least {
		return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "%d tokens hold %d records, %s needs %d", o.Tokens, len(list), t.Name(), least).
			WithHint("ask for longer documents")
	}
	switch t.kind {
	case recall:
		ep.Questions = recallQuestions(rng, list)
	case relation:
		ep.Questions = relationQuestions(rng, list)
	case aggregate:
		ep.Questions = aggregateQuestions(list)
	}
	shuffle(rng, ep.Questions)
	return ep, nil
}

// some draws up to n records that fill at most nine tenths of the document.
func (r *registrar) some(n int, o Options) []student {
	var list []student
	left := o.Tokens * 9 / 10
	for range n {
		s := r.student()
		if left -= o.Count("\n" + s.line()); left < 0 {
			break
		}
		list = append(list, s)
	}
	return list
}

// recallQuestions asks for one field of every record in words, and for one as a cloze.
func recallQuestions(rng *rand.Rand, list []student) []QA {
	ask := [fields]string{
		fieldName:   "What is the name of the student with ID %s?",
		fieldYear:   "Which year is student with ID %s in?",
		fieldSchool: "Which school is the student with ID %s enrolled in?",
		fieldMajor:  "What major is student with ID %s studying?",
		fieldGrade:  "What is the grade of the student with ID %s?",
	}
	drawField := func() field { return fieldName + field(rng.IntN(int(fields-fieldName))) }
	out := make([]QA, 0, 2*len(list))
	for _, s := range list {
		id := s.values[fieldID]
		f := drawField()
		out = append(out, QA{
			Question: fmt.Sprintf(ask[f], id), Answers: []string{s.values[f]}, Support: []Fact{s.fact(f)},
			About: []string{id}, Form: f.form(),
		})
		f = drawField()
		out = append(out, QA{
			Question: s.upTo(fieldID) + ", " + f.label() + ":", Answers: []string{s.values[f]}, Cloze: true, Form: "cloze-" + f.form(),
		})
	}
	return out
}

// relationQuestions compares pairs of students. Every form draws yes and no with equal chance, as far as the document has such pairs.
func relationQuestions(rng *rand.Rand, list []student) []QA {
	forms := []struct {
		name, ask string
		f         field
		holds     func(a, b student) bool
	}{
		{"higher-grade", "Does student %s has a higher grade than student %s?", fieldGrade, func(a, b student) bool { return a.grade > b.grade }},
		{"same-major", "Does student %s study the same major as student %s?", fieldMajor, same(fieldMajor)},
		{"same-school", "Are student %s and student %s enrolled in the same school?", fieldSchool, same(fieldSchool)},
		{"same-year", "Are student %s and student %s in the same year?", fieldYear, same(fieldYear)},
	}
	var out []QA
	for range max(1, len(list)/4) {
		for _, form := range forms {
			want := rng.IntN(2) == 0
			var a, b student
			for range 50 {
				i, j := rng.IntN(len(list)), rng.IntN(len(list)-1)
				if j >= i {
					j++
				}
				if a, b = list[i], list[j]; form.holds(a, b) == want {
					break
				}
			}
			answer := "No"
			if form.holds(a, b) {
				answer = "Yes"
			}
			second := b.fact(form.f)
			second.Match = a.values[form.f] == b.values[form.f]
			out = append(out, QA{
				Question: fmt.Sprintf(form.ask, a.values[fieldID], b.values[fieldID]),
				Answers:  []string{answer},
				Support:  []Fact{a.fact(form.f), second},
				About:    []string{a.values[fieldID], b.values[fieldID]},
				Form:     form.name,
			})
		}
	}
	return out
}

func same(f field) func(a, b student) bool {
	return func(a, b student) bool { return a.values[f] == b.values[f] }
}

// aggregateQuestions asks for the highest, the lowest and the average grade. An extreme is found by probing: from the end of the scale on, is there a
// record with this grade? A memory adds up what it holds under one key and cannot give the largest, but it knows whether it holds a key. An average has no fact to quote.
func aggregateQuestions(list []student) []QA {
	hi, lo := highest(list), lowest(list)
	var down, up []Fact
	for g := bestGrade; g > hi.grade; g-- {
		down = append(down, probe(g))
	}
	for g := range lo.grade {
		up = append(up, probe(g))
	}
	return []QA{
		{Question: "What is the highest grade among all students?", Answers: []string{hi.values[fieldGrade]}, Support: append(down, hi.ending()), Form: "highest"},
		{Question: "What is the lowest grade among all students?", Answers: []string{lo.values[fieldGrade]}, Support: append(up, lo.ending()), Form: "lowest"},
		{Question: "What is the average grade of all students?", Answers: mean(list), Form: "average"},
	}
}

// ending is the record's end as support that is read from the grade back to the major.
func (s student) ending() Fact {
	return Fact{Text: s.part(fieldMajor) + ", " + s.part(fieldGrade) + ".", Within: s.line(), Reversed: true}
}

// probe looks for a record with a grade that no record has.
func probe(grade int) Fact {
	return Fact{Text: fmt.Sprintf(", %s: %d.", fieldGrade.label(), grade), Reversed: true, Absent: true}
}
