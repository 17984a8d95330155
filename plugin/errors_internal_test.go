package plugin

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/perkdb/perk"
)

// perkCodes reads the codes from the root package's source, so that a new one cannot be forgotten here.
func perkCodes(t *testing.T) []perk.Code {
	t.Helper()
	file, err := goparser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []perk.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			s, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, perk.Code(s))
		}
		return true
	})
	if len(all) < 10 {
		t.Fatalf("only %d codes found", len(all))
	}
	return all
}

func TestEveryCodeSurvives(t *testing.T) {
	used := map[codes.Code]perk.Code{}
	for _, code := range perkCodes(t) {
		c := grpcCode(code)
		if c == codes.OK || used[c] != "" {
			t.Errorf("%s and %q share %v", code, used[c], c)
		}
		used[c] = code
		if c == codes.Internal && code != perk.EInternal {
			t.Errorf("%s is not in the table", code)
		}
		in := &perk.Error{Code: code, Op: "store.Get", Err: errors.New("it is b\xe4d"), Hint: "do better\xff"}
		err := fromStatus(t.Context(), "plugin.X", toStatus(in))
		var out *perk.Error
		if !errors.As(err, &out) || out.Code != in.Code || out.Op != in.Op || out.Hint != in.Hint || out.Err.Error() != in.Err.Error() {
			t.Errorf("%s came back as %#v", code, out)
		}
		if isLost(err) {
			t.Errorf("%s of the module counts as a lost connection", code)
		}
	}
}

func TestEveryStatusHasACode(t *testing.T) {
	known := map[perk.Code]bool{}
	for _, code := range perkCodes(t) {
		known[code] = true
	}
	for c := codes.Code(1); c <= codes.Unauthenticated+1; c++ {
		err := fromStatus(t.Context(), "plugin.X", status.Error(c, "why"))
		if !known[perk.ErrorCode(err)] || !strings.Contains(err.Error(), "why") {
			t.Errorf("%v became %v", c, err)
		}
		if want := c == codes.Unavailable || c == codes.Canceled || c == codes.DeadlineExceeded; isLost(err) != want {
			t.Errorf("%v: lost is %v", c, !want)
		}
	}
	if toStatus(nil) != nil {
		t.Error("no error became one")
	}
}

func TestErrorForms(t *testing.T) {
	inner := perk.Errorf(perk.EStale, "store.Get", "old").WithHint("index it")
	for _, c := range []struct {
		name string
		in   error
		want perk.Error
	}{
		{"plain", errors.New("oops"), perk.Error{Code: perk.EInternal, Op: "plugin"}},
		{"context", context.Canceled, perk.Error{Code: perk.ECanceled, Op: "plugin"}},
		{"wrapped", fmt.Errorf("load: %w", inner), perk.Error{Code: perk.EStale, Op: "plugin", Hint: "index it"}},
		{"nested", perk.E(perk.ECorrupt, "ask", inner), perk.Error{Code: perk.ECorrupt, Op: "ask"}},
	} {
		got := errorFromPB(errorToPB(c.in))
		if diff := cmp.Diff(c.want, perk.Error{Code: got.Code, Op: got.Op, Hint: got.Hint}); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if !strings.HasSuffix(got.Error(), c.in.Error()) {
			t.Errorf("%s: text %q does not end in %q", c.name, got, c.in)
		}
	}
	long := errorToPB(errors.New(strings.Repeat("é", maxErrorText)))
	if len(long.Message) > maxErrorText+3 {
		t.Errorf("a long error has %d bytes", len(long.Message))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{toStatus(context.Canceled), status.Error(codes.Canceled, ""), status.Error(codes.Unavailable, "")} {
		if got := fromStatus(ctx, "plugin.X", err); perk.ErrorCode(got) != perk.ECanceled || !errors.Is(got, context.Canceled) {
			t.Errorf("after the caller's cancellation %v became %v", err, got)
		}
	}
}
