package e2e_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
)

const soakCollection = "Note"

// version is a text of a document, and when it was the present one. A deleted document's last version has no hash.
type version struct {
	hash     perk.Hash
	from, to time.Time // of the acknowledged writes; to is zero for the present one
}

// archive is what was written, with times, so that every answer can be held to the texts that there were while it was asked.
type archive struct {
	api *weaviate.Client
	rng *rand.Rand

	writing  sync.Mutex // of the one update or delete under way
	mu       sync.Mutex
	ids      []perk.DocumentID // live ones
	made     int               // documents ever made
	versions map[perk.DocumentID][]version
}

var soakNames, soakPlaces = strings.Fields("Mary John Sandra Daniel Fred Bill Julie Jeff"), strings.Fields("kitchen garden office bathroom hallway bedroom")

// text makes a document of n sentences.
func (a *archive) text(n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%s went to the %s. ", soakNames[a.rng.IntN(len(soakNames))], soakPlaces[a.rng.IntN(len(soakPlaces))])
	}
	fmt.Fprintf(&b, "Note %d.", a.rng.Int64())
	return b.String()
}

// put writes documents and enters them into the books; begun is when that was first tried.
func (a *archive) put(ctx context.Context, begun time.Time, docs ...perk.Document) error {
	if err := a.api.Put(ctx, docs...); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range docs {
		if a.versions[d.ID] == nil {
			a.ids = append(a.ids, d.ID)
		}
		a.add(d.ID, perk.ContentHash(d.Text), begun)
	}
	return nil
}

func (a *archive) add(id perk.DocumentID, hash perk.Hash, begun time.Time) {
	v := a.versions[id]
	if len(v) > 0 {
		v[len(v)-1].to = time.Now()
	}
	a.versions[id] = append(v, version{hash: hash, from: begun})
}

// another makes a new document, which is not written yet.
func (a *archive) another() perk.Document {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	return a.doc(a.made-1, 4)
}

// remove deletes a document and enters that into the books; begun is when it was first tried.
func (a *archive) remove(ctx context.Context, begun time.Time, id perk.DocumentID) error {
	if err := a.api.Delete(ctx, id); err != nil && perk.ErrorCode(err) != perk.ENotFound {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = slices.DeleteFunc(a.ids, func(x perk.DocumentID) bool { return x == id })
	a.add(id, perk.Hash{}, begun)
	return nil
}

func (a *archive) pick() perk.DocumentID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ids[a.rng.IntN(len(a.ids))]
}

// held reports whether a hash was a document's at some time between from and to.
func (a *archive) held(id perk.DocumentID, hash perk.Hash, from, to time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.versions[id] {
		if v.hash == hash && !v.from.After(to) && (v.to.IsZero() || !v.to.Before(from)) {
			return true
		}
	}
	return false
}

// live gives the present hash of each live document by its key.
func (a *archive) live() map[string]perk.Hash {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]perk.Hash{}
	for _, id := range a.ids {
		v := a.versions[id]
		out[id.String()] = v[len(v)-1].hash
	}
	return out
}

// fill writes the whole collection.
func (a *archive) fill(t *testing.T, endpoint string) {
	t.Helper()
	class := fmt.Sprintf(`{"class":%q,"vectorizer":"none","multiTenancyConfig":{"enabled":true},"invertedIndexConfig":{"indexTimestamps":true},"vectorIndexConfig":{"skip":true},
		"properties":[{"name":"content","dataType":["text"]},{"name":"docRef","dataType":["text"],"tokenization":"field"}]}`, soakCollection)
	must(t, http.MethodPost, endpoint+"/v1/schema", class)
	var tenants []string
	for i := range *soakTenants {
		tenants = append(tenants, fmt.Sprintf(`{"name":"tenant%02d"}`, i))
	}
	must(t, http.MethodPost, endpoint+"/v1/schema/"+soakCollection+"/tenants", "["+strings.Join(tenants, ",")+"]")
	var batch []perk.Document
	for i := range *soakShort + *soakLong {
		sentences := 4
		if i >= *soakShort {
			sentences = 1500
		}
		batch = append(batch, a.doc(i, sentences))
		if len(batch) == 500 || i == *soakShort+*soakLong-1 {
			if err := a.put(t.Context(), time.Now(), batch...); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	a.made = *soakShort + *soakLong
}

func (a *archive) doc(i, sentences int) perk.Document {
	id := perk.DocumentID{Collection: soakCollection, Tenant: fmt.Sprintf("tenant%02d", i%*soakTenants), UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i)}
	return perk.Document{ID: id, Text: a.text(sentences)}
}

func must(t *testing.T, method, url, body string) []byte {
	t.Helper()
	b, err := send(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func send(ctx context.Context, method, url, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("%s: %s %s", url, resp.Status, b)
	}
	return b, err
}
