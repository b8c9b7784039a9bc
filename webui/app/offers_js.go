//go:build js && wasm

package app

import (
	"fmt"
	"strings"
	"syscall/js"

	"anomnet/core/catalogue"
	"anomnet/wasm/protocol"
	"anomnet/webui/models"
	"anomnet/webui/store"
	"anomnet/webui/trust"
)

// shop fetches models that the server offers, when a person asks for it. What comes in is hashed by a worker before it is kept, chunk by chunk, so
// what has come is not fetched again.
type shop struct {
	c     *curator
	index *catalogue.Catalogue
	abort js.Value // of what is fetched; undefined when nothing is
}

// fetch gets a file below models/; nil with the error "" means that there is none. It blocks.
func (s *shop) fetch(path string, cache string) (js.Value, protocol.Error) {
	url := js.Global().Get("URL").New("models/"+path, s.c.app.doc.Get("baseURI"))
	options := map[string]any{"cache": cache, "credentials": "omit", "redirect": "error"}
	if s.abort.Truthy() {
		options["signal"] = s.abort.Get("signal")
	}
	r, err := await(js.Global().Call("fetch", url, options))
	if err == nil {
		switch status := r.Get("status").Int(); {
		case status == 404:
			return js.Undefined(), protocol.Error{}
		case status != 200:
			err = fmt.Errorf("%s: %d", path, status)
		default:
			r, err = await(r.Call("arrayBuffer"))
		}
	}
	if err == nil {
		return r, protocol.Error{}
	}
	code := protocol.CodeOffline
	if strings.HasPrefix(err.Error(), "AbortError") {
		code = protocol.CodeCancelled
	}
	return js.Undefined(), protocol.Error{Code: code, Message: err.Error()}
}

// Look implements models.Vault.
func (s *shop) Look() {
	go func() {
		list, t, key, e := s.look()
		s.c.app.view.Update(func() {
			if e.Code != "" {
				s.c.view.Unoffered(e)
				return
			}
			s.c.view.Offered(list, t)
			if key != nil {
				s.c.view.AskPin(*key)
			}
		})
	}()
}

// look reads the index. key is that of the server, when it has signed the index and is not pinned.
func (s *shop) look() (list []models.Offer, t protocol.Trust, key *trust.Key, e protocol.Error) {
	index, e := s.fetch(catalogue.IndexName, "no-cache")
	if e.Code != "" || index.IsUndefined() {
		return nil, t, nil, e
	}
	sig, e := s.fetch(catalogue.SignatureName, "no-cache")
	if e.Code != "" {
		return nil, t, nil, e
	}
	signed := !sig.IsUndefined()
	if !signed {
		sig = js.Global().Get("ArrayBuffer").New(0)
	}
	trusted := s.c.app.trust
	t, _, e = ask[protocol.Trust](s.c.app, protocol.OpTrust, trusted.book.Request(protocol.KindCatalogue, clock()), asBlob(index), asBlob(sig))
	if e.Code != "" {
		return nil, t, nil, e
	}
	if t.State == protocol.TrustRefused && t.Reason == "malformed" && !signed { // the two names of a page without offers
		return nil, protocol.Trust{State: protocol.TrustUnsigned}, nil, protocol.Error{}
	}
	if e = trusted.judge(protocol.KindCatalogue, &t); e.Code != "" {
		return nil, t, nil, e
	}
	data, err := bytesOf(asBlob(index))
	var c *catalogue.Catalogue
	if err == nil {
		c, err = catalogue.Decode(data)
	}
	if err != nil {
		return nil, t, nil, protocol.Error{Code: protocol.CodeSignature, Hint: "malformed", Message: err.Error()}
	}
	s.index = c
	if err := s.c.stock.lib.Forget(func(sha256 string) bool { return c.Find(sha256) != nil }); err != nil {
		warn(err)
	}
	if t.Reason == protocol.WhyUnknownKey {
		key = s.key()
	}
	return s.offers(c), t, key, protocol.Error{}
}

// key is what the server says its public key is, which proves nothing: a person compares the fingerprint.
func (s *shop) key() *trust.Key {
	text, e := s.fetch(catalogue.KeyName, "no-cache")
	if e.Code != "" || text.IsUndefined() {
		return nil
	}
	b, err := bytesOf(asBlob(text))
	if err != nil || len(b) > protocol.MaxKeyText {
		return nil
	}
	k, _, e := ask[protocol.KeyResult](s.c.app, protocol.OpKey, protocol.KeyRequest{Text: string(b)})
	if e.Code != "" {
		return nil
	}
	return &trust.Key{Label: js.Global().Get("location").Get("hostname").String(), Text: k.Text, ID: k.ID, Print: k.Print, Since: clock()}
}

// offers lists the parts of an index; backbones come with those that need them.
func (s *shop) offers(c *catalogue.Catalogue) []models.Offer {
	needed := map[string]bool{}
	for _, m := range c.Models {
		needed[m.Backbone] = true
	}
	here := s.here()
	var out []models.Offer
	for i := range c.Models {
		m := &c.Models[i]
		if needed[m.Digest] {
			continue
		}
		o := models.Offer{SHA256: m.SHA256, Name: m.Name, Part: m.Part, Head: m.Digest, Signed: m.Signature != ""}
		o.Bytes, o.Here = sum(s.files(c, m), here)
		out = append(out, o)
	}
	return out
}

// here is the chunks on this device.
func (s *shop) here() map[string]bool {
	names, err := s.c.stock.lib.Here()
	if err != nil {
		warn(err)
	}
	here := map[string]bool{}
	for _, n := range names {
		here[n] = true
	}
	return here
}

func sum(files []*catalogue.Model, here map[string]bool) (all, got float64) {
	for _, m := range files {
		for _, k := range m.Chunks {
			all += float64(k.Size)
			if here[k.SHA256] {
				got += float64(k.Size)
			}
		}
	}
	return all, got
}

// files are what a part needs: its file, and that of its backbone unless the page or the device has it. It blocks.
func (s *shop) files(c *catalogue.Catalogue, m *catalogue.Model) []*catalogue.Model {
	out := []*catalogue.Model{m}
	if m.Backbone == "" || s.c.stock.hasBackbone(m.Backbone) {
		return out
	}
	for i := range c.Models {
		if b := &c.Models[i]; b.Digest == m.Backbone {
			return append(out, b)
		}
	}
	return out
}

// Get implements models.Vault.
func (s *shop) Get(sha256 string) {
	s.abort = js.Global().Get("AbortController").New()
	go func() {
		said, e := s.get(sha256)
		s.abort = js.Undefined()
		s.c.stock.changed()
		s.c.app.view.Update(func() { s.c.view.Got(sha256, said, e) })
	}()
}

// StopGet implements models.Vault.
func (s *shop) StopGet() {
	if s.abort.Truthy() {
		s.abort.Call("abort")
	}
}

func (s *shop) get(sha256 string) (said string, e protocol.Error) {
	c := s.index
	if c == nil || c.Find(sha256) == nil {
		return "", storeError(store.ErrGone)
	}
	files := s.files(c, c.Find(sha256))
	for _, f := range files {
		d := store.Download{SHA256: f.SHA256}
		for _, k := range f.Chunks {
			d.Chunks = append(d.Chunks, k.SHA256)
		}
		if err := s.c.stock.lib.Begin(d); err != nil {
			return "", storeError(err)
		}
	}
	var got []file
	for _, f := range files {
		blob, e := s.chunks(sha256, f, files)
		if e.Code != "" {
			return "", e
		}
		one := file{name: f.Name, blob: blob, sum: f.SHA256}
		if f.Signature != "" {
			sig, e := s.piece(f.Signature)
			if e.Code != "" {
				return "", e
			}
			one.sig = &file{name: f.Name, blob: sig}
		}
		got = append(got, one)
	}
	p, e := s.c.keep(got[0], got[1:]...)
	if e.Code != "" && e.Code != protocol.CodeSignature {
		return "", e
	}
	for _, f := range files { // a refused file is not fetched again by itself, but its chunks are of no use
		if err := s.c.stock.lib.End(f.SHA256); err != nil {
			warn(err)
		}
	}
	if e.Code != "" {
		return "", e
	}
	return s.c.t("models.said.imported", "part", p.Name, "n", fmt.Sprint(p.Use)), e
}

// chunks brings a file, from the device as far as it is there.
func (s *shop) chunks(of string, f *catalogue.Model, files []*catalogue.Model) (js.Value, protocol.Error) {
	parts := js.Global().Get("Array").New()
	for _, k := range f.Chunks {
		blob, err := s.c.stock.lib.Chunk(k.SHA256)
		if err != nil {
			return js.Undefined(), storeError(err)
		}
		if blob == nil || blob.(js.Value).Get("size").Float() != float64(k.Size) {
			piece, e := s.piece(k.SHA256)
			if e.Code != "" {
				return js.Undefined(), e
			}
			if err := s.c.stock.lib.KeepChunk(k.SHA256, piece); err != nil {
				return js.Undefined(), storeError(err)
			}
			blob = piece
		}
		parts.Call("push", blob.(js.Value))
		_, got := sum(files, s.here())
		s.c.app.view.Update(func() { s.c.view.Getting(of, got) })
	}
	return js.Global().Get("Blob").New(parts), protocol.Error{}
}

// piece fetches what has a digest, and has it hashed.
func (s *shop) piece(digest string) (js.Value, protocol.Error) {
	buf, e := s.fetch(catalogue.Blob(digest), "no-store") // it is kept here, and not by the browser and the service worker too
	if e.Code == "" && buf.IsUndefined() {
		e = protocol.Error{Code: protocol.CodeOffline, Message: catalogue.Blob(digest) + ": 404"}
	}
	if e.Code != "" {
		return buf, e
	}
	blob := asBlob(buf)
	_, _, e = ask[protocol.Empty](s.c.app, protocol.OpChunk, protocol.ChunkRequest{SHA256: digest}, blob)
	return blob, e
}
