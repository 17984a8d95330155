package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// Keys of go-plugin's log lines.
const (
	keyLevel     = "@level"
	keyMessage   = "@message"
	keyTimestamp = "@timestamp"
	keyFailure   = "@perk_error" // ours: why the process could not start, as {code, op, message, hint}
	timeFormat   = "2006-01-02T15:04:05.000000Z07:00"
)

// NewLogger gives the logger of a plugin process. w is the process's standard error as it was before Serve; each event becomes one line with
// the keys @level, @message and @timestamp, which hosts log again with their fields.
func NewLogger(w io.Writer) zerolog.Logger {
	return zerolog.New(renamer{w})
}

// renamer rewrites zerolog's keys; zerolog's own setting for that would change every logger of the process.
type renamer struct{ w io.Writer }

// Write takes one event.
func (r renamer) Write(event []byte) (int, error) {
	var fields map[string]any
	if err := json.Unmarshal(event, &fields); err != nil {
		return r.w.Write(event)
	}
	for from, to := range map[string]string{zerolog.LevelFieldName: keyLevel, zerolog.MessageFieldName: keyMessage} {
		text, _ := fields[from].(string)
		delete(fields, from)
		fields[to] = text
	}
	if err := writeLine(r.w, fields); err != nil {
		return 0, err
	}
	return len(event), nil
}

func writeLine(w io.Writer, fields map[string]any) error {
	fields[keyTimestamp] = time.Now().Format(timeFormat)
	line, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("encode log line: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// failure is a perk.Error as it stands in a log line.
type failure struct {
	Code    perk.Code `json:"code"`
	Op      string    `json:"op"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
}

// Abort tells the host why a plugin process ends before Serve, for instance because another process holds its store: the error of the host's Open
// then has err's code, operation, message and hint. w is the process's standard error.
func Abort(w io.Writer, err error) error {
	m := errorToPB(err)
	return writeLine(w, map[string]any{
		keyLevel:   zerolog.LevelErrorValue,
		keyMessage: "plugin did not start",
		keyFailure: failure{Code: perk.Code(m.Code), Op: string(m.Op), Message: string(m.Message), Hint: string(m.Hint)},
	})
}

// hostLogger gives go-plugin a logger that ends in ours.
func hostLogger(log zerolog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
	l.RegisterSink(&sink{log}) // hclog keeps sinks as keys of a map
	return l
}

// sink receives go-plugin's own events. They are about its machinery, so none is logged above debug; host.go tells what matters.
type sink struct{ log zerolog.Logger }

// Accept takes one event; args alternate between keys and values.
func (s *sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	e := s.log.Debug()
	if level <= hclog.Trace {
		e = s.log.Trace()
	}
	for i := 0; i+1 < len(args); i += 2 {
		e = e.Str(fmt.Sprint(args[i]), fmt.Sprint(args[i+1]))
	}
	e.Str("by", "go-plugin").Msg(msg)
}
