package task

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// school is a school and its majors.
type school struct {
	name   string
	majors []string
}

func schools() []school {
	return []school{
		{"School of Arts and Humanities", []string{"History", "Philosophy", "Comparative Literature", "Art History", "Film Studies", "Religious Studies", "Music"}},
		{"School of Engineering", []string{"Civil Engineering", "Biomedical Engineering", "Space Engineering", "Environmental Engineering", "Mechanical Engineering"}},
		{"School of Computer Information and Data Sciences", []string{"Computer Science", "Cybersecurity", "Data Science", "Information Systems", "Software Design"}},
		{"School of Business", []string{"Economics", "Accounting", "Marketing", "Finance", "Management"}},
		{"School of Natural Sciences", []string{"Physics", "Chemistry", "Biology", "Geology", "Astronomy", "Mathematics"}},
		{"School of Health Sciences", []string{"Nursing", "Nutrition", "Pharmacy", "Public Health", "Physiotherapy"}},
	}
}

func years() []string { return []string{"Freshman", "Sophomore", "Junior", "Senior"} }

// bestGrade is the end of the scale that begins with 0.
const bestGrade = 100

// field names a part of a record, in the record's order.
type field int

const (
	fieldID field = iota
	fieldName
	fieldYear
	fieldSchool
	fieldMajor
	fieldGrade
	fields
)

// label gives the field's name in the document.
func (f field) label() string {
	return []string{"Student Id", "Student Name", "Year", "School", "Major", "Grade"}[f]
}

// form gives the name of the question form that asks for the field.
func (f field) form() string { return []string{"id", "name", "year", "school", "major", "grade"}[f] }

// student is one record: the fields' values in order.
type student struct {
	values [fields]string
	grade  int
}

// line gives the record in the document's form.
func (s student) line() string { return s.upTo(fieldGrade) + "." }

// upTo gives the record's beginning through a field, without the comma after it.
func (s student) upTo(last field) string {
	var b strings.Builder
	for f := fieldID; f <= last; f++ {
		if f > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.label())
		b.WriteString(": ")
		b.WriteString(s.values[f])
	}
	return b.String()
}

// part gives one field of the record as the document has it.
func (s student) part(f field) string { return f.label() + ": " + s.values[f] }

// fact is one field as support of an answer. It leaves the id out: a memory that has to spell a key again is pulled towards the other keys that it holds.
func (s student) fact(f field) Fact { return Fact{Text: s.part(f), Within: s.upTo(f)} }

// registrar makes students with ids and names that are unique in a document.
type registrar struct {
	rng         *rand.Rand
	split       Split
	first, last []string
	schools     []school
	used        map[string]bool
	similar     float64 // share of ids that differ from another in one digit
	ids         []string
}

// newRegistrar opens a register. Where narrow is set only a few schools and majors occur, so that students share them.
func newRegistrar(rng *rand.Rand, split Split, narrow bool) *registrar {
	r := &registrar{rng: rng, split: split, first: firstNames(), last: lastNames(), schools: schools(), used: map[string]bool{}}
	if narrow {
		shuffle(rng, r.schools)
		r.schools = r.schools[:2+rng.IntN(2)]
		for i := range r.schools {
			s := &r.schools[i]
			shuffle(rng, s.majors)
			s.majors = s.majors[:1+rng.IntN(3)]
		}
	}
	return r
}

// evalName holds one in five combinations of first and last name out for evaluation.
func evalName(first, last int) bool { return (first+3*last)%5 == 0 }

// student draws a record.
func (r *registrar) student() student {
	sch := r.schools[r.rng.IntN(len(r.schools))]
	s := student{grade: r.rng.IntN(bestGrade + 1)}
	s.values = [fields]string{
		r.fresh(r.id),
		r.fresh(r.name),
		years()[r.rng.IntN(len(years()))],
		sch.name,
		sch.majors[r.rng.IntN(len(sch.majors))],
		strconv.Itoa(s.grade),
	}
	return s
}

// id draws seven digits, no 0 in front; a share of them differs from an earlier id in one digit.
func (r *registrar) id() string {
	id := []byte(strconv.Itoa(1_000_000 + r.rng.IntN(9_000_000)))
	if r.similar > 0 && len(r.ids) > 0 && r.rng.Float64() < r.similar {
		id = []byte(one(r.rng, r.ids))
		id[r.rng.IntN(len(id))] = '1' + byte(r.rng.IntN(9))
	}
	if r.similar > 0 {
		r.ids = append(r.ids, string(id))
	}
	return string(id)
}

// name draws a name of the split.
func (r *registrar) name() string {
	for {
		i, j := r.rng.IntN(len(r.first)), r.rng.IntN(len(r.last))
		if evalName(i, j) == (r.split == Eval) {
			return r.first[i] + " " + r.last[j]
		}
	}
}

// fresh draws until a value comes that the document does not have. There are 9 million ids and over 8,000 names of either split.
func (r *registrar) fresh(draw func() string) string {
	for {
		if v := draw(); !r.used[v] {
			r.used[v] = true
			return v
		}
	}
}

// fullest draws records that fill the document, again and again until 1.5% of it at most is left; a short document of a few
// records may keep more.
func fullest(rng *rand.Rand, o Options, narrow bool) []student {
	var best []student
	least := o.Tokens + 1
	for try := 0; try < 30 && least > max(1, o.Tokens*3/200); try++ {
		r := newRegistrar(rng, o.Split, narrow)
		r.similar = o.Similar
		if list, left := r.records(o.Tokens, o.Count); left < least {
			best, least = list, left
		}
	}
	return best
}

// records fills tokens with records and says how many tokens are left: where no further record fits, records are exchanged for longer
// ones for a while.
func (r *registrar) records(tokens int, count func(string) int) ([]student, int) {
	var list []student
	var sizes []int
	left, misses := tokens, 0
	for left > max(1, tokens/100) && misses < 60 {
		s := r.student()
		n := count("\n" + s.line())
		if n <= left {
			list, sizes = append(list, s), append(sizes, n)
			left -= n
			continue
		}
		misses++
		if len(list) == 0 {
			continue
		}
		i := r.rng.IntN(len(list))
		if grow := n - sizes[i]; grow > 0 && grow <= left {
			list[i], sizes[i] = s, n
			left -= grow
		}
	}
	return list, left
}

// lines gives the document of the records alone.
func lines(list []student) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.line()
	}
	return strings.Join(out, "\n")
}

// mean gives the average grade to one decimal as accepted answers: "49.3"; "50.0" and "50".
func mean(list []student) []string {
	sum := 0
	for _, s := range list {
		sum += s.grade
	}
	one := fmt.Sprintf("%.1f", float64(sum)/float64(len(list)))
	if whole, ok := strings.CutSuffix(one, ".0"); ok {
		return []string{one, whole}
	}
	return []string{one}
}

func byGrade(a, b student) int { return a.grade - b.grade }

func highest(list []student) student { return slices.MaxFunc(list, byGrade) }
func lowest(list []student) student  { return slices.MinFunc(list, byGrade) }
