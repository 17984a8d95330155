package objtext_test

import (
	"testing"

	"github.com/perkdb/perk/integration/weaviate/objtext"
)

func TestJoin(t *testing.T) {
	object := map[string]any{"title": "T", "body": "B", "empty": "", "year": 7.0, "tags": []string{"x"}}
	for name, c := range map[string]struct {
		properties any
		names      []string
		want       string
	}{
		"in the order of names": {object, []string{"body", "title"}, "B\n\nT"},
		"without empty ones":    {object, []string{"empty", "title", "missing", "body"}, "T\n\nB"},
		"texts only":            {object, []string{"year", "tags", "title"}, "T"},
		"no properties":         {nil, []string{"title"}, ""},
		"another type":          {"title", []string{"title"}, ""},
	} {
		if got := objtext.Join(c.properties, c.names); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
