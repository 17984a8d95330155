package adapterstore

import (
	"bytes"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/perkdb/perk"
)

// First bytes of keys; doc.go has the layout.
const (
	prefixFormat   = 'f'
	prefixManifest = 'a'
	prefixPart     = 'p'
	prefixGarbage  = 'g'
	prefixMeta     = 'm'
)

// generation names the parts of one Put. It begins with the time, so that parts written together lie together.
type generation [16]byte

func newGeneration() (generation, error) {
	id, err := uuid.NewV7()
	return generation(id), err
}

func partPrefix(g generation) []byte { return append([]byte{prefixPart}, g[:]...) }

func partKey(g generation, index int) []byte {
	return binary.BigEndian.AppendUint32(partPrefix(g), uint32(index))
}

func garbageKey(g generation) []byte { return append([]byte{prefixGarbage}, g[:]...) }

func metaKey(key string) []byte { return append([]byte{prefixMeta}, key...) }

// collectionPrefix is the prefix of all manifests of a collection, or of all collections when it is empty.
func collectionPrefix(collection string) []byte {
	k := []byte{prefixManifest}
	if collection == "" {
		return k
	}
	return append(append(k, collection...), 0)
}

// documentPrefix is the prefix of all manifests of a document.
func documentPrefix(id perk.DocumentID) []byte {
	k := collectionPrefix(id.Collection)
	k = append(append(k, id.Tenant...), 0)
	return append(append(k, id.UUID...), 0)
}

func manifestKey(k perk.AdapterKey) []byte {
	b := documentPrefix(k.Document)
	b = append(b, k.Model[:]...)
	return append(b, k.Recipe[:]...)
}

// parseManifestKey undoes manifestKey. Errors: ECorrupt.
func parseManifestKey(b []byte) (perk.AdapterKey, error) {
	const op = "adapterstore key"
	var k perk.AdapterKey
	if len(b) == 0 || b[0] != prefixManifest {
		return k, perk.Errorf(perk.ECorrupt, op, "not the key of a manifest")
	}
	rest := b[1:]
	for _, field := range []*string{&k.Document.Collection, &k.Document.Tenant, &k.Document.UUID} {
		name, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return k, perk.Errorf(perk.ECorrupt, op, "a name is not ended")
		}
		*field, rest = string(name), after
	}
	if len(rest) != len(k.Model)+len(k.Recipe) {
		return k, perk.Errorf(perk.ECorrupt, op, "%d bytes of digests, want %d", len(rest), len(k.Model)+len(k.Recipe))
	}
	copy(k.Model[:], rest)
	copy(k.Recipe[:], rest[len(k.Model):])
	if err := k.Document.Validate(); err != nil {
		return k, perk.E(perk.ECorrupt, op, err)
	}
	return k, nil
}
