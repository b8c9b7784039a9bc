// Package catalogue describes the models that a server offers: the index, models/index.json, and how files are cut into chunks that
// are named by their SHA-256. docs/signatures.md describes the format.
//
//	c, res := catalogue.Open(index, sig, &signature.Check{Kind: signature.Catalogue, ...})
//	data, err := c.Models[0].Join(chunks) // every chunk is hashed before it is used
//
// # Security considerations
//
// Decode takes one form of bytes only and checks every number before memory is taken for it. The signature covers the index,
// the index names every chunk and every whole file by digest: so a signed index vouches for the models.
package catalogue

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"anomnet/core/internal/jsontext"
	"anomnet/core/signature"
)

// Version is the version of the index that this package writes and reads.
const Version = 1

// ChunkBytes is the size of every chunk of a file but its last, which may be shorter.
const ChunkBytes = 4 << 20

// Limits of an index.
const (
	MaxBytes  = 4 << 20   // of its text
	MaxModels = 5000      // in it
	MaxFile   = 256 << 20 // bytes of a model file, as in core/model
	maxChunks = MaxFile / ChunkBytes
	maxText   = 1000 // bytes of a name
)

// Names of what a server offers, below models/.
const (
	IndexName     = "index.json"
	SignatureName = "index.json.minisig"
	KeyName       = "index.json.pub" // the public key of the signature, for people who do not have it; it proves nothing
	BlobDir       = "sha256/"        // followed by a digest
)

// ErrMalformed is wrapped when an index does not follow the format; ErrChunk when bytes are not those that the index names.
var (
	ErrMalformed = errors.New("catalogue: not an index of models")
	ErrChunk     = errors.New("catalogue: the bytes are not those of the index")
)

// Catalogue is an index of models.
type Catalogue struct {
	Counter  uint64    // that of the signature
	Date     time.Time // that of the signature
	Backbone string    // of the part that the page opens with: paths below models/, BlobDir and a digest; empty for none
	Head     string
	Models   []Model // ascending by name
}

// Model is one file of the index.
type Model struct {
	Name      string // of the file, for people
	Part      string // of its head; a backbone's name when it has none
	Digest    string // model.File.Digest
	Backbone  string // digest of the backbone that a head needs; empty for a file with a backbone
	SHA256    string // of the file
	Size      int64
	Signature string // SHA-256 of its signature file, which is a blob too; empty for none
	Chunks    []Chunk
}

// Chunk is a piece of a file.
type Chunk struct {
	SHA256 string
	Size   int64
}

// Blob is the path below models/ of what has this digest.
func Blob(digest string) string { return BlobDir + digest }

// Digest is the lower-case hex SHA-256 of data.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// IsDigest tells whether s is a lower-case hex SHA-256.
func IsDigest(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// Split sets the file's size, digest and chunks, and returns the chunks' bytes, which share data's memory.
func (m *Model) Split(data []byte) [][]byte {
	m.SHA256, m.Size, m.Chunks = Digest(data), int64(len(data)), nil
	chunks := slices.Collect(slices.Chunk(data, ChunkBytes))
	for _, c := range chunks {
		m.Chunks = append(m.Chunks, Chunk{Digest(c), int64(len(c))})
	}
	return chunks
}

// CheckChunk tells whether data is chunk i.
func (m *Model) CheckChunk(i int, data []byte) error {
	if i < 0 || i >= len(m.Chunks) {
		return fmt.Errorf("%w: %q has no chunk %d", ErrChunk, m.Name, i)
	}
	switch c := m.Chunks[i]; {
	case int64(len(data)) != c.Size:
		return fmt.Errorf("%w: chunk %d of %q has %d bytes, want %d", ErrChunk, i, m.Name, len(data), c.Size)
	case Digest(data) != c.SHA256:
		return fmt.Errorf("%w: chunk %d of %q was changed", ErrChunk, i, m.Name)
	}
	return nil
}

// Join makes the file from all of its chunks, each hashed first, and hashes the whole.
func (m *Model) Join(chunks [][]byte) ([]byte, error) {
	if len(chunks) != len(m.Chunks) {
		return nil, fmt.Errorf("%w: %q came in %d chunks, want %d", ErrChunk, m.Name, len(chunks), len(m.Chunks))
	}
	for i, c := range chunks {
		if err := m.CheckChunk(i, c); err != nil {
			return nil, err
		}
	}
	data := bytes.Join(chunks, nil)
	if Digest(data) != m.SHA256 {
		return nil, fmt.Errorf("%w: %q was put together wrongly", ErrChunk, m.Name)
	}
	return data, nil
}

// Find returns the model whose file has this SHA-256, nil for none.
func (c *Catalogue) Find(sha256 string) *Model {
	if i := slices.IndexFunc(c.Models, func(m Model) bool { return m.SHA256 == sha256 }); i >= 0 {
		return &c.Models[i]
	}
	return nil
}

// Open verifies an index and reads it. When the state is Refused, there is no catalogue. The signature must be of the same counter
// and date as the index; reasons beyond those of package signature are Malformed.
func Open(index, sig []byte, check *signature.Check) (*Catalogue, signature.Result) {
	if len(index) > MaxBytes {
		return nil, malformed(signature.Result{}, fmt.Errorf("%w: %d bytes, want at most %d", ErrMalformed, len(index), MaxBytes))
	}
	res := signature.Verify(index, sig, check)
	if res.State == signature.Refused {
		return nil, res
	}
	c, err := Decode(index)
	if err != nil {
		return nil, malformed(res, err)
	}
	if s := res.Statement; res.State == signature.Signed && (s.Counter != c.Counter || !s.Date.Equal(c.Date)) {
		return nil, malformed(res, fmt.Errorf("%w: counter %d of %s, but the signature says %d of %s", ErrMalformed, c.Counter, c.Date, s.Counter, s.Date))
	}
	return c, res
}

func malformed(res signature.Result, err error) signature.Result {
	res.State, res.Reason, res.Detail = signature.Refused, signature.Malformed, err.Error()
	return res
}

// Encode returns the text of the index. The same content always gives the same bytes.
func (c *Catalogue) Encode() ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	w := &writer{}
	w.open("{\n")
	w.number("version", Version)
	w.number("counter", int64(c.Counter))
	w.text("date", c.Date.UTC().Format(time.RFC3339))
	w.text("backbone", c.Backbone)
	w.text("head", c.Head)
	w.key("models")
	w.open("[")
	for _, m := range c.Models {
		w.separate()
		w.open("\n{")
		w.text("name", m.Name)
		w.text("part", m.Part)
		w.text("digest", m.Digest)
		w.text("backbone", m.Backbone)
		w.text("sha256", m.SHA256)
		w.number("size", m.Size)
		w.text("signature", m.Signature)
		w.key("chunks")
		w.open("[")
		for _, k := range m.Chunks {
			w.separate()
			w.open("{")
			w.text("sha256", k.SHA256)
			w.number("size", k.Size)
			w.close("}")
		}
		w.close("]")
		w.close("}")
	}
	w.close("]")
	w.close("\n}\n")
	if len(w.out) > MaxBytes {
		return nil, fmt.Errorf("catalogue: the index would have %d bytes, want at most %d", len(w.out), MaxBytes)
	}
	return w.out, nil
}

// writer appends JSON; it knows where commas belong.
type writer struct {
	out  []byte
	more bool // something stands before, on this level
}

func (w *writer) separate() {
	if w.more {
		w.out = append(w.out, ',')
	}
	w.more = true
}

func (w *writer) open(s string) { w.out, w.more = append(w.out, s...), false }

func (w *writer) close(s string) { w.out, w.more = append(w.out, s...), true }

func (w *writer) key(k string) {
	w.separate()
	w.out = append(jsontext.AppendString(w.out, k), ':')
}

func (w *writer) text(k, s string) {
	w.key(k)
	w.out = jsontext.AppendString(w.out, s)
}

func (w *writer) number(k string, n int64) {
	w.key(k)
	w.out = fmt.Append(w.out, n)
}

func (c *Catalogue) validate() error {
	switch {
	case c.Counter < 1 || c.Counter > math.MaxInt64:
		return fmt.Errorf("counter %d", c.Counter)
	case c.Date.UTC().Year() < 2000 || c.Date.UTC().Year() > 9999:
		return fmt.Errorf("the date has the year %d", c.Date.Year())
	case len(c.Models) > MaxModels:
		return fmt.Errorf("%d models, want at most %d", len(c.Models), MaxModels)
	}
	for _, p := range []string{c.Backbone, c.Head} {
		if digest, ok := strings.CutPrefix(p, BlobDir); p != "" && (!ok || c.Find(digest) == nil) {
			return fmt.Errorf("%.100q is not among the models", p)
		}
	}
	for i := range c.Models {
		if err := c.Models[i].validate(); err != nil {
			return fmt.Errorf("model %d: %w", i, err)
		}
		if i > 0 && c.Models[i-1].Name >= c.Models[i].Name {
			return fmt.Errorf("model %d: names do not ascend", i)
		}
	}
	return nil
}

func (m *Model) validate() error {
	if m.Name == "" || len(m.Name) > maxText || len(m.Part) > maxText {
		return fmt.Errorf("name or part is empty or too long")
	}
	if !utf8.ValidString(m.Name) || !utf8.ValidString(m.Part) {
		return fmt.Errorf("name %.100q or part %.100q is not UTF-8", m.Name, m.Part)
	}
	for name, d := range map[string]string{"digest": m.Digest, "sha256": m.SHA256} {
		if !IsDigest(d) {
			return fmt.Errorf("%s %.80q is no SHA-256", name, d)
		}
	}
	for name, d := range map[string]string{"backbone": m.Backbone, "signature": m.Signature} {
		if d != "" && !IsDigest(d) {
			return fmt.Errorf("%s %.80q is no SHA-256", name, d)
		}
	}
	if m.Size < 1 || m.Size > MaxFile || int64(len(m.Chunks)) != (m.Size+ChunkBytes-1)/ChunkBytes {
		return fmt.Errorf("%d bytes in %d chunks", m.Size, len(m.Chunks))
	}
	for i, k := range m.Chunks {
		if want := min(ChunkBytes, m.Size-int64(i)*ChunkBytes); k.Size != want || !IsDigest(k.SHA256) {
			return fmt.Errorf("chunk %d has %d bytes, want %d, and the SHA-256 %.80q", i, k.Size, want, k.SHA256)
		}
	}
	return nil
}
