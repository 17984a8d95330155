package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// startWeaviate builds and runs a real Weaviate. A demonstration that ends by itself runs once more in a network of its own where it may: the server is nil
// then, and status is what that run came to.
func (d *demo) startWeaviate(ctx context.Context, w io.Writer) (node *server.Server, status, err error) {
	fmt.Fprintf(w, "building Weaviate %s in %s unless it is there; this takes minutes the first time\n", server.Version, d.weaviate)
	binary, err := server.Build(ctx, d.weaviate)
	if err != nil {
		return nil, nil, err
	}
	if d.once {
		if code, ran := server.Isolate(); ran {
			if code != statusOK {
				status = perk.Errorf(perk.EInternal, "demo", "the run in a network of its own ended with status %d", code)
			}
			return nil, status, nil
		}
	}
	node, err = server.Start(ctx, server.Config{Binary: binary, Dir: filepath.Join(d.data, "weaviate")})
	if err == nil {
		fmt.Fprintf(w, "Weaviate runs at %s\n", node.Endpoint())
	}
	return node, nil, err
}

// openWeaviate puts the sample documents into a collection whose generate queries come to our endpoint.
func (d *demo) openWeaviate(node *server.Server) func(context.Context, string) (perk.Source, *sourceOptions, error) {
	return func(ctx context.Context, endpoint string) (perk.Source, *sourceOptions, error) {
		o := &sourceOptions{Weaviate: node.Endpoint(), Collection: sampleCollection}
		if err := o.prepare(d.app); err != nil {
			return nil, nil, err
		}
		api, err := o.connect()
		if err != nil {
			return nil, nil, err
		}
		if err := api.CreateCollection(ctx, weaviate.Collection{Name: sampleCollection, Endpoint: endpoint, Model: "perk"}); err != nil {
			return nil, nil, err
		}
		var docs []perk.Document
		for _, e := range d.episodes {
			docs = append(docs, perk.Document{ID: perk.DocumentID{Collection: sampleCollection, UUID: weaviate.UUID(e.ID)}, Text: e.Text})
		}
		if err := api.Put(ctx, docs...); err != nil {
			return nil, nil, err
		}
		source, err := o.open(ctx)
		return source, o, err
	}
}

// askWeaviate asks in GraphQL: Weaviate finds the document and has perk answer about it.
func askWeaviate(ctx context.Context, endpoint string, id perk.DocumentID, question string) (string, error) {
	const op = "demo"
	query := fmt.Sprintf(`{Get{%s(where:{path:["id"], operator:Equal, valueText:%q}){_additional{generate(singleResult:{prompt:%q}){singleResult error}}}}}`,
		sampleCollection, id.UUID, "[[perk:{"+weaviate.RefProperty+"}]] "+question)
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return "", perk.E(perk.EInternal, op, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/v1/graphql", bytes.NewReader(body))
	if err != nil {
		return "", perk.E(perk.EInternal, op, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", perk.E(perk.EUnavailable, op, err)
	}
	defer resp.Body.Close()
	var reply struct {
		Data struct {
			Get map[string][]struct {
				Additional struct {
					Generate struct{ SingleResult, Error string }
				} `json:"_additional"`
			}
		}
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return "", perk.E(perk.EUnavailable, op, err)
	}
	objects := reply.Data.Get[sampleCollection]
	if len(reply.Errors) > 0 || len(objects) != 1 || objects[0].Additional.Generate.Error != "" {
		return "", perk.Errorf(perk.EInternal, op, "Weaviate answers %+v", reply)
	}
	return objects[0].Additional.Generate.SingleResult, nil
}
