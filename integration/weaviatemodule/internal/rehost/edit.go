package rehost

import (
	"strings"

	"github.com/perkdb/perk"
)

// Edit replaces an anchor of a file by another text. The anchor must stand in the file exactly once.
type Edit struct {
	File   string // base name
	Anchor string
	With   string
}

const hook = "github.com/perkdb/perk/integration/weaviatemodule"

// serverEdits put the module into Weaviate's package rest: it is registered beside the built-in ones, and sees every write of single objects and
// of batches on its way to the database.
func serverEdits() []Edit {
	const file = "configure_api.go"
	return []Edit{
		{file, "\nimport (\n", "\nimport (\n\tperkmodule \"" + hook + "\"\n"},
		{
			file, "\tappState.Modules = modules.NewProvider(appState.Logger, appState.ServerConfig.Config)\n",
			"\tappState.Modules = modules.NewProvider(appState.Logger, appState.ServerConfig.Config)\n" +
				"\tif err := perkmodule.Register(appState); err != nil {\n\t\treturn err\n\t}\n",
		},
		{file, "objects.NewBatchManager(vectorRepo, ", "objects.NewBatchManager(perkmodule.Watch(appState.Modules, vectorRepo), "},
		{file, "\t\tappState.Authorizer, appState.DB, appState.Modules,\n", "\t\tappState.Authorizer, perkmodule.Watch(appState.Modules, appState.DB), appState.Modules,\n"},
		{
			file, "\tsetupMiscHandlers(api, appState.ServerConfig, appState.Modules,\n",
			"\tperkmodule.Start(appState)\n\tsetupMiscHandlers(api, appState.ServerConfig, appState.Modules,\n",
		},
	}
}

// mainEdits let the server's main start the rehosted package.
func mainEdits() []Edit {
	return []Edit{{"main.go", `"github.com/weaviate/weaviate/adapters/handlers/rest"`, `"` + hook + `/internal/rest"`}}
}

// Apply makes the edits of the file name in text. Errors: EInvalid names the anchor that is missing or stands there more than once.
func Apply(name, text string, edits []Edit) (string, error) {
	for _, e := range edits {
		if e.File != name {
			continue
		}
		if n := strings.Count(text, e.Anchor); n != 1 {
			return "", perk.Errorf(perk.EInvalid, "rehost", "%s has the anchor %q %d times, it must have it once", name, e.Anchor, n).
				WithHint("this version of Weaviate needs another anchor; see integration/weaviatemodule/internal/rehost/edit.go")
		}
		text = strings.Replace(text, e.Anchor, e.With, 1)
	}
	return text, nil
}
