// Package site builds the static site of the page and serves it.
//
// Build needs the source tree and the go command; Handler needs only the finished files, and so does any other static host
// that sends the same headers (package headers).
package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"anomnet/cmd/internal/headers"
)

// types by extension: the system's own table differs from machine to machine.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml",
	".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
}

// Handler serves the files of a finished site, GET and HEAD only, in the best precompressed form that the client takes.
// Every file has an ETag made from its content; nothing is cached without asking, since names carry no hash.
func Handler(fsys fs.FS) http.Handler {
	h := &handler{fsys: fsys}
	return http.HandlerFunc(h.serve)
}

type handler struct {
	fsys fs.FS
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	for k, v := range headers.For(name) {
		w.Header().Set(k, v)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if name == "" {
		name = "index.html"
	}
	ct := types[path.Ext(name)]
	if ct == "" {
		ct = "application/octet-stream"
	}
	variant, data, err := h.open(name, r.Header.Get("Accept-Encoding"))
	if err != nil {
		status, text := http.StatusNotFound, "not found"
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ENAMETOOLONG) {
			status, text = http.StatusInternalServerError, "cannot read the file"
		}
		http.Error(w, text, status)
		return
	}
	head := w.Header()
	head.Set("Content-Type", ct)
	head.Set("Vary", "Accept-Encoding")
	head.Set("Cache-Control", headers.NoCache)
	head.Set("ETag", etag(data))
	if variant != "" {
		head.Set("Content-Encoding", encodings[variant])
		head.Set("Content-Length", strconv.Itoa(len(data))) // ServeContent leaves it out of encoded answers
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// encodings by the suffix of the precompressed file.
var encodings = map[string]string{".br": "br", ".gz": "gzip"}

// open returns the smallest variant that the client accepts. A suffix of "" is the file itself.
func (h *handler) open(name, accept string) (suffix string, data []byte, err error) {
	for _, suffix := range []string{".br", ".gz"} {
		if !accepts(accept, encodings[suffix]) {
			continue
		}
		if data, err := h.read(name + suffix); err == nil {
			return suffix, data, nil
		}
	}
	data, err = h.read(name)
	return "", data, err
}

func (h *handler) read(name string) ([]byte, error) {
	f, err := h.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return nil, err
	} else if st.IsDir() {
		return nil, fs.ErrNotExist
	}
	return io.ReadAll(f)
}

// accepts tells whether an Accept-Encoding header takes a coding (RFC 9110, section 12.5.3); "*" is not used by browsers.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !ok {
			return true
		}
		v, err := strconv.ParseFloat(q, 64)
		return err == nil && v > 0
	}
	return false
}

// etag is made anew each time: a site that is built again while it is served must not look unchanged.
func etag(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
