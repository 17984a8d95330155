package task

import "strings"

// Foreign gives questions that a document cannot answer: those of other, an episode drawn with the same options, of which ep's text lacks something that they are
// about (QA.About). They are marked Unanswerable and have neither Answers nor Support. Questions that any document may answer, and cloze
// questions, are left out, so there may be none: then another episode must be drawn.
func Foreign(ep, other Episode) []QA {
	text := strings.ToLower(ep.Text)
	var out []QA
	for _, q := range other.Questions {
		if q.Cloze || !lacks(text, q.About) {
			continue
		}
		out = append(out, QA{Question: q.Question, About: q.About, Form: q.Form, Unanswerable: true})
	}
	return out
}

// lacks reports whether one of the names does not stand in a text of lower case, not even inside a word.
func lacks(text string, names []string) bool {
	for _, name := range names {
		if !strings.Contains(text, strings.ToLower(name)) {
			return true
		}
	}
	return false
}
