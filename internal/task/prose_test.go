package task_test

import (
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// writeGzip writes a gzip file into a temporary folder.
func writeGzip(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "novels.txt.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every filler sentence must come from a novel of its split, and no sentence may name a person of the tasks.
func TestProse(t *testing.T) {
	var b strings.Builder
	for n := range 20 {
		fmt.Fprintf(&b, "\x1eAuthor_Title%d\nCHAPTER ONE\n", n)
		for s := range 200 {
			fmt.Fprintf(&b, "This is sentence %d of the novel %d. Mary went out with nobody in number %d! ", s, n, s)
		}
	}
	p, err := task.OpenProse(writeGzip(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]task.Split{}
	for _, s := range []task.Split{task.Train, task.Eval} {
		for _, title := range p.Titles(s) {
			if _, dup := of[title]; dup {
				t.Errorf("%s is in both splits", title)
			}
			of[title] = s
		}
		texts := 0
		for range p.Texts(s) {
			texts++
		}
		if texts != len(p.Titles(s)) {
			t.Errorf("%v: %d texts, %d titles", s, texts, len(p.Titles(s)))
		}
	}
	if len(of) != 20 {
		t.Errorf("%d novels, want 20", len(of))
	}
	re := regexp.MustCompile(`^This is sentence \d+ of the novel (\d+)\.$`)
	for _, split := range []task.Split{task.Train, task.Eval} {
		n := 0
		for s := range p.Sentences(rand.New(rand.NewPCG(1, 1)), split) {
			m := re.FindStringSubmatch(s)
			if m == nil {
				t.Fatalf("%v: sentence %q", split, s)
			}
			if of["Author_Title"+m[1]] != split {
				t.Errorf("%v: sentence of novel %s, which is of the other split", split, m[1])
			}
			if n++; n == 2000 {
				break
			}
		}
	}
}

func TestProseErrors(t *testing.T) {
	notGzip := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(notGzip, []byte("plain text"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(writeGzip(t, strings.Repeat("Some text. ", 5000)))
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.gz")
	if err := os.WriteFile(cut, whole[:len(whole)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, path string
		code       perk.Code
	}{
		{"missing", filepath.Join(t.TempDir(), "no"), perk.ENotFound},
		{"not gzip", notGzip, perk.EInvalid},
		{"truncated", cut, perk.EInvalid},
		{"one novel", writeGzip(t, "Title\n"+strings.Repeat("Some text. ", 5000)), perk.EInvalid},
	} {
		if _, err := task.OpenProse(c.path); perk.ErrorCode(err) != c.code {
			t.Errorf("%s: error %v, want %s", c.what, err, c.code)
		}
	}
}

// Generated filler must not speak of what the tasks ask.
func TestGeneratedNamesNobody(t *testing.T) {
	bad := regexp.MustCompile(`(?i)\b(mary|john|daniel|sandra|bathroom|bedroom|garden|hallway|kitchen|office|apple|football|milk|event|student|[0-9]+)\b|[%|]`)
	n, bytes, seen := 0, 0, map[string]bool{}
	for s := range (task.Generated{}).Sentences(rand.New(rand.NewPCG(3, 3)), task.Train) {
		if m := bad.FindString(s); m != "" {
			t.Errorf("%q holds %q", s, m)
		}
		seen[s] = true
		bytes += len(s)
		if n++; n == 20000 {
			break
		}
	}
	if len(seen) < 19000 || bytes/n < 30 || bytes/n > 120 {
		t.Errorf("%d different sentences of %d, %d bytes on average", len(seen), n, bytes/n)
	}
}

// dataDir gives the folder of test data, or skips.
func dataDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PERK_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("test data is absent: %v; set PERK_DATA", err)
		}
		t.Skipf("test data is absent: %v; set PERK_DATA", err)
	}
	return dir
}

func TestRealProse(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 70 MB")
	}
	p, err := task.OpenProse(filepath.Join(dataDir(t), "prose", "english_novels_97.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	train, eval := len(p.Titles(task.Train)), len(p.Titles(task.Eval))
	if train+eval < 90 || eval < 8 {
		t.Errorf("%d and %d novels", train, eval)
	}
	o := options(1024, task.Eval)
	o.Filler = p
	for seed := range uint64(30) {
		ep := draw(t, "babilong-qa2", seed, o)
		if n := o.Count(ep.Text); n > 1024 || n < 1003 {
			t.Errorf("seed %d: %d tokens", seed, n)
		}
		events := parseEvents(t, ep.Text)
		if len(events) < 4 {
			t.Errorf("seed %d: %d events", seed, len(events))
		}
	}
}
