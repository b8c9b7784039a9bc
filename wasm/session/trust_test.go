package session

import (
	"bytes"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/catalogue"
	"anomnet/core/model"
	"anomnet/core/signature"
	"anomnet/wasm/protocol"
)

// signedFile signs data as st says, with a new key.
func signedFile(t *testing.T, data []byte, st signature.Statement) (sig []byte, key string) {
	t.Helper()
	pub, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	line, err := st.Comment()
	require.NoError(t, err)
	r := minisign.NewReader(bytes.NewReader(data))
	_, err = new(bytes.Buffer).ReadFrom(r)
	require.NoError(t, err)
	return r.SignWithComments(secret, line, signature.Untrusted), pub.String()
}

func handled[T any](t *testing.T, op string, req any, bufs ...[]byte) (v T, e protocol.Error) {
	t.Helper()
	meta, err := protocol.Encode(req)
	require.NoError(t, err)
	m := New(nil, nil).Handle(protocol.Message{ID: 1, Op: op, Meta: meta, Bufs: bufs})
	if m.Op == protocol.OpError {
		e, err = protocol.Decode[protocol.Error](m.Meta)
		require.NoError(t, err)
		return v, e
	}
	v, err = protocol.Decode[T](m.Meta)
	require.NoError(t, err)
	return v, e
}

func TestTrust(t *testing.T) {
	_, head, _ := parts(t, "tiny.anomnet")
	f, err := model.Decode(head)
	require.NoError(t, err)
	at := time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)
	st := signature.Statement{Kind: signature.Model, Counter: 7, Date: at, Expires: at.AddDate(1, 0, 0), Name: f.Head.Part}
	sig, key := signedFile(t, head, st)
	other := st
	other.Name = "Another part"
	otherSig, otherKey := signedFile(t, head, other)
	index, err := (&catalogue.Catalogue{Counter: 3, Date: at}).Encode()
	require.NoError(t, err)
	indexSig, indexKey := signedFile(t, index, signature.Statement{Kind: signature.Catalogue, Counter: 3, Date: at})
	now := float64(at.AddDate(0, 1, 0).UnixMilli())
	late := float64(at.AddDate(2, 0, 0).UnixMilli())
	changed := bytes.Clone(sig)
	if c := &changed[len(changed)-20]; *c == 'A' { // another letter of base64
		*c = 'B'
	} else {
		*c = 'A'
	}

	pin := func(text string) []protocol.Pinned {
		return []protocol.Pinned{{Label: "line 4", Origin: "user", Text: text}}
	}
	for name, c := range map[string]struct {
		req                    protocol.TrustRequest
		data, sig              []byte
		state, reason, warning string
	}{
		"signed":        {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: now}, head, sig, protocol.TrustSigned, "", ""},
		"its digest":    {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: now, SHA256: catalogue.Digest(head)}, head, sig, protocol.TrustSigned, "", ""},
		"other digest":  {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: now, SHA256: catalogue.Digest(sig)}, head, sig, protocol.TrustRefused, "wrong", ""},
		"unsigned":      {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: now}, head, nil, protocol.TrustUnsigned, "", ""},
		"no keys":       {protocol.TrustRequest{Kind: protocol.KindModel, Now: now}, head, sig, protocol.TrustRefused, protocol.WhyUnknownKey, ""},
		"changed":       {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: now}, head, changed, protocol.TrustRefused, "wrong", ""},
		"other name":    {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(otherKey), Now: now}, head, otherSig, protocol.TrustRefused, "other_name", ""},
		"expired":       {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: late}, head, sig, protocol.TrustSigned, "", protocol.WhyExpired},
		"clock of 1970": {protocol.TrustRequest{Kind: protocol.KindModel, Keys: pin(key), Now: 1}, head, sig, protocol.TrustSigned, "", protocol.WhyClock},
		"index":         {protocol.TrustRequest{Kind: protocol.KindCatalogue, Keys: pin(indexKey), Now: now}, index, indexSig, protocol.TrustSigned, "", ""},
		"no index":      {protocol.TrustRequest{Kind: protocol.KindCatalogue, Now: now}, []byte("{}"), nil, protocol.TrustRefused, "malformed", ""},
	} {
		got, e := handled[protocol.Trust](t, protocol.OpTrust, c.req, c.data, c.sig)
		require.Empty(t, e.Code, "%s: %s", name, e.Message)
		assert.Equal(t, []string{c.state, c.reason, c.warning}, []string{got.State, got.Reason, got.Warning}, "%s: %s", name, got.Detail)
		if c.state == protocol.TrustSigned && c.req.Kind == protocol.KindModel {
			assert.Equal(t, []any{"line 4", "user", key, uint64(7), f.Head.Part, "2026-11-25", "2027-11-25", f.Digest},
				[]any{got.Label, got.Origin, got.Key, got.Counter, got.Name, got.Date, got.Expires, got.File}, name)
		}
	}
	_, e := handled[protocol.Trust](t, protocol.OpTrust, protocol.TrustRequest{Kind: protocol.KindModel, Now: now}, []byte("no model"), sig)
	assert.Equal(t, protocol.CodeModelCorrupt, e.Code)
	_, e = handled[protocol.Trust](t, protocol.OpTrust, protocol.TrustRequest{Kind: protocol.KindModel, Now: now, Keys: pin("no key")}, head, sig)
	assert.Equal(t, protocol.CodeBadMessage, e.Code)
}

func TestKeyAndChunk(t *testing.T) {
	pub, _, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := pub.MarshalText()
	require.NoError(t, err)
	for _, given := range []string{string(text), pub.String(), string(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))) + "\r\n"} {
		k, e := handled[protocol.KeyResult](t, protocol.OpKey, protocol.KeyRequest{Text: given})
		require.Empty(t, e.Code, e.Message)
		assert.Equal(t, pub.String(), k.Text)
		assert.Len(t, k.ID, 16)
	}
	_, e := handled[protocol.KeyResult](t, protocol.OpKey, protocol.KeyRequest{Text: "not a key"})
	assert.Equal(t, protocol.CodeBadKey, e.Code)

	_, e = handled[protocol.Empty](t, protocol.OpChunk, protocol.ChunkRequest{SHA256: catalogue.Digest([]byte("abc"))}, []byte("abc"))
	assert.Empty(t, e.Code)
	_, e = handled[protocol.Empty](t, protocol.OpChunk, protocol.ChunkRequest{SHA256: catalogue.Digest([]byte("abc"))}, []byte("ab"))
	assert.Equal(t, protocol.CodeChunk, e.Code)
}
