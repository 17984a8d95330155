package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	pb "github.com/weaviate/weaviate/grpc/generated/protocol/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// hit is one object of a query's result, and what perk answered about it.
type hit struct {
	ref, answer, err string
}

// prompt is what a user of Weaviate writes.
func prompt(question string) string { return "[[perk:{docRef}]] " + question }

// where asks one document over GraphQL, found by a filter.
func where(t *testing.T, endpoint, ref, question string) hit {
	t.Helper()
	hits := graphQL(t, endpoint, fmt.Sprintf(`where:{path:["docRef"], operator:Equal, valueText:%q}`, ref), question)
	if len(hits) != 1 || hits[0].ref != ref {
		t.Fatalf("the filter for %s found %v", ref, hits)
	}
	return hits[0]
}

// graphQL asks every document that a search finds.
func graphQL(t *testing.T, endpoint, search, question string) []hit {
	t.Helper()
	query := fmt.Sprintf(`{Get{%s(%s){docRef _additional{generate(singleResult:{prompt:%q}){singleResult error}}}}}`, collection, search, prompt(question))
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(endpoint+"/v1/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Data struct {
			Get map[string][]struct {
				DocRef     string
				Additional struct {
					Generate struct{ SingleResult, Error string }
				} `json:"_additional"`
			}
		}
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || len(out.Errors) > 0 {
		t.Fatalf("%s: %v %v", query, err, out.Errors)
	}
	var hits []hit
	for _, o := range out.Data.Get[collection] {
		hits = append(hits, hit{o.DocRef, o.Additional.Generate.SingleResult, o.Additional.Generate.Error})
	}
	return hits
}

// overGRPC asks every document that BM25 finds, over gRPC.
func overGRPC(t *testing.T, address, query, question string, limit uint32) []hit {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reply, err := pb.NewWeaviateClient(conn).Search(t.Context(), &pb.SearchRequest{
		Collection: collection, Limit: limit,
		//lint:ignore SA1019 the server answers in its oldest form unless a client says that it knows the newer ones
		Uses_123Api: true, Uses_125Api: true, Uses_127Api: true,
		Bm25Search: &pb.BM25{Query: query, Properties: []string{"content"}},
		Properties: &pb.PropertiesRequest{NonRefProperties: []string{"docRef"}},
		Generative: &pb.GenerativeSearch{Single: &pb.GenerativeSearch_Single{Prompt: prompt(question)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var hits []hit
	for _, r := range reply.Results {
		h := hit{ref: r.Properties.NonRefProps.Fields["docRef"].GetTextValue()}
		if values := r.Generative.GetValues(); len(values) == 1 {
			h.answer = values[0].Result
		}
		hits = append(hits, h)
	}
	return hits
}
