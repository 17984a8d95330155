package pluginpb_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

const remedy = "run `go generate ./plugin/internal/pluginpb`"

// TestGeneratedIsCurrent compares plugin.proto with the digest that generate.sh left; it needs no tools.
func TestGeneratedIsCurrent(t *testing.T) {
	source, err := os.ReadFile("plugin.proto")
	if err != nil {
		t.Fatal(err)
	}
	noted, err := os.ReadFile("plugin.proto.sha256")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(source)
	if want, _, _ := strings.Cut(string(noted), " "); hex.EncodeToString(sum[:]) != want {
		t.Errorf("plugin.proto changed since the Go files were generated: %s", remedy)
	}
}

// TestGeneratedHasDescriptor lets protoc read plugin.proto and compares that with the descriptor inside the Go files.
func TestGeneratedHasDescriptor(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("protoc (Debian: protobuf-compiler) is not installed")
	}
	out := filepath.Join(t.TempDir(), "set")
	if text, err := exec.CommandContext(t.Context(), protoc, "--descriptor_set_out="+out, "plugin.proto").CombinedOutput(); err != nil {
		t.Fatalf("protoc: %v\n%s", err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	got := protodesc.ToFileDescriptorProto(pluginpb.File_plugin_proto)
	if diff := cmp.Diff(set.File[0], got, protocmp.Transform()); diff != "" {
		t.Errorf("plugin.proto and the generated files differ (%s):\n%s", remedy, diff)
	}
}
