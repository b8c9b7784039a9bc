package session

import (
	"fmt"
	"strings"
	"time"

	"anomnet/core/catalogue"
	"anomnet/core/model"
	"anomnet/core/signature"
	"anomnet/wasm/protocol"
)

// trust says who signed a file. A model must be one: its part's name is compared with that of the statement.
func trust(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.TrustRequest](m.Meta)
	if err == nil && len(m.Bufs) != 2 {
		err = fmt.Errorf("session: trust has %d buffers, want a file and its signature", len(m.Bufs))
	}
	var keys []signature.Key
	for _, k := range req.Keys {
		key, e := signature.ParseKey(k.Text, k.Label, signature.Origin(k.Origin))
		if e != nil && err == nil {
			err = e
		}
		keys = append(keys, key)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	data, sig := m.Bufs[0], m.Bufs[1]
	check := &signature.Check{Kind: signature.Kind(req.Kind), Keys: keys, Now: moment(req.Now), Floor: moment(req.Floor), Lenient: true}
	var res signature.Result
	file := ""
	switch check.Kind {
	case signature.Catalogue:
		_, res = catalogue.Open(data, sig, check)
	case signature.Model:
		f, err := model.Decode(data)
		if err != nil {
			return fromError(m.ID, err)
		}
		file, check.Name = f.Digest, nameOf(f)
		res = signature.Verify(data, sig, check)
	default:
		res = signature.Verify(data, sig, check)
	}
	if req.SHA256 != "" && catalogue.Digest(data) != req.SHA256 {
		res.State, res.Reason, res.Detail = signature.Refused, signature.Wrong, "not the file that the index names"
	}
	return answer(m.ID, trusted(res, file))
}

// nameOf is what a model is called in a signature.
func nameOf(f *model.File) string {
	if f.Head != nil {
		return f.Head.Part
	}
	return f.Backbone.Name
}

func moment(ms float64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func trusted(r signature.Result, file string) protocol.Trust {
	out := protocol.Trust{State: string(r.State), Reason: string(r.Reason), Detail: r.Detail, KeyID: r.KeyID, Name: r.Statement.Name,
		Counter: r.Statement.Counter, ExpiresSoon: r.ExpiresSoon, Warning: string(r.Warning), File: file}
	if r.Key != nil {
		out.Key, out.Print, out.Label, out.Origin = r.Key.String(), r.Key.Fingerprint(), r.Key.Label, string(r.Key.Origin)
	}
	if !r.Statement.Date.IsZero() {
		out.Date = r.Statement.Date.UTC().Format(time.DateOnly)
	}
	if !r.Statement.Expires.IsZero() {
		out.Expires = r.Statement.Expires.UTC().Format(time.DateOnly)
	}
	return out
}

// key reads a public key.
func key(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.KeyRequest](m.Meta)
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	k, err := signature.ParseKey(strings.ReplaceAll(req.Text, "\r\n", "\n"), "", signature.FromUser)
	if err != nil {
		return failure(m.ID, protocol.CodeBadKey, err.Error(), "")
	}
	return answer(m.ID, protocol.KeyResult{Text: k.String(), ID: k.ID(), Print: k.Fingerprint()})
}

// chunk hashes a piece of a file before it is kept.
func chunk(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.ChunkRequest](m.Meta)
	if err == nil && len(m.Bufs) != 1 {
		err = fmt.Errorf("session: chunk has %d buffers, want 1", len(m.Bufs))
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	if got := catalogue.Digest(m.Bufs[0]); got != req.SHA256 {
		return failure(m.ID, protocol.CodeChunk, fmt.Sprintf("%d bytes with the SHA-256 %s, the index says %s", len(m.Bufs[0]), got, req.SHA256), "")
	}
	return answer(m.ID, protocol.Empty{})
}
