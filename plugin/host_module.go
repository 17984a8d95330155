package plugin

import (
	"context"
	"iter"

	"github.com/perkdb/perk"
)

// Info implements Module.
func (h *Host) Info(ctx context.Context) (Info, error) {
	return call(ctx, h, "plugin.Info", true, func(m Module) (Info, error) { return m.Info(ctx) })
}

// Encode implements Module. It is not repeated when the process dies: an encode takes long, and its caller decides.
func (h *Host) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	return call(ctx, h, "plugin.Encode", false, func(m Module) (perk.AdapterInfo, error) { return m.Encode(ctx, d, progress) })
}

// Ask implements Module. It is not repeated when the process dies: pieces may have been emitted.
func (h *Host) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	return call(ctx, h, "plugin.Ask", false, func(m Module) (*perk.Answer, error) { return m.Ask(ctx, q, emit) })
}

// AskAll implements Module. It is not repeated when the process dies.
func (h *Host) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	_, err := call(ctx, h, "plugin.AskAll", false, func(m Module) (struct{}, error) { return struct{}{}, m.AskAll(ctx, questions, done) })
	return err
}

// Find implements Module.
func (h *Host) Find(ctx context.Context, content perk.Hash) ([]perk.DocumentID, error) {
	return call(ctx, h, "plugin.Find", true, func(m Module) ([]perk.DocumentID, error) { return m.Find(ctx, content) })
}

// Forget implements Module.
func (h *Host) Forget(ctx context.Context, id perk.DocumentID) (int, error) {
	return call(ctx, h, "plugin.Forget", false, func(m Module) (int, error) { return m.Forget(ctx, id) })
}

// List implements Module.
func (h *Host) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		p, err := h.running(ctx, "plugin.List")
		if err != nil {
			yield(perk.AdapterInfo{}, err)
			return
		}
		for info, err := range p.module.List(ctx, collection) {
			if !yield(info, p.explain(ctx, err)) {
				return
			}
		}
	}
}

// Describe implements Module.
func (h *Host) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	return call(ctx, h, "plugin.Describe", true, func(m Module) (perk.AdapterInfo, error) { return m.Describe(ctx, id) })
}

// Verify implements Module.
func (h *Host) Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error) {
	return call(ctx, h, "plugin.Verify", false, func(m Module) (int, error) { return m.Verify(ctx, report) })
}

// Export implements Module.
func (h *Host) Export(ctx context.Context, id perk.DocumentID) (*perk.Adapter, error) {
	return call(ctx, h, "plugin.Export", true, func(m Module) (*perk.Adapter, error) { return m.Export(ctx, id) })
}

// Import implements Module.
func (h *Host) Import(ctx context.Context, a *perk.Adapter) error {
	_, err := call(ctx, h, "plugin.Import", true, func(m Module) (struct{}, error) { return struct{}{}, m.Import(ctx, a) })
	return err
}

// GC implements Module.
func (h *Host) GC(ctx context.Context) (int64, error) {
	return call(ctx, h, "plugin.GC", false, func(m Module) (int64, error) { return m.GC(ctx) })
}

// Meta implements Module.
func (h *Host) Meta(ctx context.Context, key string) ([]byte, error) {
	return call(ctx, h, "plugin.Meta", true, func(m Module) ([]byte, error) { return m.Meta(ctx, key) })
}

// SetMeta implements Module.
func (h *Host) SetMeta(ctx context.Context, key string, value []byte) error {
	_, err := call(ctx, h, "plugin.SetMeta", false, func(m Module) (struct{}, error) { return struct{}{}, m.SetMeta(ctx, key, value) })
	return err
}
