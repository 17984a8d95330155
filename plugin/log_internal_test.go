package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

func TestPluginLineFormat(t *testing.T) {
	var b bytes.Buffer
	log := NewLogger(&b)
	log.Warn().Int("chunks", 3).Str("doc", "Article/1").Msg("document encoded")
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || !strings.HasSuffix(b.String(), "}\n") {
		t.Fatalf("%q: %v", b.String(), err)
	}
	if _, err := time.Parse(timeFormat, got[keyTimestamp].(string)); err != nil {
		t.Error(err)
	}
	if got[keyLevel] != "warn" || got[keyMessage] != "document encoded" || got["chunks"] != 3.0 || got["doc"] != "Article/1" || len(got) != 5 {
		t.Errorf("line %v", got)
	}
}

func TestHostLogsPluginLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"@level":"info","@message":"opened","@timestamp":"x","n":1.50,"a":{"b":[1]}}`, `{"level":"info","a":{"b":[1]},"n":1.50,"message":"opened"}`},
		{`{"@level":"fatal","@message":"the end"}`, `{"level":"fatal","message":"the end"}`},
		{`{"@level":"loud","@message":7}`, `{"level":"info","message":"7"}`},
		{`{"@level":"disabled","@message":"x"}`, `{"level":"info","message":"x"}`},
		{`{"other":"json"}`, `{"level":"debug","message":"{\"other\":\"json\"}"}`},
		{"panic: oh\xff", `{"level":"debug","message":"panic: oh�"}`},
		{"null", `{"level":"debug","message":"null"}`},
		{"  ", ``},
	} {
		var b bytes.Buffer
		s := &stderrLog{log: zerolog.New(&b)}
		half := len(c.in) / 2
		for _, part := range []string{c.in[:half], c.in[half:], "\n"} {
			if n, err := s.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatalf("write: %d, %v", n, err)
			}
		}
		if got := strings.TrimSuffix(b.String(), "\n"); got != c.want {
			t.Errorf("%s became %s, want %s", c.in, got, c.want)
		}
	}
}

func TestLastWordsAndFailure(t *testing.T) {
	s := &stderrLog{}
	write := func(text string) {
		if _, err := s.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write("old noise\n{\"@message\":\"x\"}\npanic: out of luck\n\ngoroutine 1\n" + strings.Repeat("y", 2*maxLine) + "\n")
	if got := s.lastWords(); !strings.HasPrefix(got, "panic: out of luck | goroutine 1 | y") || len(got) > maxPlain+20 {
		t.Errorf("last words %q", got)
	}
	if s.aborted() != nil {
		t.Errorf("aborted: %v", s.aborted())
	}
	if err := Abort(s, perk.Errorf(perk.ENoSpace, "store.Open", "full").WithHint("make room")); err != nil {
		t.Fatal(err)
	}
	var e *perk.Error
	if !errors.As(s.aborted(), &e) || e.Code != perk.ENoSpace || e.Error() != "store.Open: full (make room)" {
		t.Errorf("aborted: %v", s.aborted())
	}
}

func FuzzStderr(f *testing.F) {
	f.Add([]byte("{\"@level\":\"info\",\"@message\":\"x\",\"k\":1}\nplain\n{\"@perk_error\":{\"code\":\"x\"},\"@message\":\"\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		s := &stderrLog{log: zerolog.New(&out)}
		if n, err := s.Write(b); n != len(b) || err != nil {
			t.Fatalf("write: %d, %v", n, err)
		}
		if len(s.line) > maxLine || len(s.plain) > maxPlain+maxLine {
			t.Fatalf("kept %d and %d bytes", len(s.line), len(s.plain))
		}
		for line := range bytes.Lines(out.Bytes()) {
			if !json.Valid(line) {
				t.Fatalf("logged %q", line)
			}
		}
	})
}
