package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/perkdb/perk"
)

// Open opens the store in a directory; it is called again on the same directory after Close.
type Open func(tb testing.TB, dir string) perk.AdapterStore

// New opens a store in a fresh directory. When the test ends it is closed, opened again, and must verify without damage.
func New(tb testing.TB, open Open) perk.AdapterStore {
	tb.Helper()
	dir := tb.TempDir()
	s := open(tb, dir)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
		MustVerify(tb, open, dir)
	})
	return s
}

// MustVerify opens the store in dir, verifies every adapter, closes it, and says how many adapters it holds.
func MustVerify(tb testing.TB, open Open, dir string) int {
	tb.Helper()
	s := open(tb, dir)
	// In a Cleanup the test's own context has ended.
	n, err := s.Verify(context.WithoutCancel(tb.Context()), func(k perk.AdapterKey, err error) { tb.Errorf("adapter of %s: %v", k, err) })
	if err != nil {
		tb.Errorf("verify: %v", err)
	}
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
	return n
}

// Key makes a key. model and recipe number the digests.
func Key(collection, tenant, uuid string, model, recipe byte) perk.AdapterKey {
	return perk.AdapterKey{
		Document: perk.DocumentID{Collection: collection, Tenant: tenant, UUID: uuid},
		Model:    perk.Hash{model}, Recipe: perk.Hash{recipe},
	}
}

// Adapter makes a valid adapter with a payload of size bytes that depends on seed only.
func Adapter(k perk.AdapterKey, seed uint64, size int) *perk.Adapter {
	payload := make([]byte, size)
	rng := rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, seed)))
	rng.Read(payload)
	return &perk.Adapter{
		AdapterInfo: perk.AdapterInfo{
			Key: k, Content: perk.ContentHash(fmt.Sprint("text ", seed)), Digest: sha256.Sum256(payload), Bytes: int64(size),
			Tokens: int(seed % 10000), Chunks: 3, Steps: 2, Loss: []float64{2.5, 0.1}, Seconds: 1.25,
			Created: time.Unix(1_700_000_000+int64(seed%1000), 123456789).UTC(),
		},
		Payload: payload,
	}
}
