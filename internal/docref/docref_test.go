package docref_test

import (
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/docref"
)

var id = perk.DocumentID{Collection: "Article", Tenant: "acme", UUID: "3b241101-e2bb-4255-8caf-4136c566a962"}

func signer(t testing.TB, secret string) *docref.Signer {
	t.Helper()
	s, err := docref.New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSign holds the form of keys: those that lie in databases must stay valid. The code is that of
// printf 'perk key\0Article/acme/3b24...' | openssl dgst -sha256 -hmac 0123456789abcdef, cut and in base64url.
func TestSign(t *testing.T) {
	s := signer(t, "0123456789abcdef")
	key := s.Sign(id)
	if want := id.String() + "#slN9S71IZLaYOB2SRXXtig"; key != want {
		t.Errorf("%s, want %s", key, want)
	}
	if got, signed, err := s.Parse(key); got != id || !signed || err != nil {
		t.Errorf("%v, %t, %v", got, signed, err)
	}
	if got, signed, err := s.Parse(id.String()); got != id || signed || err != nil {
		t.Errorf("unsigned: %v, %t, %v", got, signed, err)
	}
	if got, signed, err := s.Parse("docs/a#b.txt"); got.UUID != "a#b.txt" || signed || err != nil {
		t.Errorf("a file's name: %v, %t, %v", got, signed, err)
	}
}

func TestForgedKeys(t *testing.T) {
	s := signer(t, "0123456789abcdef")
	key := s.Sign(id)
	other := id
	other.UUID = strings.Replace(id.UUID, "3", "4", 1)
	_, code, _ := docref.Split(key)
	for name, forged := range map[string]string{
		"another document":  other.String() + "#" + code,
		"another tenant":    strings.Replace(key, "acme", "acne", 1),
		"moved parts":       strings.Replace(key, "Article/acme", "Articleacme", 1),
		"another secret":    signer(t, "0123456789abcdeg").Sign(id),
		"another character": key[:len(key)-2] + "AA",
		"not base64":        id.String() + "#" + strings.Repeat("!", 22),
	} {
		if got, _, err := s.Parse(forged); perk.ErrorCode(err) != perk.EDenied || got != (perk.DocumentID{}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := docref.New([]byte("short")); perk.ErrorCode(err) != perk.EInvalid {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	s := signer(f, "0123456789abcdef")
	f.Add(s.Sign(id))
	f.Add("a/b#")
	f.Add("#0123456789012345678901")
	f.Fuzz(func(t *testing.T, key string) {
		got, signed, err := s.Parse(key)
		if err == nil && signed && s.Sign(got) != key {
			t.Fatalf("%q was taken for the key of %v", key, got)
		}
	})
}
