package weaviatemodule

import (
	"strconv"

	"github.com/tailor-inc/graphql"
	"github.com/tailor-inc/graphql/language/ast"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/entities/modulecapabilities"

	"github.com/perkdb/perk"
)

// params are the arguments of `_additional { perk(...) }`.
type params struct {
	Question  string // "": only the state is wanted
	Tenant    string // "": the hit's own
	MaxTokens int    // 0: the reasoner's default

	properties []string // that the database must give with the hits
	problem    error    // what is wrong with the arguments
}

// GetPropertiesToExtract has the database load what the text is made of, also where the query does not select it.
func (p *params) GetPropertiesToExtract() []string { return p.properties }

// AdditionalProperties adds perk to `_additional` of every class, and to `include` of the REST interface, where it gives the state.
func (m *Module) AdditionalProperties() map[string]modulecapabilities.AdditionalProperty {
	return map[string]modulecapabilities.AdditionalProperty{Name: {
		RestNames:              []string{Name},
		DefaultValue:           &params{},
		GraphQLNames:           []string{Name},
		GraphQLFieldFunction:   field,
		GraphQLExtractFunction: extract,
		SearchFunctions: modulecapabilities.AdditionalSearch{
			ObjectGet: m.extend, ObjectList: m.extend, ExploreGet: m.extend, ExploreList: m.extend,
		},
	}}
}

// field is the GraphQL type.
func field(class string) *graphql.Field {
	text := func(description string) *graphql.Field {
		return &graphql.Field{Type: graphql.String, Description: description}
	}
	passage := graphql.NewObject(graphql.ObjectConfig{
		Name: class + "AdditionalPerkSupport",
		Fields: graphql.Fields{
			"text":  text("a fact that the model recalled before it answered"),
			"start": &graphql.Field{Type: graphql.Int, Description: "byte offset into the document's text; null where the text does not hold the fact"},
			"end":   &graphql.Field{Type: graphql.Int, Description: "byte offset after it"},
		},
	})
	return &graphql.Field{
		Description: "an answer from the object's adapter",
		Args: graphql.FieldConfigArgument{
			"question":  &graphql.ArgumentConfig{Type: graphql.String, Description: "without it only key and state are given"},
			"tenant":    &graphql.ArgumentConfig{Type: graphql.String, Description: "the query's tenant"},
			"maxTokens": &graphql.ArgumentConfig{Type: graphql.Int, Description: "longest reply, in tokens"},
		},
		Type: graphql.NewObject(graphql.ObjectConfig{
			Name: class + "AdditionalPerk",
			Fields: graphql.Fields{
				"answer":     text("null where there is none; see state and reason"),
				"confidence": &graphql.Field{Type: graphql.Float, Description: "calibrated probability that the answer is right"},
				"support":    &graphql.Field{Type: graphql.NewList(passage)},
				"key":        text("Collection/[tenant/]uuid"),
				"state":      text("ready, pending, encoding, stale, failed or unanswered"),
				"reason":     text("why there is no answer"),
			},
		}),
	}
}

// extract reads the arguments of a query.
func extract(arguments []*ast.Argument, class *models.Class) any {
	p := &params{}
	c, err := readClass(class)
	p.properties, p.problem = c.Properties, err
	for _, a := range arguments {
		switch value := a.Value.(type) {
		case *ast.StringValue:
			switch a.Name.Value {
			case "question":
				p.Question = value.Value
			case "tenant":
				p.Tenant = value.Value
			}
		case *ast.IntValue:
			if p.MaxTokens, err = strconv.Atoi(value.Value); err != nil || p.MaxTokens < 1 {
				p.problem = perk.Errorf(perk.EInvalid, Name, "maxTokens is %s", value.Value).WithHint("give a number of at least 1")
			}
		default:
			p.problem = perk.Errorf(perk.EInvalid, Name, "argument %s is no literal", a.Name.Value).
				WithHint("Weaviate hands variables of such arguments on unread; write the value into the query")
		}
	}
	return p
}
