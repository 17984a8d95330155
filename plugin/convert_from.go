package plugin

import (
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// parser reads messages of the other side, which may be anything; it remembers the first thing that is wrong.
type parser struct{ err error }

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = perk.Errorf(perk.EInvalid, "plugin: read message", format, args...).WithHint("use host and plugin of the same version of perk")
	}
}

func (p *parser) hash(name string, b []byte) (h perk.Hash) {
	if len(b) != len(h) {
		p.fail("%s has %d bytes, want %d", name, len(b), len(h))
		return h
	}
	return perk.Hash(b)
}

func (p *parser) id(m *pluginpb.DocumentID) perk.DocumentID {
	if m == nil {
		p.fail("no document id")
	}
	return perk.DocumentID{Collection: string(m.GetCollection()), Tenant: string(m.GetTenant()), UUID: string(m.GetUuid())}
}

func (p *parser) key(m *pluginpb.AdapterKey) perk.AdapterKey {
	return perk.AdapterKey{
		Document: p.id(m.GetDocument()),
		Model:    p.hash("model", m.GetModel()),
		Recipe:   p.hash("recipe", m.GetRecipe()),
	}
}

func (p *parser) adapter(m *pluginpb.AdapterInfo) perk.AdapterInfo {
	var created time.Time
	if m.GetCreated() == nil {
		p.fail("no creation time")
	} else {
		created = m.GetCreated().AsTime()
	}
	return perk.AdapterInfo{
		Key:     p.key(m.GetKey()),
		Content: p.hash("content", m.GetContent()),
		Digest:  p.hash("digest", m.GetDigest()),
		Bytes:   m.GetBytes(),
		Tokens:  int(m.GetTokens()),
		Chunks:  int(m.GetChunks()),
		Steps:   int(m.GetSteps()),
		Loss:    m.GetLoss(),
		Seconds: m.GetSeconds(),
		Created: created,
	}
}

func (p *parser) question(m *pluginpb.Question) perk.Question {
	o := m.GetOptions()
	var least *float64
	if o != nil {
		least = o.MinConfidence
	}
	return perk.Question{
		Document: p.id(m.GetDocument()),
		Text:     string(m.GetText()),
		Content:  p.hash("content", m.GetContent()),
		Options: perk.DecodeOptions{
			MaxTokens:   int(o.GetMaxTokens()),
			Temperature: o.GetTemperature(),
			TopK:        int(o.GetTopK()),
			TopP:        o.GetTopP(),
			Seed:        o.GetSeed(),
			Stop:        textsFromPB(o.GetStop()),

			MinConfidence: least,
		},
	}
}

func (p *parser) answer(m *pluginpb.Answer) *perk.Answer {
	return &perk.Answer{
		Text:        string(m.GetText()),
		Support:     factsFromPB(m.GetSupport()),
		Probability: m.GetProbability(),
		Tokens:      int(m.GetTokens()),
		Stopped:     string(m.GetStopped()),
		Load:        time.Duration(m.GetLoadNs()),
		Prefill:     time.Duration(m.GetPrefillNs()),
		Decode:      time.Duration(m.GetDecodeNs()),
		Adapter:     p.adapter(m.GetAdapter()),

		Confidence:    m.GetConfidence(),
		MinConfidence: m.GetMinConfidence(),
		NotInDocument: m.GetNotInDocument(),
	}
}

func (p *parser) info(m *pluginpb.InfoResponse) Info {
	return Info{
		Version:   string(m.GetVersion()),
		Protocol:  int(m.GetProtocol()),
		Model:     p.hash("model", m.GetModel()),
		ModelName: string(m.GetModelName()),
		Recipe:    p.hash("recipe", m.GetRecipe()),
		Context:   int(m.GetContext()),
		StoreDir:  string(m.GetStoreDir()),
		PID:       int(m.GetPid()),
		Kernel:    string(m.GetKernel()),
		Params:    m.GetParams(),
	}
}

func factsFromPB(facts []*pluginpb.Fact) []perk.Fact {
	var out []perk.Fact
	for _, f := range facts {
		out = append(out, perk.Fact{
			Text: string(f.GetText()), State: perk.FactState(f.GetState()), Start: int(f.GetStart()), End: int(f.GetEnd()), Count: int(f.GetCount()),
			Quote: string(f.GetQuote()),
		})
	}
	return out
}

func progressFromPB(m *pluginpb.Progress) perk.Progress {
	return perk.Progress{Done: int(m.GetDone()), Total: int(m.GetTotal()), Step: int(m.GetStep()), Loss: m.GetLoss()}
}

func textsFromPB(texts [][]byte) []string {
	var out []string
	for _, t := range texts {
		out = append(out, string(t))
	}
	return out
}
