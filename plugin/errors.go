package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// maxErrorText bounds each text of an error on the wire: errors travel in gRPC trailers, which must stay small.
const maxErrorText = 8 << 10

// grpcCode gives the status code under which a perk code travels; no two share one.
func grpcCode(c perk.Code) codes.Code {
	switch c {
	case perk.EInvalid:
		return codes.InvalidArgument
	case perk.ENotFound:
		return codes.NotFound
	case perk.EStale:
		return codes.FailedPrecondition
	case perk.ECorrupt:
		return codes.DataLoss
	case perk.EConflict:
		return codes.Aborted
	case perk.EBusy:
		return codes.OutOfRange // one that no other code has taken; the details say what it means
	case perk.EUnavailable:
		return codes.Unavailable
	case perk.ENoSpace:
		return codes.ResourceExhausted
	case perk.EDenied:
		return codes.PermissionDenied
	case perk.ECanceled:
		return codes.Canceled
	}
	return codes.Internal
}

// perkCode gives the code of a status without details, that is one made by gRPC itself.
func perkCode(c codes.Code) perk.Code {
	switch c {
	case codes.OK:
		return ""
	case codes.Canceled, codes.DeadlineExceeded:
		return perk.ECanceled
	case codes.InvalidArgument, codes.OutOfRange, codes.ResourceExhausted: // exhausted: a message larger than MaxMessage
		return perk.EInvalid
	case codes.NotFound:
		return perk.ENotFound
	case codes.AlreadyExists, codes.Aborted:
		return perk.EConflict
	case codes.FailedPrecondition:
		return perk.EStale
	case codes.PermissionDenied, codes.Unauthenticated:
		return perk.EDenied
	case codes.Unavailable:
		return perk.EUnavailable
	case codes.DataLoss:
		return perk.ECorrupt
	}
	return perk.EInternal // Unknown, Unimplemented, Internal
}

// errorToPB takes an error apart. An Error under a wrapper keeps code and hint; its message is then the wrapper's whole text.
func errorToPB(err error) *pluginpb.Error {
	m := &pluginpb.Error{Code: []byte(perk.ErrorCode(err)), Op: []byte("plugin"), Message: clip(err.Error())}
	var e *perk.Error
	if !errors.As(err, &e) {
		return m
	}
	m.Hint = clip(e.Hint)
	if error(e) == err {
		m.Op, m.Message = clip(e.Op), clip(e.Err.Error())
	} else if e.Hint != "" {
		m.Message = clip(strings.TrimSuffix(err.Error(), " ("+e.Hint+")"))
	}
	return m
}

// errorFromPB puts an error together again.
func errorFromPB(m *pluginpb.Error) *perk.Error {
	code := perk.Code(m.GetCode())
	if code == "" {
		code = perk.EInternal
	}
	return &perk.Error{Code: code, Op: string(m.GetOp()), Err: errors.New(string(m.GetMessage())), Hint: string(m.GetHint())}
}

// reason is errorFromPB, with the end of the caller's context as the cause of a cancellation.
func reason(ctx context.Context, m *pluginpb.Error) *perk.Error {
	e := errorFromPB(m)
	if e.Code == perk.ECanceled && ctx.Err() != nil {
		e.Err = fmt.Errorf("%v: %w", e.Err, ctx.Err())
	}
	return e
}

func clip(s string) []byte {
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "") + "..."
	}
	return []byte(s)
}

// toStatus turns a module's error into what gRPC sends; nil stays nil.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	var own *perk.Error
	if _, is := status.FromError(err); is && !errors.As(err, &own) {
		return err // gRPC's own, from reading the stream
	}
	m := errorToPB(err)
	text := strings.ToValidUTF8(string(m.Message), "\uFFFD")
	s, detailErr := status.New(grpcCode(perk.Code(m.Code)), text).WithDetails(m)
	if detailErr != nil { // only for a message that cannot be marshalled, which bytes fields rule out
		return status.Error(codes.Internal, fmt.Sprintf("%s (details lost: %v)", text, detailErr))
	}
	return s.Err()
}

// lostError is the cause of an EUnavailable that the connection gave, not the module: the process is gone or going.
type lostError struct{ err error }

func (e lostError) Error() string { return e.err.Error() }
func (e lostError) Unwrap() error { return e.err }

// fromStatus turns what gRPC gave the caller into a perk.Error. ctx is the caller's: when it has ended, its error is the cause.
func fromStatus(ctx context.Context, op string, err error) error {
	s := status.Convert(err)
	for _, d := range s.Details() {
		if m, ok := d.(*pluginpb.Error); ok {
			return reason(ctx, m)
		}
	}
	switch code := perkCode(s.Code()); {
	case callEnded(ctx) != nil && (code == perk.ECanceled || code == perk.EUnavailable):
		return perk.E(perk.ECanceled, op, callEnded(ctx))
	case code == perk.EUnavailable, code == perk.ECanceled:
		// Canceled without the caller's doing is the connection closing under the call.
		return perk.E(perk.EUnavailable, op, lostError{errors.New(s.Message())}).WithHint("repeat the call")
	case s.Code() == codes.ResourceExhausted:
		return perk.Errorf(code, op, "%s", s.Message()).WithHint("a question or metadata value and what belongs to it may have %d bytes together", MaxMessage)
	case s.Code() == codes.Unimplemented:
		return perk.Errorf(code, op, "%s", s.Message()).WithHint("use host and plugin of the same version of perk")
	default:
		return perk.Errorf(code, op, "%s", s.Message())
	}
}

// callEnded gives the error of the caller's context, also in the moment between its deadline, which the other side may notice first, and its end.
func callEnded(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return nil
}
