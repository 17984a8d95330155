package weaviatemodule

import (
	"encoding/json"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
)

// logWriter takes perk's log, one JSON object a line, into Weaviate's.
type logWriter struct{ to logrus.FieldLogger }

func newLogger(to logrus.FieldLogger) zerolog.Logger { return zerolog.New(logWriter{to}) }

// Write takes a line without a level.
func (w logWriter) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.InfoLevel, line) }

// WriteLevel takes a line.
func (w logWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	fields := logrus.Fields{}
	if json.Unmarshal(line, &fields) != nil {
		fields = logrus.Fields{}
	}
	message, _ := fields[zerolog.MessageFieldName].(string)
	delete(fields, zerolog.MessageFieldName)
	delete(fields, zerolog.LevelFieldName)
	fields["module"] = Name
	entry := w.to.WithFields(fields)
	switch level {
	case zerolog.TraceLevel, zerolog.DebugLevel:
		entry.Debug(message)
	case zerolog.InfoLevel, zerolog.NoLevel:
		entry.Info(message)
	case zerolog.WarnLevel:
		entry.Warn(message)
	default:
		entry.Error(message)
	}
	return len(line), nil
}
