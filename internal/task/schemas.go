package task

import "slices"

// schema is one entity type of the fact family. Patterns are read by writer.draw: '#' is a digit, '@' a digit but 0, '?' a capital letter,
// {name} a word of the pool of that name.
type schema struct {
	name  string
	key   string // pattern of what tells an entity from others of its type
	call  string // the entity inside a sentence, KEY for its key
	attrs []attribute
}

// attribute is what may be stated of an entity. A value of the form ">type" is the key of an entity of that type. say and ask are its own wordings,
// beside the general ones; in them KEY and VAL stand for the entity and the value.
type attribute struct{ noun, value, say, ask string }

// target gives the name of the entity type that the attribute's values are keys of, or "".
func (a attribute) target() string {
	if a.value[0] == '>' {
		return a.value[1:]
	}
	return ""
}

// schemasOf lists the entity types of a split; no type is in both.
func schemasOf(s Split) []schema {
	if s == Eval {
		return evalSchemas()
	}
	return slices.Concat(tradeSchemas(), plantSchemas(), publicSchemas())
}

// wordings gives the part of a list of general wordings that a split may use: every fifth is for evaluation only, and evaluation has no others.
func wordings(all []string, s Split) []string {
	var out []string
	for i, text := range all {
		if (i%5 == 4) == (s == Eval) {
			out = append(out, text)
		}
	}
	return out
}

// generalStatements fit every attribute; NOUN stands for the attribute, KEY for the entity, VAL for the value.
func generalStatements() []string {
	return []string{
		"The NOUN of KEY is VAL.", "For KEY, the NOUN was given as VAL.", "KEY has VAL as its NOUN.", "As to the NOUN of KEY, it is VAL.",
		"In the column NOUN of KEY stands VAL.",
		"VAL is the NOUN of KEY.", "KEY: the NOUN is VAL.", "We noted VAL as the NOUN of KEY.", "According to the list, the NOUN of KEY is VAL.",
		"For KEY the NOUN reads VAL.",
		"The NOUN for KEY was set to VAL.", "KEY is listed with the NOUN VAL.", "Somebody wrote down VAL as the NOUN of KEY.", "It is known that KEY has the NOUN VAL.",
		"When asked for the NOUN of KEY, they said VAL.",
		"KEY (NOUN: VAL) is on file.", "The file on KEY gives VAL for the NOUN.", "Please note that the NOUN of KEY is now VAL.", "The NOUN of KEY, as far as we know, is VAL.",
		"VAL has been entered for KEY under NOUN.",
	}
}

// generalQuestions ask for any attribute of any entity.
func generalQuestions() []string {
	return []string{
		"What is the NOUN of KEY?", "Which NOUN does KEY have?", "What was given as the NOUN of KEY?", "Tell me the NOUN of KEY.",
		"What stands in the column NOUN of KEY?",
		"NOUN of KEY?", "Give the NOUN of KEY.", "What NOUN does KEY have?", "KEY: what is the NOUN?",
		"Could you look up the NOUN of KEY?",
		"What do we know of KEY's NOUN?", "I need the NOUN of KEY.", "For KEY, what is the NOUN?", "Which NOUN is listed for KEY?",
		"According to the document, what is the NOUN of KEY?",
		"Please find the NOUN for KEY.", "What does the document say about the NOUN of KEY?", "What is KEY's NOUN?", "Which NOUN was noted for KEY?",
		"Look at KEY. Which NOUN is stated?",
	}
}

// hopQuestions ask for an attribute NOUN of the entity that is the LINK of KEY.
func hopQuestions() []string {
	return []string{
		"What is the NOUN of the LINK of KEY?", "KEY has a LINK. What is its NOUN?", "Which NOUN does the LINK of KEY have?", "Tell me the NOUN of KEY's LINK.",
		"Find the LINK of KEY and give its NOUN.",
		"Look up the LINK of KEY. Which NOUN does it have?", "NOUN of the LINK of KEY?", "For the LINK of KEY, what is the NOUN?", "Starting from KEY, go to its LINK: what NOUN is given there?",
		"What NOUN is known for the LINK that belongs to KEY?",
	}
}

// reverseQuestions ask which entity of the type TYPE has a value.
func reverseQuestions() []string {
	return []string{
		"Which TYPE has VAL as its NOUN?", "Which TYPE has the NOUN VAL?", "Name the TYPE whose NOUN is VAL.", "VAL is the NOUN of which TYPE?",
		"For which TYPE is the NOUN VAL?",
		"Find the TYPE with the NOUN VAL.", "To which TYPE does the NOUN VAL belong?", "The NOUN is VAL: which TYPE is it?", "Which TYPE is listed with the NOUN VAL?",
		"VAL was noted as the NOUN of one TYPE. Which?",
	}
}
