//go:build deps

package weaviatemodule

// The generated server is no part of this module, but is built with its go.mod: this names what it needs.
import _ "github.com/weaviate/weaviate/cmd/weaviate-server"
