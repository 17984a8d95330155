package task

import (
	"strings"

	"github.com/perkdb/perk"
)

// layout is a surface form of a record: how an entity and its attributes are written. In the parts TYPE stands for the entity type, KEY for the key,
// LABEL for the attribute, VAL for the value.
type layout struct {
	open, key, first, field, end string // first and field come before end, once for each attribute
	head, headField, headEnd     string // of a table: the line above its records
	labels                       []func(string) string
	single                       bool // every attribute makes a record of its own
	quote                        bool // values with spaces are put in quotes
	capital                      bool // the type begins a sentence
	eval                         bool // never seen in training
}

// layouts lists the surface forms of records. Statements in sentences are the other form.
func layouts() []layout {
	words := []func(string) string{plainCase, titleCase}
	return []layout{
		{key: "TYPE: KEY", first: ", LABEL: VAL", field: ", LABEL: VAL", end: ".", labels: words},
		{key: "TYPE KEY", first: "\nLABEL: VAL", field: "\nLABEL: VAL", end: "\n", labels: words},
		{open: "{", key: `"TYPE": "KEY"`, first: `, "LABEL": "VAL"`, field: `, "LABEL": "VAL"`, end: "}", labels: []func(string) string{snakeCase, camelCase, plainCase}},
		{head: "TYPE", headField: ",LABEL", key: "KEY", first: ",VAL", field: ",VAL", labels: []func(string) string{snakeCase, plainCase, titleCase}},
		{head: "| TYPE", headField: " | LABEL", headEnd: " |", open: "| ", key: "KEY", first: " | VAL", field: " | VAL", end: " |", labels: words},
		{open: "DATE ", key: "TYPE KEY", first: " LABEL=VAL", field: " LABEL=VAL", labels: []func(string) string{snakeCase, camelCase}, quote: true},
		{open: "- ", key: "TYPE KEY", first: ": LABEL VAL", field: "; LABEL VAL", labels: words[:1]},
		{open: "- ", key: "TYPE: KEY", first: "\n  LABEL: VAL", field: "\n  LABEL: VAL", labels: []func(string) string{snakeCase, plainCase}},
		{key: "TYPE KEY", first: " (LABEL VAL", field: ", LABEL VAL", end: ").", labels: words[:1], capital: true},
		{key: "The TYPE KEY", first: " has the LABEL VAL", field: ". Its LABEL is VAL", end: ".", labels: words[:1]},
		{key: "TYPE KEY", first: ", with the LABEL VAL", field: ", the LABEL VAL", end: ", is on the list.", labels: words[:1], capital: true},
		{key: "TYPE KEY", first: " / LABEL / VAL", field: " / LABEL / VAL", labels: words, single: true},
		{key: "TYPE.KEY", first: ".LABEL = VAL", field: ".LABEL = VAL", labels: []func(string) string{snakeCase, camelCase}, single: true},
		{open: "[", key: "TYPE KEY", first: "]\nLABEL = VAL", field: "\nLABEL = VAL", end: "\n", labels: []func(string) string{snakeCase, plainCase}},
		{key: "TYPE KEY", first: " -> LABEL: VAL", field: " -> LABEL: VAL", labels: words, single: true, eval: true},
		{head: "TYPE", headField: "\tLABEL", key: "KEY", first: "\tVAL", field: "\tVAL", labels: words, eval: true},
		{key: "TYPE KEY", first: ": the LABEL is VAL", field: ", the LABEL is VAL", end: ".", labels: words[:1], eval: true, capital: true},
	}
}

func plainCase(s string) string { return s }
func titleCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
func snakeCase(s string) string { return strings.ReplaceAll(s, " ", "_") }

func camelCase(s string) string {
	parts := strings.Split(s, " ")
	for i := 1; i < len(parts); i++ {
		parts[i] = titleCase(parts[i])
	}
	return strings.Join(parts, "")
}

// put puts what is known into a part of a layout or a wording.
func put(part string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if strings.Contains(part, pairs[i]) {
			part = strings.ReplaceAll(part, pairs[i], pairs[i+1])
		}
	}
	return part
}

// header gives the line above a table, "" where the layout has none.
func (l layout) header(label func(string) string, s schema, attrs []attribute) string {
	if l.head == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(put(l.head, "TYPE", label(s.name)))
	for _, a := range attrs {
		b.WriteString(put(l.headField, "LABEL", label(a.noun)))
	}
	b.WriteString(l.headEnd)
	return b.String()
}

// records writes an entity and notes in its facts how they are to be quoted: the key, and the value with its label; in a table from the key through the value.
func (l layout) records(label func(string) string, day string, e *entity) []string {
	kind := label(e.schema.name)
	open := put(l.open, "DATE", day)
	if l.capital {
		kind = titleCase(kind)
	}
	key := put(l.key, "TYPE", kind, "KEY", l.quoted(e.key))
	var out []string
	body := key
	for i, f := range e.facts {
		part := l.field
		if i == 0 || l.single {
			part = l.first
		}
		if l.single {
			body = key
		}
		before, after, _ := strings.Cut(put(part, "LABEL", label(f.noun)), "VAL")
		body += before
		if strings.HasSuffix(body, " ") {
			f.cloze = strings.TrimSuffix(body, " ")
		}
		value := l.quoted(f.value)
		closing := value[len(strings.TrimSuffix(value, `"`)):] // what follows the value is not quoted
		body += strings.TrimSuffix(value, closing)
		f.support, f.short = body, body
		if label := strings.TrimLeft(before, " ,;.\n"); i > 0 && !l.single && label != "" && l.head == "" {
			f.short = label + strings.TrimSuffix(value, closing)
			f.support = key + perk.Elision + f.short
		}
		body += closing + after
		if l.single {
			out = append(out, open+body+l.end)
		}
	}
	if !l.single {
		out = append(out, open+body+l.end)
	}
	return out
}

func (l layout) quoted(value string) string {
	if l.quote && strings.Contains(value, " ") {
		return `"` + value + `"`
	}
	return value
}
