package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/integration/weaviatemodule/internal/rehost"
)

const buildDir = "../../../build"

func TestMain(m *testing.M) {
	if os.Getenv("PERK_E2E") == "1" {
		if err := build(); err != nil { // needs the network, so before the isolation
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if status, ran := server.Isolate(); ran {
			os.Exit(status)
		}
	}
	os.Exit(m.Run())
}

// binary gives the absolute path of a program that build made.
func binary(name string) string {
	path, err := filepath.Abs(filepath.Join(buildDir, "bin", name))
	if err != nil {
		panic(err)
	}
	return path
}

func build() error {
	if os.Getenv("PERK_ISOLATED") != "" {
		return nil // the first run did
	}
	if os.Getenv("PERK_BIN") == "" {
		cmd := exec.Command("go", "build", "-trimpath", "-o", binary("perk"), "./cmd/perk")
		cmd.Dir = "../../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build perk: %w: %s", err, out)
		}
	}
	if os.Getenv("PERK_SERVER_BIN") != "" {
		return nil
	}
	return rehost.Build(context.Background(), "..", "", filepath.Join(buildDir, "weaviate"), binary("weaviate-perk-server"))
}

// serverBinary is the Weaviate server with the module.
func serverBinary() string {
	if path := os.Getenv("PERK_SERVER_BIN"); path != "" {
		return path
	}
	return binary("weaviate-perk-server")
}

// program is the perk program, the plugin.
func program() string {
	if path := os.Getenv("PERK_BIN"); path != "" {
		return path
	}
	return binary("perk")
}
