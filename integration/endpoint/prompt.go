package endpoint

import (
	"regexp"
	"strings"

	"github.com/perkdb/perk"
)

// Patterns of keys. They are compiled once and never change.
var (
	keyPattern     = regexp.MustCompile(`\[\[perk:([^\]]*)\]\]`)
	groupedPattern = regexp.MustCompile(`(?s): (\[\{.*\}\])\s*$`) // Weaviate's grouped prompt ends with the objects as JSON
	refPattern     = regexp.MustCompile(`"docRef":"([^"\\]+)"`)   // one object's key among them
)

const exampleHint = `write "[[perk:{docRef}]] question", where the property docRef holds the object's key`

// readPrompt splits a prompt into its documents' keys and its question. Errors: EInvalid.
func readPrompt(prompt string) (keys []string, question string, err error) {
	for _, k := range keyPattern.FindAllStringSubmatch(prompt, -1) {
		keys = append(keys, k[1])
	}
	question = strings.TrimSpace(keyPattern.ReplaceAllString(prompt, ""))
	if len(keys) == 0 {
		if at := groupedPattern.FindStringSubmatchIndex(prompt); at != nil {
			for _, k := range refPattern.FindAllStringSubmatch(prompt[at[2]:at[3]], -1) {
				keys = append(keys, k[1])
			}
			question = strings.TrimSpace(prompt[:at[0]])
		}
	}
	switch {
	case len(keys) == 0:
		return nil, "", perk.Errorf(perk.EInvalid, "endpoint", "the prompt names no document").
			WithHint("%s; for generate(groupedResult: ...) set properties: [\"docRef\"]", exampleHint)
	case question == "":
		return nil, "", perk.Errorf(perk.EInvalid, "endpoint", "the question is empty").WithHint(exampleHint)
	}
	return keys, question, nil
}

// chatPrompt makes one prompt of a chat: the keys of the latest user message that has some, and the last user message. Errors: EInvalid.
func chatPrompt(messages []message) (string, error) {
	keys, question := "", ""
	for _, m := range messages {
		if len(m.Images) > 0 {
			return "", perk.Errorf(perk.EInvalid, "endpoint", "images are not supported")
		}
		if m.Role != "user" {
			continue
		}
		question = m.Content
		if k := keyPattern.FindAllString(m.Content, -1); len(k) > 0 {
			keys = strings.Join(k, " ")
		}
	}
	if question == "" {
		return "", perk.Errorf(perk.EInvalid, "endpoint", "no user message").WithHint(exampleHint)
	}
	if keyPattern.MatchString(question) || groupedPattern.MatchString(question) {
		return question, nil
	}
	return keys + " " + question, nil
}
