package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/folder"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, dir string) *folder.Source {
	t.Helper()
	s, err := folder.Open(dir, "docs")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scan gives "uuid=text" or "uuid!code" for every document.
func scan(t *testing.T, s *folder.Source, after string) []string {
	t.Helper()
	got := []string{}
	for d, err := range s.Scan(t.Context(), after) {
		switch {
		case err != nil && d.Cursor == "":
			t.Fatal(err)
		case err != nil:
			got = append(got, d.Document.ID.UUID+"!"+string(perk.ErrorCode(err)))
		default:
			got = append(got, d.Document.ID.UUID+"="+d.Document.Text)
		}
	}
	return got
}

func TestScan(t *testing.T) {
	outside := tree(t, map[string]string{"secret.txt": "outside"})
	dir := tree(t, map[string]string{
		"b.txt": "B", "a/x.md": "X", "a.txt": "A", "image.png": "no", ".hidden.txt": "no", ".git/c.txt": "no", "latin1.TXT": "caf\xe9", "ü %.md": "U",
	})
	for link, target := range map[string]string{"in.txt": "b.txt", "out.txt": filepath.Join(outside, "secret.txt"), "up.txt": "../secret.txt", "dir": outside} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	want := []string{"a%2Fx.md=X", "a.txt=A", "b.txt=B", "in.txt=B", "latin1.TXT=caf\xe9", "out.txt!invalid", "up.txt!invalid", "ü %25.md=U"}
	if diff := cmp.Diff(want, scan(t, s, "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[3:], scan(t, s, "b.txt")); diff != "" {
		t.Error("after a cursor:", diff)
	}
	if n, err := s.Count(t.Context()); n != len(want) || err != nil {
		t.Error(n, err)
	}
}

func TestDocument(t *testing.T) {
	dir := tree(t, map[string]string{"in/a.txt": "A", "in/.b.txt": "hidden", "in/c.bin": "no text", "secret.txt": "outside"})
	s := open(t, filepath.Join(dir, "in"))
	for _, c := range []struct {
		uuid string
		want perk.Code
	}{
		{"a.txt", ""}, {"none.txt", perk.ENotFound}, {".b.txt", perk.ENotFound}, {"c.bin", perk.ENotFound},
		{"..%2Fsecret.txt", perk.EInvalid}, {"%2Fetc%2Fpasswd.txt", perk.EInvalid}, {"%61.txt", perk.EInvalid}, {"%zz.txt", perk.EInvalid},
	} {
		d, err := s.Document(t.Context(), perk.DocumentID{Collection: "docs", UUID: c.uuid})
		if perk.ErrorCode(err) != c.want || (err == nil) != (d.Text == "A") {
			t.Errorf("%s: %q, %v, want code %q", c.uuid, d.Text, err, c.want)
		}
	}
	if _, err := s.Document(t.Context(), perk.DocumentID{Collection: "other", UUID: "a.txt"}); perk.ErrorCode(err) != perk.ENotFound {
		t.Error("of another collection:", err)
	}
}

func TestTooLargeAndTooLong(t *testing.T) {
	long := strings.Repeat("%", 180) + ".txt" // 544 bytes as a uuid
	dir := tree(t, map[string]string{"big.txt": "", long: "x"})
	if err := os.Truncate(filepath.Join(dir, "big.txt"), folder.MaxBytes+1); err != nil {
		t.Fatal(err)
	}
	want := []string{folder.UUID(long) + "!invalid", "big.txt!invalid"}
	if diff := cmp.Diff(want, scan(t, open(t, dir), "")); diff != "" {
		t.Error(diff)
	}
}

func TestFolderThatGoesAwayIsUnavailable(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "A"})
	s := open(t, dir)
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Document(t.Context(), perk.DocumentID{Collection: "docs", UUID: "a.txt"}); perk.ErrorCode(err) != perk.EUnavailable {
		t.Error("Document:", err)
	}
	for _, err := range s.Scan(t.Context(), "") {
		if perk.ErrorCode(err) != perk.EUnavailable {
			t.Error("Scan:", err)
		}
	}
	if _, err := folder.Open(dir, "docs"); perk.ErrorCode(err) != perk.ENotFound {
		t.Error("Open:", err)
	}
	if _, err := folder.Open(dir+"-away", "a/b"); perk.ErrorCode(err) != perk.EInvalid {
		t.Error("Open with a bad collection:", err)
	}
}

func FuzzUUID(f *testing.F) {
	for _, s := range []string{"a/b.txt", "%2F", "\xff\x00", "ü.md", "\uFFFD", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		uuid := folder.UUID(path)
		if err := (perk.DocumentID{Collection: "c", UUID: uuid}).Validate(); err != nil && path != "" && len(uuid) <= 512 {
			t.Fatal(err)
		}
		if back, err := folder.Path(uuid); err == nil && back != path {
			t.Fatalf("%q became %q and then %q", path, uuid, back)
		}
		if p, err := folder.Path(path); err == nil && (strings.HasPrefix(p, "/") || strings.Contains("/"+p+"/", "/../")) {
			t.Fatalf("%q leads to %q", path, p)
		}
	})
}
