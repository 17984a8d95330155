package perk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Code says what kind of failure an Error is; callers decide by it, never by an error's text.
type Code string

// Codes of failures.
const (
	EInvalid     Code = "invalid"     // the request or input is wrong; repeating it will not help
	ENotFound    Code = "not_found"   // no such document or adapter (not encoded yet: "pending")
	EStale       Code = "stale"       // the adapter was written from another text, model or recipe
	ECorrupt     Code = "corrupt"     // stored bytes do not match their digest
	EConflict    Code = "conflict"    // somebody else holds the resource
	EBusy        Code = "busy"        // more is asked for than is taken at once; try again later
	EUnavailable Code = "unavailable" // a server or process is away; try again
	ENoSpace     Code = "no_space"    // the disk is full
	EDenied      Code = "denied"      // the key or permission was refused
	ECanceled    Code = "canceled"    // the caller's context ended
	EInternal    Code = "internal"    // a fault of perk itself
)

// Error carries a code, the operation that failed, the cause, and a remedy for people.
type Error struct {
	Code Code
	Op   string // "adapterstore.Get"
	Err  error
	Hint string // what to do; may be empty
}

// Error gives "op: cause (hint)".
func (e *Error) Error() string {
	s := e.Op + ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// WithHint sets the remedy and returns the same error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// E wraps a cause with a code and an operation. An ended context's error always gets ECanceled.
func E(code Code, op string, err error) *Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = ECanceled
	}
	return &Error{Code: code, Op: op, Err: err}
}

// Errorf makes an Error from a format.
func Errorf(code Code, op, format string, args ...any) *Error {
	return E(code, op, fmt.Errorf(format, args...))
}

// DiskCode gives the code of an error of the file system: ENotFound, EDenied, ENoSpace, or EUnavailable for one of another kind.
func DiskCode(err error) Code {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ENotFound
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return EDenied
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ENoSpace
	}
	return EUnavailable
}

// ErrorCode gives the code of the outermost Error in err's chain, ECanceled for an ended context, "" for nil, EInternal otherwise.
func ErrorCode(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ECanceled
	}
	return EInternal
}
