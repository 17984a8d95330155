package plugin

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// sendAdapter sends an adapter's description and then its payload in pieces.
func sendAdapter(send func(*pluginpb.AdapterPart) error, a *perk.Adapter) error {
	if err := send(&pluginpb.AdapterPart{Part: &pluginpb.AdapterPart_Adapter{Adapter: adapterToPB(a.AdapterInfo)}}); err != nil {
		return err
	}
	for rest := a.Payload; len(rest) > 0; {
		n := min(len(rest), pieceSize)
		if err := send(&pluginpb.AdapterPart{Part: &pluginpb.AdapterPart_Payload{Payload: rest[:n]}}); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// receiveAdapter reads what sendAdapter sent. The payload is held to its length and digest, so that what arrives is what was sent. Where nothing was sent the error is io.EOF.
func receiveAdapter(op string, receive func() (*pluginpb.AdapterPart, error)) (*perk.Adapter, error) {
	first, err := receive()
	if err != nil {
		return nil, err
	}
	var p parser
	a := &perk.Adapter{AdapterInfo: p.adapter(first.GetAdapter())}
	if p.err != nil {
		return nil, p.err
	}
	if err := payloadFits(op, a.Bytes); err != nil {
		return nil, err
	}
	var payload bytes.Buffer
	for int64(payload.Len()) <= a.Bytes {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		payload.Write(m.GetPayload())
	}
	if int64(payload.Len()) != a.Bytes {
		return nil, perk.Errorf(perk.ECorrupt, op, "payload of at least %d bytes came, %d were announced", payload.Len(), a.Bytes)
	}
	a.Payload = payload.Bytes()
	if got := perk.Hash(sha256.Sum256(a.Payload)); got != a.Digest {
		return nil, perk.Errorf(perk.ECorrupt, op, "payload of %s has digest %s, want %s", a.Key, got.Short(), a.Digest.Short())
	}
	return a, nil
}

func payloadFits(op string, n int64) error {
	if n < 0 || n > MaxPayload {
		return perk.Errorf(perk.EInvalid, op, "payload of %d bytes, at most %d are accepted", n, MaxPayload)
	}
	return nil
}
