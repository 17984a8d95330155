package plugin_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// memoryModule is a small, whole Module: a document's adapter is a digest chain over its text, an answer quotes that chain. Texts and questions that
// start with "slow" go on until they are canceled and then note that under the metadata key "canceled/<uuid>"; "panic" panics.
type memoryModule struct {
	dir string // Close leaves the file "closed" there

	mu       sync.Mutex
	adapters map[string]*perk.Adapter
	meta     map[string][]byte
}

func newMemoryModule(dir string) *memoryModule {
	return &memoryModule{dir: dir, adapters: map[string]*perk.Adapter{}, meta: map[string][]byte{}}
}

func (m *memoryModule) Info(ctx context.Context) (plugin.Info, error) {
	return plugin.Info{
		Version: "test", Protocol: plugin.ProtocolVersion, Model: perk.ContentHash("model"), ModelName: "digest", Recipe: perk.ContentHash("recipe"),
		Context: 1 << 20, StoreDir: m.dir, PID: os.Getpid(), Kernel: "sha256", Params: 1,
	}, ctx.Err()
}

func (m *memoryModule) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	const op, steps = "memory.Encode", 4
	var none perk.AdapterInfo
	if err := d.ID.Validate(); err != nil {
		return none, err
	}
	switch {
	case d.Text == "":
		return none, perk.Errorf(perk.EInvalid, op, "the text is empty")
	case len(d.Text) > plugin.MaxDocument:
		return none, perk.Errorf(perk.EInvalid, op, "the text is too long")
	case !utf8.ValidString(d.Text):
		return none, perk.Errorf(perk.EInvalid, op, "the text is not UTF-8").WithHint("convert it")
	case strings.HasPrefix(d.Text, "panic"):
		panic("the module lost its mind")
	}
	payload, loss := []byte(nil), []float64(nil)
	sum := sha256.Sum256([]byte(d.Text))
	for step := 0; step < steps || strings.HasPrefix(d.Text, "slow"); step++ {
		if err := ctx.Err(); err != nil {
			return none, m.noteCanceled(op, d.ID, err)
		}
		sum = sha256.Sum256(sum[:])
		payload, loss = append(payload, sum[:]...), append(loss, 1/float64(step+1))
		if progress != nil {
			progress(perk.Progress{Done: min(step+1, steps), Total: steps, Step: step, Loss: loss[step]})
		}
		if step >= steps {
			time.Sleep(time.Millisecond)
		}
	}
	if strings.HasPrefix(d.Text, "large") {
		payload = slices.Repeat(payload, 1<<15)
	}
	info, _ := m.Info(ctx)
	a := &perk.Adapter{Payload: payload, AdapterInfo: perk.AdapterInfo{
		Key:     perk.AdapterKey{Document: d.ID, Model: info.Model, Recipe: info.Recipe},
		Content: perk.ContentHash(d.Text), Digest: sha256.Sum256(payload), Bytes: int64(len(payload)),
		Tokens: len(d.Text), Chunks: 1, Steps: steps, Loss: loss, Seconds: 0.5, Created: time.Now().UTC(),
	}}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.adapters[d.ID.String()] = a
	return a.AdapterInfo, nil
}

func (m *memoryModule) noteCanceled(op string, id perk.DocumentID, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta["canceled/"+id.UUID] = []byte(op)
	return perk.E(perk.ECanceled, op, err)
}

func (m *memoryModule) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	const op = "memory.Ask"
	if q.Text == "" {
		return nil, perk.Errorf(perk.EInvalid, op, "the question is empty")
	}
	if len(q.Text) > 1<<20 {
		return nil, perk.Errorf(perk.EInvalid, op, "the question is longer than the window")
	}
	a, err := m.Export(ctx, q.Document)
	if err != nil {
		return nil, err
	}
	if !q.Content.IsZero() && q.Content != a.Content {
		return nil, perk.Errorf(perk.EStale, op, "%s was written from another text", a.Key).WithHint("index it again")
	}
	answer := &perk.Answer{Support: []perk.Fact{{Text: q.Text}}, Probability: 0.5, Tokens: 2, Stopped: "end", Decode: time.Millisecond, Adapter: a.AdapterInfo}
	for i := 0; i < 2 || strings.HasPrefix(q.Text, "slow"); i++ {
		if err := ctx.Err(); err != nil {
			return nil, m.noteCanceled(op, q.Document, err)
		}
		piece := fmt.Sprintf("%x\xff ", a.Digest[i%32]) // half a rune, as a byte-level tokenizer gives
		answer.Text += piece
		if emit != nil {
			err := emit(piece)
			if ctx.Err() != nil { // a caller that left is met here as often as at the top
				return nil, m.noteCanceled(op, q.Document, ctx.Err())
			}
			if err != nil {
				return nil, err
			}
		}
		if i > 2 {
			time.Sleep(time.Millisecond)
		}
	}
	return answer, nil
}

func (m *memoryModule) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	return plugin.AskEach(ctx, m, 2, questions, done)
}

func (m *memoryModule) Find(_ context.Context, content perk.Hash) ([]perk.DocumentID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []perk.DocumentID
	for _, a := range m.adapters {
		if a.Content == content {
			ids = append(ids, a.Key.Document)
		}
	}
	slices.SortFunc(ids, func(a, b perk.DocumentID) int { return cmp.Compare(a.Tenant+a.UUID, b.Tenant+b.UUID) })
	return ids, nil
}

func (m *memoryModule) Forget(_ context.Context, id perk.DocumentID) (int, error) {
	if err := id.Validate(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.adapters[id.String()] == nil {
		return 0, nil
	}
	delete(m.adapters, id.String())
	return 1, nil
}

func (m *memoryModule) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		m.mu.Lock()
		var infos []perk.AdapterInfo
		for _, a := range m.adapters {
			if collection == "" || collection == a.Key.Document.Collection {
				infos = append(infos, a.AdapterInfo)
			}
		}
		m.mu.Unlock()
		slices.SortFunc(infos, func(a, b perk.AdapterInfo) int { return cmp.Compare(a.Key.Document.String(), b.Key.Document.String()) })
		for i := 0; i < len(infos) || collection == "endless"; i++ {
			if err := ctx.Err(); err != nil {
				yield(perk.AdapterInfo{}, m.noteCanceled("memory.List", perk.DocumentID{UUID: "list"}, err))
				return
			}
			var info perk.AdapterInfo
			if i < len(infos) {
				info = infos[i]
			}
			if !yield(info, nil) {
				m.noteCanceled("memory.List", perk.DocumentID{UUID: "list"}, context.Canceled)
				return
			}
		}
	}
}

func (m *memoryModule) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	a, err := m.Export(ctx, id)
	if err != nil {
		return perk.AdapterInfo{}, err
	}
	return a.AdapterInfo, nil
}

func (m *memoryModule) Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.adapters {
		if sha256.Sum256(a.Payload) != a.Digest && report != nil {
			report(a.Key, perk.Errorf(perk.ECorrupt, "memory.Verify", "payload of %s changed", a.Key).WithHint("index it again"))
		}
	}
	return len(m.adapters), ctx.Err()
}

func (m *memoryModule) Export(ctx context.Context, id perk.DocumentID) (*perk.Adapter, error) {
	const op = "memory.Export"
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, perk.E(perk.ECanceled, op, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.adapters[id.String()]
	if a == nil {
		return nil, perk.Errorf(perk.ENotFound, op, "%s is pending", id).WithHint("index it")
	}
	return a, nil
}

func (m *memoryModule) Import(ctx context.Context, a *perk.Adapter) error {
	const op = "memory.Import"
	if err := a.Key.Document.Validate(); err != nil {
		return err
	}
	info, _ := m.Info(ctx)
	switch {
	case a.Key.Model != info.Model || a.Key.Recipe != info.Recipe:
		return perk.Errorf(perk.EStale, op, "%s is of another model", a.Key)
	case a.Bytes != int64(len(a.Payload)) || sha256.Sum256(a.Payload) != a.Digest:
		return perk.Errorf(perk.ECorrupt, op, "the payload of %s is not the one described", a.Key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.adapters[a.Key.Document.String()] = a
	return nil
}

func (m *memoryModule) GC(ctx context.Context) (int64, error) { return 0, ctx.Err() }

func (m *memoryModule) Meta(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.meta[key]
	if !ok {
		return nil, perk.Errorf(perk.ENotFound, "memory.Meta", "no %q", key)
	}
	return v, nil
}

func (m *memoryModule) SetMeta(_ context.Context, key string, value []byte) error {
	if len(value) > plugin.MaxMeta {
		return perk.Errorf(perk.EInvalid, "memory.SetMeta", "the value is too large")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta[key] = slices.Clone(value)
	return nil
}

func (m *memoryModule) Close() error {
	if m.dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(m.dir, "closed"), []byte(fmt.Sprint(os.Getpid())), 0o600)
}
