// Package locate finds in a document's text the facts that an answer recalled, for whoever holds the text.
//
// # Main types
//
// Ask asks with the document at hand. Facts sets State, offsets, count and quote of perk.Facts. Offsets are bytes of the text as it is, between characters.
//
// # What counts as found
//
// The fact's text letter for letter; where no place has it, the same words with any white space between them. A place that cuts a word or number in two
// ("Grade: 8" in "Grade: 87" or "Grade: 8.5") does not hold the fact. Nothing else is forgiven: a fact in other words is not found. A fact may leave
// out what stands between two of its parts (perk.Elision); it is then found from its first part through its last, where each part comes at the next
// occurrence of its first word.
package locate
