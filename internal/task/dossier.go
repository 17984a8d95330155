package task

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// entity is one thing of which a document of the fact family states facts.
type entity struct {
	schema      schema
	key         string
	facts       []*statedFact
	inSentences bool // not in a record
}

// statedFact is an attribute of an entity and how the document states it.
type statedFact struct {
	attribute
	value   string
	of      *entity
	target  *entity // the entity whose key the value is, where the document has one
	support string  // what to quote
	short   string  // the same without the key, where the value has a label
	keyLast bool    // the support names the entity after the value
	cloze   string  // the support up to the value, where that asks for this value only
}

// call names the entity inside a sentence.
func (e *entity) call() string { return put(e.schema.call, "KEY", e.key) }

// group is what a document says of the entities of one type: the attributes in their order and the surface form.
type group struct {
	schema schema
	attrs  []attribute
	form   *layout // nil: sentences
	label  func(string) string
	made   []*entity
	table  []string // lines of a table, which stay together
}

// dossier draws the entities of one document.
type dossier struct {
	*writer
	types   []schema
	groups  []*group
	similar float64 // share of keys that are like another one
	linked  bool    // facts name other entities of the document
	mixed   bool    // every entity has its own surface form
}

// newDossier draws 1-3 of the types, more often such that one names another, and their surface forms.
func newDossier(rng *rand.Rand, o Options, types []schema) *dossier {
	d := &dossier{writer: newWriter(rng, o.Split), types: types, mixed: rng.IntN(4) == 0}
	if d.similar = o.Similar; d.similar == 0 && rng.IntN(2) == 0 {
		d.similar = 0.5
	}
	list := slices.Clone(types)
	shuffle(rng, list)
	if d.linked = rng.IntN(3) > 0 && slices.ContainsFunc(list, func(s schema) bool { return links(s) > 0 }); d.linked {
		for links(list[0]) == 0 {
			list = list[1:]
		}
	}
	d.add(list[0], types)
	if rng.IntN(2) == 0 && len(list) > 1 {
		d.add(list[1], nil)
	}
	return d
}

// links counts the attributes that name another entity.
func links(s schema) int {
	n := 0
	for _, a := range s.attrs {
		if a.target() != "" {
			n++
		}
	}
	return n
}

// add takes a type into the document, after a type that it refers to (nearly always).
func (d *dossier) add(s schema, list []schema) {
	for _, g := range d.groups {
		if g.schema.name == s.name {
			return
		}
	}
	g := &group{schema: s}
	attrs := append([]attribute(nil), s.attrs...)
	shuffle(d.rng, attrs)
	if d.linked { // the attributes that name others are among those taken
		slices.SortStableFunc(attrs, func(a, b attribute) int { return min(1, len(b.target())) - min(1, len(a.target())) })
	}
	g.attrs = attrs[:2+d.rng.IntN(len(attrs)-1)]
	for _, a := range g.attrs {
		if a.target() == "" || len(d.groups) > 1 {
			continue
		}
		for _, t := range list {
			if t.name == a.target() {
				d.add(t, nil) // without a list it looks no further
			}
		}
	}
	shuffle(d.rng, g.attrs)
	g.form, g.label = d.layout()
	d.groups = append(d.groups, g)
}

// layout draws a surface form: sentences one time in three.
func (d *dossier) layout() (*layout, func(string) string) {
	if d.rng.IntN(3) == 0 {
		return nil, nil
	}
	for {
		if l := one(d.rng, layouts()); !l.eval || d.split == Eval {
			return &l, one(d.rng, l.labels)
		}
	}
}

// entity draws a thing of the group's type and writes it; there is none where its keys are used up.
func (d *dossier) entity(g *group) (*entity, []string) {
	e := &entity{schema: g.schema, key: d.key(g)}
	if e.key == "" {
		return nil, nil
	}
	for _, a := range g.attrs {
		if len(e.facts) > 0 && (g.form == nil || g.form.head == "") && d.rng.IntN(8) == 0 {
			continue // not everything is known of everybody
		}
		f := &statedFact{attribute: a, of: e}
		if t := d.group(a.target()); t != nil && len(t.made) > 0 {
			f.target = one(d.rng, t.made)
			f.value = f.target.key
		} else if t := a.target(); t != "" {
			f.value = d.draw(d.patternOf(t))
		} else {
			f.value = d.draw(a.value)
		}
		e.facts = append(e.facts, f)
	}
	form, label := g.form, g.label
	if d.mixed && (form == nil || form.head == "") {
		for form, label = d.layout(); form != nil && form.head != ""; {
			form, label = d.layout()
		}
	}
	if form == nil {
		e.inSentences = true
		return e, d.sentences(e)
	}
	return e, form.records(label, d.date(), e)
}

func (d *dossier) group(name string) *group {
	for _, g := range d.groups {
		if g.schema.name == name {
			return g
		}
	}
	return nil
}

// patternOf gives the key pattern of a type that the document says nothing of.
func (d *dossier) patternOf(name string) string {
	for _, s := range d.types {
		if s.name == name {
			return s.key
		}
	}
	return name // a type that does not exist: the tests of the schemas find it
}

// key draws a key that the document does not have ("" where nearly all of the type's are taken), often one that differs from another in one character (or one name).
func (d *dossier) key(g *group) string {
	if len(g.made) > 0 && d.rng.Float64() < d.similar {
		for range 40 {
			if k := d.near(g, one(d.rng, g.made).key); k != "" && !d.names.used[k] {
				d.names.used[k] = true
				return k
			}
		}
	}
	for range 200 {
		if k := d.draw(g.schema.key); !d.names.used[k] {
			d.names.used[k] = true
			return k
		}
	}
	return ""
}

// near gives a key that differs from another in one character that the pattern leaves open, or shares a beginning or an end with it; "" when
// the draw was in vain.
func (d *dossier) near(g *group, key string) string {
	if strings.Contains(g.schema.key, "{") {
		other := d.draw(g.schema.key)
		if n := min(4, len(key)-1); strings.HasPrefix(other, key[:n]) || strings.HasSuffix(other, key[len(key)-n:]) {
			return other
		}
		return ""
	}
	out := []byte(key)
	i := d.rng.IntN(len(out))
	switch g.schema.key[i] {
	case '#', '@':
		out[i] = '1' + byte(d.rng.IntN(9))
	case '?':
		out[i] = 'A' + byte(d.rng.IntN(26))
	default:
		return ""
	}
	return string(out)
}

// sentences states every fact in a sentence of its own.
func (d *dossier) sentences(e *entity) []string {
	general := wordings(generalStatements(), d.split)
	out := make([]string, len(e.facts))
	for i, f := range e.facts {
		say := one(d.rng, general)
		if d.rng.IntN(3) == 0 {
			say = f.say
		}
		k, v, n := strings.Index(say, "KEY"), strings.Index(say, "VAL"), strings.Index(say, "NOUN")
		f.keyLast = k > v
		last := "VAL"
		if f.keyLast {
			last = "KEY"
		}
		write := func(s string) string { return titleCase(put(s, "NOUN", f.noun, "KEY", e.call(), "VAL", f.value)) }
		out[i] = write(say)
		f.support = write(say[:max(k, v)] + last)
		f.short = f.support
		if k < v && n >= 0 && n < v {
			f.cloze = strings.TrimSuffix(write(say[:v]), " ")
		}
	}
	return out
}
