package weaviatemodule

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailor-inc/graphql/language/ast"
	"github.com/tailor-inc/graphql/language/parser"

	"github.com/perkdb/perk"
)

func request(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/ask", strings.NewReader(body))
}

func TestReadRequest(t *testing.T) {
	var q askRequest
	if err := read(request(`{"collection":"C","id":"1","question":"q","maxTokens":3}`), &q); err != nil || q != (askRequest{"C", "", "1", "q", 3}) {
		t.Errorf("%+v, %v", q, err)
	}
	for _, body := range []string{`{"collection":"C","more":1}`, `{}{}`, `[]`, `{"maxTokens":"3"}`, `{`} {
		if err := read(request(body), &askRequest{}); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(`{"collection":"C","tenant":"t","id":"1","question":"q","maxTokens":3}`)
	f.Fuzz(func(t *testing.T, body string) {
		var q askRequest
		if err := read(request(body), &q); err != nil && perk.ErrorCode(err) != perk.EInvalid {
			t.Error(err)
		}
	})
}

// arguments parses those of the field perk in a query.
func arguments(query string) ([]*ast.Argument, error) {
	doc, err := parser.Parse(parser.ParseParams{Source: query})
	if err != nil {
		return nil, err
	}
	for _, d := range doc.Definitions {
		if o, ok := d.(*ast.OperationDefinition); ok && o.SelectionSet != nil && len(o.SelectionSet.Selections) > 0 {
			if field, ok := o.SelectionSet.Selections[0].(*ast.Field); ok {
				return field.Arguments, nil
			}
		}
	}
	return nil, nil
}

func TestExtract(t *testing.T) {
	class := readJSON(t, `{`+properties+`}`)
	for query, want := range map[string]*params{
		`{perk}`: {properties: []string{"body", "title"}},
		`{perk(question:"Where?", tenant:"t", maxTokens:7)}`: {Question: "Where?", Tenant: "t", MaxTokens: 7, properties: []string{"body", "title"}},
	} {
		a, err := arguments(query)
		if err != nil {
			t.Fatal(err)
		}
		got := extract(a, class).(*params)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(params{})); diff != "" {
			t.Errorf("%s:\n%s", query, diff)
		}
	}
	for _, query := range []string{`query($q:String){perk(question:$q)}`, `{perk(maxTokens:0)}`, `{perk(maxTokens:99999999999999999999)}`} {
		a, err := arguments(query)
		if err != nil {
			t.Fatal(err)
		}
		if p := extract(a, class).(*params); perk.ErrorCode(p.problem) != perk.EInvalid {
			t.Errorf("%s: %v", query, p.problem)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(`{perk(question:"Where?", tenant:"t", maxTokens:7)}`)
	f.Add(`query($q:String){perk(question:$q, tenant:null, maxTokens:[1])}`)
	class := readJSON(f, `{`+properties+`}`)
	f.Fuzz(func(t *testing.T, query string) {
		a, err := arguments(query)
		if err != nil {
			return
		}
		if p := extract(a, class).(*params); p.MaxTokens < 0 && p.problem == nil {
			t.Errorf("%d tokens", p.MaxTokens)
		}
	})
}
