package plugin

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// Each xToPB has its xFromPB in convert_from.go; together they keep every field, except that an empty slice comes back as nil and a time in UTC.

func idToPB(id perk.DocumentID) *pluginpb.DocumentID {
	return &pluginpb.DocumentID{Collection: []byte(id.Collection), Tenant: []byte(id.Tenant), Uuid: []byte(id.UUID)}
}

func keyToPB(k perk.AdapterKey) *pluginpb.AdapterKey {
	return &pluginpb.AdapterKey{Document: idToPB(k.Document), Model: k.Model[:], Recipe: k.Recipe[:]}
}

func adapterToPB(a perk.AdapterInfo) *pluginpb.AdapterInfo {
	return &pluginpb.AdapterInfo{
		Key:     keyToPB(a.Key),
		Content: a.Content[:],
		Digest:  a.Digest[:],
		Bytes:   a.Bytes,
		Tokens:  int64(a.Tokens),
		Chunks:  int64(a.Chunks),
		Steps:   int64(a.Steps),
		Loss:    a.Loss,
		Seconds: a.Seconds,
		Created: timestamppb.New(a.Created),
	}
}

func questionToPB(q perk.Question) *pluginpb.Question {
	o := q.Options
	return &pluginpb.Question{
		Document: idToPB(q.Document),
		Text:     []byte(q.Text),
		Content:  q.Content[:],
		Options: &pluginpb.DecodeOptions{
			MaxTokens:   int64(o.MaxTokens),
			Temperature: o.Temperature,
			TopK:        int64(o.TopK),
			TopP:        o.TopP,
			Seed:        o.Seed,
			Stop:        textsToPB(o.Stop),

			MinConfidence: o.MinConfidence,
		},
	}
}

func answerToPB(a *perk.Answer) *pluginpb.Answer {
	return &pluginpb.Answer{
		Text:        []byte(a.Text),
		Support:     factsToPB(a.Support),
		Probability: a.Probability,
		Tokens:      int64(a.Tokens),
		Stopped:     []byte(a.Stopped),
		LoadNs:      int64(a.Load),
		PrefillNs:   int64(a.Prefill),
		DecodeNs:    int64(a.Decode),
		Adapter:     adapterToPB(a.Adapter),

		Confidence:    a.Confidence,
		MinConfidence: a.MinConfidence,
		NotInDocument: a.NotInDocument,
	}
}

func factsToPB(facts []perk.Fact) []*pluginpb.Fact {
	var out []*pluginpb.Fact
	for _, f := range facts {
		out = append(out, &pluginpb.Fact{
			Text: []byte(f.Text), State: []byte(f.State), Start: int64(f.Start), End: int64(f.End), Count: int64(f.Count), Quote: []byte(f.Quote),
		})
	}
	return out
}

func progressToPB(p perk.Progress) *pluginpb.Progress {
	return &pluginpb.Progress{Done: int64(p.Done), Total: int64(p.Total), Step: int64(p.Step), Loss: p.Loss}
}

func infoToPB(i Info) *pluginpb.InfoResponse {
	return &pluginpb.InfoResponse{
		Version:   []byte(i.Version),
		Protocol:  int64(i.Protocol),
		Model:     i.Model[:],
		ModelName: []byte(i.ModelName),
		Recipe:    i.Recipe[:],
		Context:   int64(i.Context),
		StoreDir:  []byte(i.StoreDir),
		Pid:       int64(i.PID),
		Kernel:    []byte(i.Kernel),
		Params:    i.Params,
	}
}

func textsToPB(texts []string) [][]byte {
	var out [][]byte
	for _, t := range texts {
		out = append(out, []byte(t))
	}
	return out
}
