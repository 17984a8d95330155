package server

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/perkdb/perk"
)

// Version is the Weaviate that Build makes.
const Version = "v1.35.2"

const module = "github.com/weaviate/weaviate"

// Build makes the server in the folder dir unless it is there already, and gives the path of the binary. Errors: EUnavailable (the
// module proxy is away, no Go tool), ECanceled.
func Build(ctx context.Context, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", perk.E(perk.EInvalid, "server.Build", err)
	}
	path := filepath.Join(dir, "weaviate-server")
	if info, err := buildinfo.ReadFile(path); err == nil && info.Main.Path == module && info.Main.Version == Version {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", perk.E(perk.EInvalid, "server.Build", err)
	}
	cmd := exec.CommandContext(ctx, "go", "install", module+"/cmd/weaviate-server@"+Version)
	cmd.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", perk.Errorf(perk.EUnavailable, "server.Build", "go install: %w: %s", err, tail(out)).
			WithHint("check the Go installation, the network and the disk space (4 GB)")
	}
	return path, nil
}

// tail gives the last bytes of a program's output.
func tail(b []byte) []byte { return b[max(len(b)-2000, 0):] }
