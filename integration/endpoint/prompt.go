package endpoint

import (
	"regexp"
	"strings"

	"github.com/perkdb/perk"
)

// keyPattern finds document keys. It is compiled once and never changes.
var keyPattern = regexp.MustCompile(`\[\[perk:([^\]]*)\]\]`)

const exampleHint = `write "[[perk:{docRef}]] question", where the property docRef holds Collection/uuid`

// readPrompt splits a prompt into its document and its question. Errors: EInvalid.
func readPrompt(prompt string) (perk.DocumentID, string, error) {
	keys := keyPattern.FindAllStringSubmatch(prompt, 2)
	switch {
	case len(keys) == 0 && strings.Contains(prompt, ": [{"), len(keys) > 1:
		return perk.DocumentID{}, "", perk.Errorf(perk.EInvalid, "endpoint", "grouped generation over several documents is not supported yet").
			WithHint("use generate(singleResult: ...): " + exampleHint)
	case len(keys) == 0:
		return perk.DocumentID{}, "", perk.Errorf(perk.EInvalid, "endpoint", "the prompt names no document").WithHint(exampleHint)
	}
	id, err := perk.ParseDocumentID(strings.TrimSpace(keys[0][1]))
	if err != nil {
		return perk.DocumentID{}, "", perk.E(perk.EInvalid, "endpoint", err).WithHint(exampleHint) // no id: the prompt's text must not reach a log
	}
	question := strings.TrimSpace(strings.Replace(prompt, keys[0][0], "", 1))
	if question == "" {
		return id, "", perk.Errorf(perk.EInvalid, "endpoint", "the question about %s is empty", id).WithHint(exampleHint)
	}
	return id, question, nil
}

// chatPrompt makes one prompt of a chat: the latest key and the last user message. Errors: EInvalid.
func chatPrompt(messages []message) (string, error) {
	key, question := "", ""
	for _, m := range messages {
		if len(m.Images) > 0 {
			return "", perk.Errorf(perk.EInvalid, "endpoint", "images are not supported")
		}
		if m.Role != "user" {
			continue
		}
		question = m.Content
		if k := keyPattern.FindString(m.Content); k != "" {
			key = k
		}
	}
	if question == "" {
		return "", perk.Errorf(perk.EInvalid, "endpoint", "no user message").WithHint(exampleHint)
	}
	if keyPattern.MatchString(question) {
		return question, nil
	}
	return key + " " + question, nil
}
