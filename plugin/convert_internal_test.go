package plugin

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// same compares NaN as equal and, as the wire does, empty slices as nil.
var same = cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

// trip sends a message over the wire's encoding.
func trip[M proto.Message](t *testing.T, in, out M) M {
	t.Helper()
	b, err := proto.Marshal(in)
	if err != nil {
		t.Fatalf("marshal %T: %v", in, err)
	}
	if err := proto.Unmarshal(b, out); err != nil {
		t.Fatalf("unmarshal %T: %v", in, err)
	}
	return out
}

func checkRoundTrips(t *testing.T, a, b string, n int64, f float64) {
	t.Helper()
	h, g := perk.ContentHash(a), perk.ContentHash(b)
	i := int(n)
	info := perk.AdapterInfo{
		Key:     perk.AdapterKey{Document: perk.DocumentID{Collection: a, Tenant: b, UUID: a + b}, Model: h, Recipe: g},
		Content: g, Digest: h, Bytes: n, Tokens: i, Chunks: i + 1, Steps: i + 2, Loss: []float64{f, -f, 1 / f}, Seconds: f,
		Created: time.Unix(n%(1<<40), n&0xfffff).UTC(),
	}
	question := perk.Question{Document: info.Key.Document, Text: a, Content: h, Options: perk.DecodeOptions{
		MaxTokens: i, Temperature: f, TopK: i + 1, TopP: -f, Seed: uint64(n), Stop: []string{a, b, ""}, MinConfidence: &f}}
	plain := perk.Question{Document: info.Key.Document} // no smallest confidence is not one of 0
	answer := perk.Answer{Text: a, Support: []perk.Fact{{Text: b}, {Text: a, State: perk.FactFound, Start: i, End: i + 1, Count: i + 2, Quote: b}},
		Probability: f, Confidence: -f, MinConfidence: 1 / f, NotInDocument: true, Tokens: i, Stopped: b,
		Load: time.Duration(n), Prefill: time.Duration(n + 1), Decode: time.Duration(n + 2), Adapter: info}
	progress := perk.Progress{Done: i, Total: i + 1, Step: i + 2, Loss: f}
	about := Info{Version: a, Protocol: i, Model: h, ModelName: b, Recipe: g, Context: i + 1, StoreDir: a + "/" + b, PID: i + 2, Kernel: b, Params: n}
	var p parser
	for _, c := range []struct{ want, got any }{
		{info, p.adapter(trip(t, adapterToPB(info), &pluginpb.AdapterInfo{}))},
		{question, p.question(trip(t, questionToPB(question), &pluginpb.Question{}))},
		{plain, p.question(trip(t, questionToPB(plain), &pluginpb.Question{}))},
		{&answer, p.answer(trip(t, answerToPB(&answer), &pluginpb.Answer{}))},
		{progress, progressFromPB(trip(t, progressToPB(progress), &pluginpb.Progress{}))},
		{about, p.info(trip(t, infoToPB(about), &pluginpb.InfoResponse{}))},
	} {
		if diff := cmp.Diff(c.want, c.got, same...); diff != "" {
			t.Errorf("%T:\n%s", c.want, diff)
		}
	}
	if p.err != nil {
		t.Error(p.err)
	}
}

func FuzzConvertRoundTrip(f *testing.F) {
	f.Add("", "", int64(0), 0.0)
	f.Add("Article", "caf\xe9\x00", int64(-1), math.Inf(1))
	f.Add("日本", "a/b", int64(math.MaxInt32), math.NaN())
	f.Fuzz(checkRoundTrips)
}

func TestZeroTimeSurvives(t *testing.T) {
	var p parser
	if got := p.adapter(trip(t, adapterToPB(perk.AdapterInfo{}), &pluginpb.AdapterInfo{})); !got.Created.IsZero() || p.err != nil {
		t.Errorf("%v, %v", got.Created, p.err)
	}
}

func TestIncompleteMessagesAreRefused(t *testing.T) {
	for name, read := range map[string]func(*parser){
		"adapter": func(p *parser) { p.adapter(nil) },
		"question": func(p *parser) {
			p.question(&pluginpb.Question{Document: &pluginpb.DocumentID{}, Content: make([]byte, 31)})
		},
		"answer": func(p *parser) { p.answer(&pluginpb.Answer{}) },
		"info":   func(p *parser) { p.info(&pluginpb.InfoResponse{}) },
	} {
		var p parser
		if read(&p); perk.ErrorCode(p.err) != perk.EInvalid {
			t.Errorf("%s: %v, want invalid", name, p.err)
		}
	}
}

// FuzzParse feeds the other side's bytes to every reader: they may refuse them, and must not panic.
func FuzzParse(f *testing.F) {
	for _, m := range []proto.Message{answerToPB(&perk.Answer{}), questionToPB(perk.Question{}), infoToPB(Info{}), &pluginpb.Error{}} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p parser
		var answer pluginpb.Answer
		var question pluginpb.Question
		var info pluginpb.InfoResponse
		var damage pluginpb.Error
		if proto.Unmarshal(b, &answer) == nil {
			p.answer(&answer)
		}
		if proto.Unmarshal(b, &question) == nil {
			p.question(&question)
		}
		if proto.Unmarshal(b, &info) == nil {
			p.info(&info)
		}
		if proto.Unmarshal(b, &damage) == nil && perk.ErrorCode(errorFromPB(&damage)) == "" {
			t.Error("an error without a code")
		}
	})
}
