package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/weaviate/weaviate/grpc/generated/protocol/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/internal/task"
)

// search is a gRPC Search with a key.
func (n *node) search(t *testing.T, r *pb.SearchRequest) (*pb.SearchReply, error) {
	t.Helper()
	conn, err := grpc.NewClient(n.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := t.Context()
	if n.key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+n.key)
	}
	//lint:ignore SA1019 the server answers in its oldest form unless a client says that it knows the newer ones
	r.Uses_123Api, r.Uses_125Api, r.Uses_127Api = true, true, true
	return pb.NewWeaviateClient(conn).Search(ctx, r)
}

// TestGenerate asks by `generate`, over GraphQL and gRPC, single and grouped.
func TestGenerate(t *testing.T) {
	n := start(t, server.Config{}, shortDir(t))
	n.must(t, http.MethodPost, "/v1/schema", class, nil)
	l := newLibrary(13)
	stories := map[string]*story{}
	var all []*story
	for i := range 6 {
		s := l.draw(t, i, "", "")
		stories[s.uuid], all = s, append(all, s)
	}
	n.put(t, "Story", all...)
	eventually(t, time.Minute, "ready", func() bool { return len(n.adapters(t)) == len(all) })
	right := func(t *testing.T, got map[string]string) {
		t.Helper()
		count := 0
		for id, text := range got {
			if task.EM(text, []string{stories[id].place}) == 1 {
				count++
			}
		}
		if len(got) != len(all) || count < len(all)-1 {
			t.Errorf("%d of %d right: %v", count, len(got), got)
		}
	}
	grouped := func(t *testing.T, text string) {
		t.Helper()
		got := map[string]string{}
		for line := range strings.SplitSeq(text, "\n") {
			key, said, _ := strings.Cut(line, ": ")
			got[strings.TrimPrefix(key, "Story/")] = said
		}
		right(t, got)
	}
	t.Run("GraphQL single", func(t *testing.T) {
		hits, problem := n.query(t, "Story", `bm25:{query:"Mary"}, limit:6`, `generate(singleResult:{prompt:"Where is Mary?"}){singleResult error}`)
		got := map[string]string{}
		for _, h := range hits {
			got[h.Additional.ID] = h.Additional.Generate.SingleResult + h.Additional.Generate.Error
		}
		right(t, got)
		if problem != "" {
			t.Error(problem)
		}
	})
	t.Run("GraphQL grouped", func(t *testing.T) {
		hits, problem := n.query(t, "Story", "limit:6", `generate(groupedResult:{task:"Where is Mary?"}){groupedResult error}`)
		if len(hits) == 0 {
			t.Fatal(problem)
		}
		grouped(t, hits[0].Additional.Generate.GroupedResult)
	})
	t.Run("gRPC single and grouped", func(t *testing.T) {
		reply, err := n.search(t, &pb.SearchRequest{
			Collection: "Story", Limit: 6, Bm25Search: &pb.BM25{Query: "Mary", Properties: []string{"content"}}, Metadata: &pb.MetadataRequest{Uuid: true},
			Generative: &pb.GenerativeSearch{
				Single:  &pb.GenerativeSearch_Single{Prompt: "Where is Mary?"},
				Grouped: &pb.GenerativeSearch_Grouped{Task: "Where is Mary?"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range reply.Results {
			got[r.Metadata.Id] = r.Generative.GetValues()[0].Result
		}
		right(t, got)
		grouped(t, reply.GenerativeGroupedResults.GetValues()[0].Result)
	})
	t.Run("a prompt that names the text", func(t *testing.T) {
		search := fmt.Sprintf(`where:{path:["id"], operator:Equal, valueText:%q}`, all[0].uuid)
		hits, problem := n.query(t, "Story", search, `generate(singleResult:{prompt:"{content} Where is Mary?"}){singleResult error}`)
		if len(hits) != 1 || task.EM(hits[0].Additional.Generate.SingleResult, []string{all[0].place}) != 1 {
			t.Errorf("%+v %s, want %s", hits, problem, all[0].place)
		}
		hits, problem = n.query(t, "Story", search, `generate(singleResult:{prompt:"Where is Mary?"}){singleResult error}`)
		if len(hits) != 1 || !strings.Contains(hits[0].Additional.Generate.Error, "select content") {
			t.Errorf("without it: %+v %s", hits, problem)
		}
	})
	t.Run("an object that has no adapter", func(t *testing.T) {
		n.must(t, http.MethodPost, "/v1/modules/perk/index", `{"collection":"Story","action":"pause"}`, nil)
		eventually(t, 10*time.Second, "paused", func() bool { return strings.Contains(n.status(t), `"paused":true`) })
		s := l.draw(t, 90, "", "")
		n.put(t, "Story", s)
		search := fmt.Sprintf(`where:{path:["id"], operator:Equal, valueText:%q}`, s.uuid)
		hits, problem := n.query(t, "Story", search, `generate(singleResult:{prompt:"{content} Where is Mary?"}){singleResult error}`)
		if len(hits) != 1 || hits[0].Additional.Generate.SingleResult != "" || !strings.Contains(hits[0].Additional.Generate.Error, "pending") {
			t.Errorf("%+v %s", hits, problem)
		}
		hits, problem = n.query(t, "Story", search, `generate(groupedResult:{task:"Where is Mary?", properties:["content"]}){groupedResult error}`)
		if len(hits) != 1 || !strings.Contains(hits[0].Additional.Generate.Error, "no adapter has an answer") {
			t.Errorf("%+v %s", hits, problem)
		}
		n.must(t, http.MethodPost, "/v1/modules/perk/index", `{"collection":"Story","action":"resume"}`, nil)
		eventually(t, time.Minute, "encoded", func() bool {
			hits, _ := n.query(t, "Story", search, perkField(where))
			return len(hits) == 1 && hits[0].Additional.Perk.State == "ready"
		})
	})
}
