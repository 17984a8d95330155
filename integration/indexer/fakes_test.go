package indexer_test

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// memory is a perk.Source over a map by "uuid" or "tenant/uuid", which is the cursor too.
type memory struct {
	collection string // "": "Docs"
	mu         sync.Mutex
	texts      map[string]string
	broken     map[string]error // documents that cannot be read
	failScan   []error          // taken from the front by each Scan, after failAt documents
	failAt     int
}

func (m *memory) id(key string) perk.DocumentID {
	tenant, uuid, ok := strings.Cut(key, "/")
	if !ok {
		tenant, uuid = "", key
	}
	return perk.DocumentID{Collection: cmp.Or(m.collection, "Docs"), Tenant: tenant, UUID: uuid}
}

func (m *memory) Count(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.texts), nil
}

// set writes a document, or with an empty text deletes it.
func (m *memory) set(uuid, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.texts[uuid] = text; text == "" {
		delete(m.texts, uuid)
	}
}

func (m *memory) Document(_ context.Context, id perk.DocumentID) (perk.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := strings.TrimPrefix(id.String(), id.Collection+"/")
	if text, ok := m.texts[key]; ok {
		return perk.Document{ID: id, Text: text}, nil
	}
	if err := m.broken[key]; err != nil {
		return perk.Document{}, err
	}
	return perk.Document{}, perk.Errorf(perk.ENotFound, "memory", "no %s", id)
}

func (m *memory) Scan(_ context.Context, after string) iter.Seq2[perk.Scanned, error] {
	return func(yield func(perk.Scanned, error) bool) {
		m.mu.Lock()
		var keys []string
		texts := maps.Clone(m.texts)
		for k := range texts {
			keys = append(keys, k)
		}
		for k := range m.broken {
			keys = append(keys, k)
		}
		var fail error
		if len(m.failScan) > 0 {
			fail, m.failScan = m.failScan[0], m.failScan[1:]
		}
		m.mu.Unlock()
		sort.Strings(keys)
		n := 0
		for _, k := range keys {
			if k <= after {
				continue
			}
			if fail != nil && n == m.failAt {
				yield(perk.Scanned{}, fail)
				return
			}
			n++
			s := perk.Scanned{Document: perk.Document{ID: m.id(k), Text: texts[k]}, Cursor: k}
			if !yield(s, m.broken[k]) {
				return
			}
		}
	}
}

// module is the plugin's side in memory. fail, when set, is asked before each Encode.
type module struct {
	mu        sync.Mutex
	adapters  map[perk.DocumentID]perk.AdapterInfo
	meta      map[string][]byte
	encodes   []string
	collected int // calls of GC
	fail      func(uuid string, nth int) error
}

func newModule() *module {
	return &module{adapters: map[perk.DocumentID]perk.AdapterInfo{}, meta: map[string][]byte{}}
}

func (m *module) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.encodes = append(m.encodes, d.ID.UUID)
	if m.fail != nil {
		if err := m.fail(d.ID.UUID, len(m.encodes)); err != nil {
			return perk.AdapterInfo{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return perk.AdapterInfo{}, perk.E(perk.ECanceled, "module", err)
	}
	if progress != nil {
		progress(perk.Progress{Done: 1, Total: 2})
	}
	info := perk.AdapterInfo{Key: perk.AdapterKey{Document: d.ID}, Content: perk.ContentHash(d.Text), Tokens: len(strings.Fields(d.Text)), Created: time.Now()}
	m.adapters[d.ID] = info
	return info, nil
}

func (m *module) Describe(_ context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	info, ok := m.adapters[id]
	if !ok {
		return info, perk.Errorf(perk.ENotFound, "module", "pending")
	}
	return info, nil
}

func (m *module) Forget(_ context.Context, id perk.DocumentID) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.adapters[id]; !ok {
		return 0, nil
	}
	delete(m.adapters, id)
	return 1, nil
}

func (m *module) List(_ context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		m.mu.Lock()
		adapters := maps.Clone(m.adapters)
		m.mu.Unlock()
		for _, id := range slices.SortedFunc(maps.Keys(adapters), func(a, b perk.DocumentID) int { return cmp.Compare(a.String(), b.String()) }) {
			if id.Collection == collection && !yield(adapters[id], nil) {
				return
			}
		}
	}
}

func (m *module) Meta(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.meta[key]; ok {
		return v, nil
	}
	return nil, perk.Errorf(perk.ENotFound, "module", "no %s", key)
}

func (m *module) SetMeta(_ context.Context, key string, value []byte) error {
	if len(value) > plugin.MaxMeta {
		return perk.Errorf(perk.EInvalid, "module", "%d bytes", len(value))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.meta[key] = value; len(value) == 0 {
		delete(m.meta, key)
	}
	return nil
}

func (m *module) Info(context.Context) (plugin.Info, error) { return plugin.Info{}, nil }

func (m *module) GC(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.collected++
	return 0, nil
}

// uuids lists the documents that have an adapter.
func (m *module) uuids() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []string{}
	for id := range m.adapters {
		out = append(out, id.UUID)
	}
	return sorted(out)
}

func sorted(s []string) []string {
	sort.Strings(s)
	return s
}

// changing is a source that lists what set changed.
type changing struct {
	*memory
	changed []string
	at      time.Time // when they changed
	since   time.Time
	scans   int
	asked   int // looks at changes
	reads   int // of documents by themselves
}

func (c *changing) Changed(_ context.Context, since time.Time, each func(perk.DocumentID, time.Time)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = since
	if c.changed == nil {
		return perk.Errorf(perk.EInvalid, "memory", "no times are kept")
	}
	c.asked++
	for _, uuid := range c.changed {
		each(c.id(uuid), c.at)
	}
	return nil
}

func (c *changing) list(uuids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed, c.at = uuids, time.Now()
}

func (c *changing) counts() (scans, asked, reads int, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scans, c.asked, c.reads, c.since
}

func (c *changing) Document(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	c.mu.Lock()
	c.reads++
	c.mu.Unlock()
	return c.memory.Document(ctx, id)
}

func (c *changing) Scan(ctx context.Context, after string) iter.Seq2[perk.Scanned, error] {
	c.mu.Lock()
	c.scans++
	c.mu.Unlock()
	return c.memory.Scan(ctx, after)
}
