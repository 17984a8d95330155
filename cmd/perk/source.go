package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/folder"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/internal/docref"
	"github.com/perkdb/perk/plugin"
)

// sourceOptions names the documents. It is stored beside the adapters, without the key, so that later questions find the present texts.
type sourceOptions struct {
	Folder     string   `json:"folder,omitempty"`
	Weaviate   string   `json:"weaviate,omitempty"`
	Collection string   `json:"collection"`
	Properties []string `json:"properties,omitempty"`
	Tenant     string   `json:"tenant,omitempty"`

	log       zerolog.Logger
	keys      *docref.Signer
	writeRefs bool // the source sets the keys of the objects that it meets
}

// flags adds the flags that name a source; one of the two kinds must be given.
func (o *sourceOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.Folder, "folder", "", "folder whose *.txt and *.md files are the documents")
	f.StringVar(&o.Weaviate, "weaviate", "", "address of a Weaviate, such as http://127.0.0.1:8080; its key comes from $"+weaviateKeyEnv)
	f.StringVar(&o.Collection, "collection", "", "collection of the documents; for a folder \""+defaultCollection+"\" when not given")
	f.StringSliceVar(&o.Properties, "property", nil, "text properties of Weaviate that make up a document, in order; default content")
	f.StringVar(&o.Tenant, "tenant", "", "the one tenant of a Weaviate collection; default: all active ones")
	fromEnvironment(f, "folder", "PERK_FOLDER")
	fromEnvironment(f, "weaviate", "PERK_WEAVIATE")
	fromEnvironment(f, "collection", "PERK_COLLECTION")
	c.MarkFlagsMutuallyExclusive("folder", "weaviate")
	c.MarkFlagsOneRequired("folder", "weaviate")
}

// defaultCollection is a folder's collection where none is named.
const defaultCollection = "docs"

// open opens the source. Errors: those of folder.Open and weaviate's Client.Open.
func (o *sourceOptions) open(ctx context.Context) (perk.Source, error) {
	if o.Weaviate != "" {
		return o.openWeaviate(ctx)
	}
	if o.Collection == "" {
		o.Collection = defaultCollection
	}
	dir, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "source", err)
	}
	o.Folder = dir
	return folder.Open(dir, o.Collection)
}

func (o *sourceOptions) openWeaviate(ctx context.Context) (*weaviate.Source, error) {
	if o.Collection == "" {
		return nil, perk.Errorf(perk.EInvalid, "source", "no collection of %s is named", o.Weaviate).WithHint("name it by --collection")
	}
	client, err := o.connect()
	if err != nil {
		return nil, err
	}
	return client.Open(ctx, weaviate.Config{Collection: o.Collection, Properties: o.Properties, Tenant: o.Tenant, WriteRefs: o.writeRefs}, o.log)
}

func (o *sourceOptions) connect() (*weaviate.Client, error) {
	return weaviate.Connect(weaviate.Server{Endpoint: o.Weaviate, APIKey: os.Getenv(weaviateKeyEnv), Ref: o.keys.Sign})
}

// prepare gives the source what does not come from the command line.
func (o *sourceOptions) prepare(a *app) (err error) {
	o.log = a.log
	o.keys, err = a.keys()
	return err
}

// properties are the text properties that make up a document.
func (o *sourceOptions) properties() []string {
	if len(o.Properties) == 0 {
		return []string{weaviate.ContentProperty}
	}
	return slices.Clone(o.Properties)
}

// sourceKey is where a collection's source is kept.
func sourceKey(collection string) string { return "source/" + collection }

// collectionsKey is where the list of all collections that were ever indexed is kept.
const collectionsKey = "collections"

// remember keeps the source beside the adapters.
func (o *sourceOptions) remember(ctx context.Context, m plugin.Module) error {
	if err := setMeta(ctx, m, sourceKey(o.Collection), o); err != nil {
		return err
	}
	names, err := collections(ctx, m)
	if err != nil || slices.Contains(names, o.Collection) {
		return err
	}
	return setMeta(ctx, m, collectionsKey, append(names, o.Collection))
}

// collections lists the collections that were ever indexed, in that order.
func collections(ctx context.Context, m plugin.Module) ([]string, error) {
	b, err := m.Meta(ctx, collectionsKey)
	if perk.ErrorCode(err) == perk.ENotFound {
		return nil, nil
	}
	var names []string
	if err == nil && json.Unmarshal(b, &names) != nil {
		err = perk.Errorf(perk.ECorrupt, "source", "the list of collections cannot be read").WithHint("run `perk index` again")
	}
	return names, err
}

// forgetSource undoes remember.
func forgetSource(ctx context.Context, m plugin.Module, collection string) error {
	names, err := collections(ctx, m)
	if err != nil {
		return err
	}
	if err := setMeta(ctx, m, collectionsKey, slices.DeleteFunc(names, func(n string) bool { return n == collection })); err != nil {
		return err
	}
	return m.SetMeta(ctx, sourceKey(collection), nil)
}

func setMeta(ctx context.Context, m plugin.Module, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return perk.E(perk.EInternal, "source", err)
	}
	return m.SetMeta(ctx, key, b)
}

// recallSource gives the source that a collection was last indexed from. Errors: ENotFound.
func (a *app) recallSource(ctx context.Context, m plugin.Module, collection string) (*sourceOptions, error) {
	b, err := m.Meta(ctx, sourceKey(collection))
	if err != nil {
		return nil, err
	}
	o := &sourceOptions{}
	if err := json.Unmarshal(b, o); err != nil {
		return nil, perk.Errorf(perk.ECorrupt, "source", "decode the source of %s: %w", collection, err).WithHint("run `perk index` again")
	}
	return o, o.prepare(a)
}
