package weaviatemodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
)

const properties = `"properties":[{"name":"title","dataType":["text"]},{"name":"body","dataType":["text"]},{"name":"docRef","dataType":["text"]},
	{"name":"tags","dataType":["text[]"]},{"name":"year","dataType":["int"]}]`

func readJSON(t testing.TB, text string) *models.Class {
	t.Helper()
	var class models.Class
	if err := json.Unmarshal([]byte(text), &class); err != nil {
		t.Fatal(err)
	}
	return &class
}

func TestReadClass(t *testing.T) {
	for name, c := range map[string]struct {
		class   string
		want    classConfig
		problem string
	}{
		"no config":     {`{` + properties + `}`, classConfig{Properties: []string{"body", "title"}}, ""},
		"empty config":  {`{"moduleConfig":{"perk":{}},` + properties + `}`, classConfig{Properties: []string{"body", "title"}, Auto: true}, ""},
		"another's":     {`{"moduleConfig":{"generative-perk":{}},` + properties + `}`, classConfig{Properties: []string{"body", "title"}}, ""},
		"all":           {`{"moduleConfig":{"perk":{"properties":["title","body"],"model":"m","auto":false}},` + properties + `}`, classConfig{Properties: []string{"title", "body"}, Model: "m"}, ""},
		"content first": {`{"properties":[{"name":"abstract","dataType":["text"]},{"name":"content","dataType":["text"]}]}`, classConfig{Properties: []string{"content"}}, ""},
		"tenants":       {`{"multiTenancyConfig":{"enabled":true},"properties":[]}`, classConfig{Tenants: true}, ""},
		"no text":       {`{"moduleConfig":{"perk":{"properties":["year"]}},` + properties + `}`, classConfig{}, `no text property "year" (its text properties: title, body)`},
		"wrong kind":    {`{"moduleConfig":{"perk":{"auto":"yes"}},` + properties + `}`, classConfig{}, `"auto" is yes`},
		"wrong list":    {`{"moduleConfig":{"perk":{"properties":[7]}},` + properties + `}`, classConfig{}, `"properties" is [7]`},
		"unknown":       {`{"moduleConfig":{"perk":{"propertys":["title"]}},` + properties + `}`, classConfig{}, `"propertys"`},
	} {
		got, err := readClass(readJSON(t, c.class))
		if c.problem != "" {
			if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: %v, want %s", name, err, c.problem)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// FuzzClass reads classes as a user may write them: whatever is accepted names text properties only.
func FuzzClass(f *testing.F) {
	f.Add(`{"moduleConfig":{"perk":{"properties":["title","body"],"model":"m","auto":false}},` + properties + `}`)
	f.Add(`{"moduleConfig":{"perk":[]},"properties":[{"name":"content","dataType":[]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var class models.Class
		if json.Unmarshal([]byte(text), &class) != nil {
			return
		}
		for _, p := range class.Properties {
			if p == nil {
				return // Weaviate gives none such
			}
		}
		c, err := readClass(&class)
		if err != nil {
			return
		}
		for _, name := range c.Properties {
			found := false
			for _, p := range class.Properties {
				found = found || p.Name == name && len(p.DataType) == 1 && isText(p.DataType[0])
			}
			if !found {
				t.Errorf("%q is no text property of %s", name, text)
			}
		}
	})
}
