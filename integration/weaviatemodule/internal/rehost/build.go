package rehost

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/perkdb/perk"
)

const weaviate = "github.com/weaviate/weaviate"

// Build generates the server into out and compiles it to binary. module is the perk module's directory. version is that of Weaviate; "" takes the one that
// the perk module's go.mod names, any other is fetched with its dependencies. Errors: EInvalid (anchors, compile errors), EUnavailable (the module
// proxy is away), ECanceled.
func Build(ctx context.Context, module, version, out, binary string) error {
	module, out, binary, err := absolute(module, out, binary)
	if err != nil {
		return err
	}
	dir, err := download(ctx, module, version)
	if err != nil {
		return err
	}
	if err := Generate(Options{Weaviate: dir, Module: module, Out: out}); err != nil {
		return err
	}
	root, err := filepath.Rel(out, filepath.Join(module, "..", ".."))
	if err != nil {
		return perk.E(perk.EInvalid, "rehost", err)
	}
	if _, err := run(ctx, out, "mod", "edit", "-replace=github.com/perkdb/perk="+filepath.ToSlash(root)); err != nil {
		return err
	}
	if version != "" {
		if _, err := run(ctx, out, "mod", "edit", "-require="+weaviate+"@"+version); err != nil {
			return err
		}
		if _, err := run(ctx, out, "mod", "tidy"); err != nil {
			return err
		}
	}
	_, err = run(ctx, out, "build", "-o", binary, ServerPackage)
	return err
}

// download gives the directory of Weaviate's module. It fetches what is not in the module cache yet, of which `go list` says no directory.
func download(ctx context.Context, module, version string) (string, error) {
	query := weaviate
	if version != "" {
		query += "@" + version
	}
	out, err := run(ctx, module, "mod", "download", "-json", query)
	if err != nil {
		return "", err
	}
	var m struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		return "", perk.E(perk.EInternal, "rehost", err)
	}
	return m.Dir, nil
}

// run runs the Go tool in a directory and gives its output.
func run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		return strings.TrimSpace(string(out)), nil
	}
	if ctx.Err() != nil {
		return "", perk.E(perk.ECanceled, "rehost", ctx.Err())
	}
	said := stderr.String()
	return "", perk.Errorf(perk.EUnavailable, "rehost", "go %s in %s: %w: %s", args[0], dir, err, said[max(0, len(said)-2000):])
}

func absolute(a, b, c string) (string, string, string, error) {
	paths := []string{a, b, c}
	for i, p := range paths {
		var err error
		if paths[i], err = filepath.Abs(p); err != nil {
			return "", "", "", perk.E(perk.EInvalid, "rehost", err)
		}
	}
	return paths[0], paths[1], paths[2], nil
}
