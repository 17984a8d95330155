package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

const (
	maxLine  = 64 << 10 // bytes of a log line; the rest of a longer one is dropped
	maxPlain = 1 << 10  // bytes of plain text that are kept to explain the process's end
)

// stderrLog takes a plugin's standard error: it logs structured lines again in the host's log, and keeps what explains the process's end.
// The bytes are not trusted.
type stderrLog struct {
	log zerolog.Logger

	mu      sync.Mutex
	line    []byte      // the unfinished line
	plain   []byte      // the first lines since the last structured one: a panic's message comes first
	failure *perk.Error // what Abort said
}

// Write takes the next bytes.
func (s *stderrLog) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte{'\n'})
		s.line = append(s.line, part[:min(len(part), maxLine-len(s.line))]...)
		if whole {
			s.take(s.line)
			s.line = s.line[:0]
		}
		rest = after
	}
	return len(b), nil
}

// take logs one line.
func (s *stderrLog) take(line []byte) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil || fields[keyMessage] == nil {
		if text := strings.ToValidUTF8(strings.TrimSpace(string(line)), "\uFFFD"); text != "" {
			s.plain = append(s.plain, text[:min(len(text), max(0, maxPlain-len(s.plain)))]...)
			s.plain = append(s.plain, '\n')
			s.log.Debug().Msg(text)
		}
		return
	}
	s.plain = s.plain[:0]
	var f failure
	if raw := fields[keyFailure]; raw != nil && json.Unmarshal(raw, &f) == nil && f.Code != "" {
		s.failure = &perk.Error{Code: f.Code, Op: f.Op, Err: errors.New(f.Message), Hint: f.Hint}
	}
	level, err := zerolog.ParseLevel(text(fields[keyLevel]))
	if err != nil || level == zerolog.Disabled {
		level = zerolog.InfoLevel
	}
	message := text(fields[keyMessage])
	e := s.log.WithLevel(level) // never ends the host, also for a plugin's fatal
	for _, k := range []string{keyLevel, keyMessage, keyTimestamp} {
		delete(fields, k)
	}
	for _, k := range sortedKeys(fields) {
		e = e.RawJSON(k, fields[k])
	}
	e.Msg(message)
}

// aborted gives what Abort said, or nil.
func (s *stderrLog) aborted() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		return nil
	}
	return s.failure
}

// lastWords gives the plain text that came last, such as a panic's, on one line.
func (s *stderrLog) lastWords() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(string(s.plain), "")), "\n", " | ")
}

// text reads a JSON string; anything else is given as it stands.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

func sortedKeys(m map[string]json.RawMessage) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
