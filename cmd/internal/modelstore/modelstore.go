// Package modelstore serves a packed folder of models over HTTP: the index and its signature, which are asked for anew each time, and
// everything else under the digest of its bytes, which never changes. The command line and the Cloudflare Worker use the same
// Handler; only where the bytes come from differs (Store). storetest holds the conformance test of both.
package modelstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"anomnet/cmd/internal/headers"
	"anomnet/core/catalogue"
)

// Prefix is where models lie; Health answers "ok" while the server runs.
const (
	Prefix = "/models/"
	Health = "/healthz"
)

// Object is what a Store holds under a name.
type Object struct {
	Body io.ReadCloser
	Size int64 // negative: not known
}

// Store finds objects by their path below models/. An error that is fs.ErrNotExist means that there is none.
type Store interface {
	Get(ctx context.Context, name string) (*Object, error)
}

// Handler answers below Prefix and at Health: GET and HEAD only, no ranges (chunks take their place), and only names that a packed
// folder can have.
func Handler(s Store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k, v := range headers.All() {
			w.Header().Set(k, v)
		}
		w.Header().Set("Cache-Control", "no-store") // for errors
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "method not allowed")
			return
		}
		if r.URL.Path == Health {
			send(w, r, "text/plain; charset=utf-8", strings.NewReader("ok\n"), 3)
			return
		}
		name, ok := strings.CutPrefix(r.URL.Path, Prefix)
		if !ok || !Offered(name) {
			refuse(w, http.StatusNotFound, "not found")
		} else if digest, isBlob := strings.CutPrefix(name, catalogue.BlobDir); isBlob {
			blob(w, r, s, digest)
		} else {
			index(w, r, s, name)
		}
	})
}

// Offered tells whether a packed folder can have a file of this name. Whatever else lies there, a secret key for instance, is not for others.
func Offered(name string) bool {
	digest, isBlob := strings.CutPrefix(name, catalogue.BlobDir)
	return isBlob && catalogue.IsDigest(digest) || name == catalogue.IndexName || name == catalogue.SignatureName || name == catalogue.KeyName
}

// blob sends what has this digest. A client that names the digest has it: no store is asked.
func blob(w http.ResponseWriter, r *http.Request, s Store, digest string) {
	tag := `"` + digest + `"`
	tags := r.Header.Values("If-None-Match")
	if matches(tags, tag) {
		unchanged(w, tag, headers.Immutable)
		return
	}
	o, err := s.Get(r.Context(), catalogue.Blob(digest))
	if err != nil {
		failed(w, err)
		return
	}
	defer o.Body.Close()
	if matches(tags, anything) {
		unchanged(w, tag, headers.Immutable)
		return
	}
	w.Header().Set("Cache-Control", headers.Immutable)
	w.Header().Set("ETag", tag)
	send(w, r, "application/octet-stream", o.Body, o.Size)
}

// index sends a file that may change under its name. Its ETag is made of its bytes.
func index(w http.ResponseWriter, r *http.Request, s Store, name string) {
	o, err := s.Get(r.Context(), name)
	if err != nil {
		failed(w, err)
		return
	}
	defer o.Body.Close()
	data, err := io.ReadAll(io.LimitReader(o.Body, catalogue.MaxBytes+1))
	if err == nil && len(data) > catalogue.MaxBytes {
		err = fmt.Errorf("modelstore: %s is too long", name)
	}
	if err != nil {
		failed(w, err)
		return
	}
	tag := `"` + catalogue.Digest(data) + `"`
	if tags := r.Header.Values("If-None-Match"); matches(tags, tag) || matches(tags, anything) {
		unchanged(w, tag, headers.NoCache)
		return
	}
	w.Header().Set("Cache-Control", headers.NoCache)
	w.Header().Set("ETag", tag)
	kind := "application/json"
	if name != catalogue.IndexName {
		kind = "text/plain; charset=utf-8"
	}
	send(w, r, kind, bytes.NewReader(data), int64(len(data)))
}

func unchanged(w http.ResponseWriter, tag, cache string) {
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", cache)
	w.WriteHeader(http.StatusNotModified)
}

// anything stands in If-None-Match for whatever there is, so it must be there.
const anything = "*"

// matches compares weakly (RFC 9110, section 13.1.2): a proxy that compresses marks tags with W/. Cloudflare's runtime gives a list as several
// values.
func matches(header []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if one = strings.TrimSpace(one); strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

func send(w http.ResponseWriter, r *http.Request, kind string, body io.Reader, size int64) {
	w.Header().Set("Content-Type", kind)
	get := r.Method == http.MethodGet
	if get && size >= 0 { // for HEAD, the worker's library would wait for so many bytes
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(http.StatusOK)
	if get {
		_, _ = io.Copy(w, body) // a client that has gone is no matter; one that got too little sees it by the length and the digest
	}
}

func failed(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		refuse(w, http.StatusNotFound, "not found")
		return
	}
	refuse(w, http.StatusInternalServerError, "the model store cannot be read")
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// Files is a Store over the files of a packed folder.
type Files struct{ FS fs.FS }

// Get implements Store.
func (s Files) Get(_ context.Context, name string) (*Object, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Object{f, info.Size()}, nil
}
