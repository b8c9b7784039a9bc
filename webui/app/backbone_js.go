//go:build js && wasm

package app

import (
	"strings"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// A part needs the backbone that it was taught on. The site brings one, which may be another after an update, so every part that is kept has a copy
// of its own beside it (store.Model), once for all of them. Workers have the site's backbone and that of the part in use; jobs about other parts
// bring theirs.

// add keeps a head with its backbone, which a worker knows when it did not come along. It blocks.
func (s *stock) add(id, fresh string, m store.Model) (*store.Part, protocol.Error) {
	if m.Backbone == nil {
		have, err := s.lib.Backbone(m.Version.Backbone)
		if err != nil {
			return nil, storeError(err)
		}
		if have == nil {
			_, bufs, e := ask[protocol.Model](s.app, protocol.OpDescribe, protocol.Empty{}, m.Head)
			if e.Code != "" {
				return nil, e
			}
			m.Backbone = asBlob(bufs.Index(1))
		}
	}
	p, err := s.lib.Add(id, fresh, m)
	if err != nil {
		return nil, storeError(err)
	}
	return p, protocol.Error{}
}

// lend is the file of a backbone for a job, nothing for the site's. It blocks.
func (s *stock) lend(digest string) []any {
	if digest == s.own {
		return nil
	}
	b, err := s.lib.Backbone(digest)
	if err != nil || b == nil { // the worker says what is missing
		return nil
	}
	return []any{b}
}

// lendFit puts the backbone of a fit behind its features. It blocks.
func (s *stock) lendFit(req *protocol.FitRequest, bufs js.Value) {
	lent := s.lend(req.Backbone)
	bufs.Call("push", lent...)
	req.Lend = len(lent)
}

// others are the backbones that are kept beside the site's, for a file that does not say which it needs; at most n. It blocks.
func (s *stock) others(n int) []any {
	names, err := s.lib.Backbones()
	if err != nil {
		warn(err)
	}
	var out []any
	for _, digest := range names {
		if b := s.lend(digest); len(out) < n {
			out = append(out, b...)
		}
	}
	return out
}

// hasBackbone tells whether a backbone needs not be fetched. It blocks.
func (s *stock) hasBackbone(digest string) bool { return digest == s.own || len(s.lend(digest)) > 0 }

// secure gives parts of earlier versions of this page, and unfinished teaching, the copy of their backbone, as long as the site has it. After a
// failure, of a device without room for instance, it waits for the next start. It blocks.
func (s *stock) secure() {
	if s.secures || s.own == "" {
		return
	}
	s.secures = true
	lacks, err := s.lib.Lacks(s.own)
	if err == nil && lacks {
		site := s.app.pool.site.files
		files := []any{asBlob(site.Index(site.Length() - 1))} // the head comes last
		for i := range site.Length() - 1 {
			files = append(files, asBlob(site.Index(i)))
		}
		_, bufs, e := ask[protocol.Model](s.app, protocol.OpDescribe, protocol.Empty{}, files...)
		if e.Code != "" {
			js.Global().Get("console").Call("warn", e.Message)
			return
		}
		err = s.lib.Secure(s.own, asBlob(bufs.Index(1)))
	}
	if err != nil {
		warn(err)
		return
	}
	s.secures = false
}

// rescue gives parts that have no copy of their backbone one from the version of the site that was in use before this one. The service worker keeps
// that until this one says that it has started, which waits for rescued. It blocks.
func (s *stock) rescue() {
	defer close(s.rescued)
	parts, err := s.lib.Parts()
	if err != nil {
		return
	}
	seen := map[string]bool{s.own: true}
	var files []any
	for _, p := range parts {
		for i := range p.Versions {
			v := &p.Versions[i]
			head, backbone, err := s.lib.Files(v)
			if seen[v.Backbone] || err != nil || backbone != nil {
				continue
			}
			seen[v.Backbone] = true
			if files == nil {
				files = s.earlier()
			}
			for _, f := range files {
				if _, bufs, e := ask[protocol.Model](s.app, protocol.OpDescribe, protocol.Empty{}, head, f); e.Code == "" {
					if err := s.lib.Secure(v.Backbone, asBlob(bufs.Index(1))); err != nil {
						warn(err)
					}
					break
				}
			}
		}
	}
}

// earlier are the model files of all versions of the site that are on this device. It blocks.
func (s *stock) earlier() []any {
	out := []any{}
	caches := js.Global().Get("caches")
	if !caches.Truthy() {
		return out
	}
	names, err := await(caches.Call("keys"))
	for i := 0; err == nil && i < names.Length(); i++ {
		if !strings.HasPrefix(names.Index(i).String(), "anomnet-") {
			continue
		}
		cache, err := await(caches.Call("open", names.Index(i)))
		if err != nil {
			continue
		}
		requests, err := await(cache.Call("keys"))
		for k := 0; err == nil && k < requests.Length(); k++ {
			if r := requests.Index(k); ui.ModelName(r.Get("url").String()) {
				if answer, err := await(cache.Call("match", r)); err == nil && answer.Truthy() {
					if blob, err := await(answer.Call("blob")); err == nil {
						out = append(out, blob)
					}
				}
			}
		}
	}
	return out
}
