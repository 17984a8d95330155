package adapterstore

import (
	"fmt"
	"strings"

	"github.com/rs/zerolog"
)

// badgerLogger passes Badger's warnings and errors on; its chatter about tables and levels is dropped.
type badgerLogger struct{ log zerolog.Logger }

// Errorf logs at error level.
func (l badgerLogger) Errorf(format string, args ...any) { l.msg(l.log.Error(), format, args) }

// Warningf logs at warn level.
func (l badgerLogger) Warningf(format string, args ...any) { l.msg(l.log.Warn(), format, args) }

// Infof drops the message.
func (badgerLogger) Infof(string, ...any) {}

// Debugf drops the message.
func (badgerLogger) Debugf(string, ...any) {}

func (badgerLogger) msg(e *zerolog.Event, format string, args []any) {
	e.Str("part", "badger").Msg(strings.TrimSpace(fmt.Sprintf(format, args...)))
}
