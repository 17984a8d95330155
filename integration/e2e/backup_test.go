package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// TestBackup backs Weaviate up, then changes it, then backs perk up; both are restored on new disks, and a pass makes them agree again.
func TestBackup(t *testing.T) {
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: run `make e2e`, or set PERK_E2E=1")
	}
	binary, err := server.Build(t.Context(), binDir)
	if err != nil {
		t.Fatal(err)
	}
	backups := t.TempDir()
	start := func() *server.Server {
		node, err := server.Start(t.Context(), server.Config{Binary: binary, Dir: t.TempDir(),
			Env: []string{"ENABLE_MODULES=generative-ollama,backup-filesystem", "BACKUP_FILESYSTEM_PATH=" + backups}})
		if err != nil {
			t.Fatal(err)
		}
		return node
	}
	node := start()
	api, err := weaviate.Connect(weaviate.Server{Endpoint: node.Endpoint()})
	if err != nil {
		t.Fatal(err)
	}
	if err := api.CreateCollection(t.Context(), weaviate.Collection{Name: collection, Endpoint: "http://127.0.0.1:1", Model: "perk"}); err != nil {
		t.Fatal(err)
	}
	c := &corpus{answers: map[string]string{}, rng: rand.New(rand.NewPCG(11, 0xe2e))}
	id := func(i int) perk.DocumentID {
		return perk.DocumentID{Collection: collection, UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i)}
	}
	for i := range 4 {
		c.docs = append(c.docs, c.draw(t, id(i)))
	}
	if err := api.Put(t.Context(), c.docs...); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, node.Endpoint())
	p.index(t)
	kept := append([]perk.Document{}, c.docs...)

	// First the database's backup; then document 0 changes, 1 goes and 4 comes; then perk's.
	must(t, http.MethodPost, node.Endpoint()+"/v1/backups/filesystem", `{"id":"nightly"}`)
	done := func(path string) func() bool {
		return func() bool {
			var s struct{ Status, Error string }
			if err := json.Unmarshal(must(t, http.MethodGet, node.Endpoint()+path, ""), &s); err != nil || s.Status == "FAILED" {
				t.Fatalf("%v %+v", err, s)
			}
			return s.Status == "SUCCESS"
		}
	}
	eventually(t, time.Minute, "Weaviate's backup", done("/v1/backups/filesystem/nightly"))
	if err := api.Put(t.Context(), c.draw(t, id(0)), c.draw(t, id(4))); err != nil {
		t.Fatal(err)
	}
	if err := api.Delete(t.Context(), id(1)); err != nil {
		t.Fatal(err)
	}
	p.index(t)
	dir := filepath.Join(backups, "perk")
	if _, err := p.run(t, "backup", dir); err != nil {
		t.Fatal(err)
	}
	if err := node.Stop(); err != nil {
		t.Fatal(err)
	}

	// New disks: first the database, then perk.
	node = start()
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	must(t, http.MethodPost, node.Endpoint()+"/v1/backups/filesystem/nightly/restore", `{}`)
	eventually(t, time.Minute, "Weaviate's restore", done("/v1/backups/filesystem/nightly/restore"))
	p = newProgram(t, node.Endpoint())
	if _, err := p.run(t, "restore", dir); err != nil {
		t.Fatal(err)
	}
	before := p.adapters(t)
	if len(before) != 4 || before[id(0).String()] == perk.ContentHash(kept[0].Text) {
		t.Errorf("adapters before they are reconciled: %v", before)
	}
	if r := p.index(t); r.Encoded != 2 || r.Skipped != 2 || r.Removed != 1 { // 0 and 1 anew, 4 is gone
		t.Errorf("report %+v", r)
	}
	got := p.adapters(t)
	for _, d := range kept {
		if got[d.ID.String()] != perk.ContentHash(d.Text) {
			t.Errorf("%s has not the adapter of its restored text", d.ID)
		}
	}
	if len(got) != len(kept) {
		t.Errorf("%d adapters of %d documents", len(got), len(kept))
	}
	if out, err := p.run(t, "adapter", "verify"); err != nil || !strings.Contains(string(out), " 0 damaged") {
		t.Errorf("%s, %v", out, err)
	}
}
