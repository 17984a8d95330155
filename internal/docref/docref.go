// Package docref makes and reads the keys by which prompts name documents.
//
// A key is a document's id, and behind a '#' a message authentication code of it:
//
//	Collection/[tenant/]uuid#vLx0xT1aA0m3rQ9p2aWc8A
//
// Whoever holds the secret can make the keys of all documents; everybody else has only those that somebody gave to him, for instance by letting him
// read the object that holds its own key. The code is the first 128 bits of HMAC-SHA256, in URL-safe base64 without padding.
//
// # Main types
//
// Signer makes (Sign) and checks (Parse) keys. A key does not expire; another secret makes all old ones invalid.
package docref

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/perkdb/perk"
)

const (
	mark    = "#"
	macSize = 16         // bytes
	purpose = "perk key" // keeps the secret's other uses apart
)

// Signer makes and checks keys.
type Signer struct {
	secret []byte
}

// New makes a signer. Errors: EInvalid (a secret of fewer than 16 bytes).
func New(secret []byte) (*Signer, error) {
	if len(secret) < macSize {
		return nil, perk.Errorf(perk.EInvalid, "docref.New", "the secret has %d bytes, at least %d are wanted", len(secret), macSize).
			WithHint("use 32 random bytes")
	}
	return &Signer{secret: secret}, nil
}

// Sign gives a document's key.
func (s *Signer) Sign(id perk.DocumentID) string {
	return id.String() + mark + base64.RawURLEncoding.EncodeToString(s.mac(id))
}

func (s *Signer) mac(id perk.DocumentID) []byte {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(purpose + "\x00" + id.String())) // a hash never fails
	return h.Sum(nil)[:macSize]
}

// Parse reads a key; signed tells whether it carries a code, which is then right. Errors: EInvalid (no id), EDenied (a wrong code).
func (s *Signer) Parse(key string) (id perk.DocumentID, signed bool, err error) {
	name, code, signed := Split(key)
	if id, err = perk.ParseDocumentID(name); err != nil {
		return perk.DocumentID{}, false, err
	}
	if !signed {
		return id, false, nil
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(code)
	if err != nil || !hmac.Equal(mac, s.mac(id)) {
		return perk.DocumentID{}, false, perk.Errorf(perk.EDenied, "docref", "the key's signature is not right").
			WithHint("read the key from the object again; after a change of the secret `perk index --write-refs` writes all keys anew")
	}
	return id, true, nil
}

// Split takes a key's id and code apart, without a check of either; signed tells whether there is a code.
func Split(key string) (id, code string, signed bool) {
	at := strings.LastIndex(key, mark)
	if at < 0 || len(key)-at-len(mark) != base64.RawURLEncoding.EncodedLen(macSize) || strings.ContainsAny(key[at:], "/. ") {
		return key, "", false
	}
	return key[:at], key[at+len(mark):], true
}
