// Package objtext says what perk reads of a Weaviate object. The indexer outside the server and the module inside must agree on it to the byte: a
// document's content hash is that of this text.
package objtext

import "strings"

// Join gives an object's text: those of its properties that hold a text that is not empty, in the order of names, with an empty line between
// them. properties is what Weaviate keeps as an object's properties, a map[string]any; anything else has no text.
func Join(properties any, names []string) string {
	all, _ := properties.(map[string]any)
	var parts []string
	for _, name := range names {
		if v, _ := all[name].(string); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "\n\n")
}
