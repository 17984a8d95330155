package task

// The most questions of each form that an episode of the fact family has; a long list could have thousands.
const (
	maxRecall  = 12
	maxHops    = 6
	maxReverse = 4
	maxCloze   = 5
)

// questions asks for attributes given the key, for attributes of what an attribute names, for the entity given a value that only one has, and for the
// rest of a sentence or record.
func (d *dossier) questions() []QA {
	var facts []*statedFact
	times := map[[3]string]int{} // how many entities of a type have a value
	for _, g := range d.groups {
		for _, e := range g.made {
			facts = append(facts, e.facts...)
			for _, f := range e.facts {
				times[[3]string{e.schema.name, f.noun, f.value}]++
			}
		}
	}
	shuffle(d.rng, facts)
	var out []QA
	left := map[string]int{"recall": maxRecall, "two-hop": maxHops, "reverse": maxReverse, "cloze": maxCloze}
	add := func(q QA) {
		if left[q.Form]--; left[q.Form] >= 0 {
			out = append(out, q)
		}
	}
	for _, f := range facts {
		add(d.recall(f))
		if f.target != nil {
			add(d.twoHop(f, one(d.rng, f.target.facts)))
		}
		if f.target == nil && times[[3]string{f.of.schema.name, f.noun, f.value}] == 1 {
			add(d.reverse(f))
		}
		if f.cloze != "" {
			add(QA{Question: f.cloze, Answers: []string{f.value}, Cloze: true, Form: "cloze"})
		}
	}
	return out
}

// ask fills a wording and begins it with a capital.
func (d *dossier) ask(wording string, pairs ...string) string {
	return titleCase(put(wording, pairs...))
}

func (d *dossier) recall(f *statedFact) QA {
	wording := one(d.rng, wordings(generalQuestions(), d.split))
	if d.rng.IntN(3) == 0 {
		wording = f.ask
	}
	return QA{
		Question: d.ask(wording, "NOUN", f.noun, "KEY", f.of.call()), Answers: []string{f.value},
		Support: []Fact{{Text: f.support, Reversed: f.keyLast}},
		About:   []string{f.of.key}, Form: "recall",
	}
}

// hop is a stated fact as a step on the way to an answer; it leaves the key out where it can, as student.fact does.
func (f *statedFact) hop() Fact {
	if f.short == f.support {
		return Fact{Text: f.support, Reversed: f.keyLast}
	}
	return Fact{Text: f.short, Within: f.support}
}

func (d *dossier) twoHop(link, f *statedFact) QA {
	wording := one(d.rng, wordings(hopQuestions(), d.split))
	return QA{
		Question: d.ask(wording, "NOUN", f.noun, "LINK", link.noun, "KEY", link.of.call()), Answers: []string{f.value},
		Support: []Fact{link.hop(), f.hop()},
		About:   []string{link.of.key}, Form: "two-hop",
	}
}

// reverse asks for the key; what is known, the value, stands at the end of most supports.
func (d *dossier) reverse(f *statedFact) QA {
	wording := one(d.rng, wordings(reverseQuestions(), d.split))
	answers := []string{f.of.key}
	if call := f.of.call(); call != f.of.key {
		answers = append(answers, call)
	}
	return QA{
		Question: d.ask(wording, "TYPE", f.of.schema.name, "NOUN", f.noun, "VAL", f.value), Answers: answers,
		Support: []Fact{{Text: f.support, Reversed: !f.keyLast}},
		About:   []string{f.value}, Form: "reverse",
	}
}
