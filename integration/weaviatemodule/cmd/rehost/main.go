// Command rehost builds the Weaviate server that has the perk module inside; `make weaviate` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/perkdb/perk/integration/weaviatemodule/internal/rehost"
)

func main() {
	module := flag.String("module", ".", "directory of the perk module")
	version := flag.String("weaviate", "", "version of Weaviate; default: the one in go.mod")
	out := flag.String("out", "", "directory of the generated sources")
	binary := flag.String("binary", "", "the server to make")
	flag.Parse()
	if *out == "" || *binary == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := rehost.Build(ctx, *module, *version, *out, *binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
