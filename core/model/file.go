package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"anomnet/core/internal/jsontext"
	"anomnet/core/safetensors"
)

const (
	metaManifest = "anomnet"
	metaDigest   = "sha256"
	digestLen    = 2 * sha256.Size
)

// zeroDigest stands in the place of the digest while the digest is computed.
var zeroDigest = bytes.Repeat([]byte{'0'}, digestLen)

// Encode writes f and sets f.Digest. The same content always gives the same bytes.
func Encode(f *File) ([]byte, error) {
	if f.Backbone == nil && f.Head == nil {
		return nil, fmt.Errorf("model: nothing to write")
	}
	m := manifest{Version: Version}
	t := tensors{}
	if f.Backbone != nil {
		if err := f.Backbone.Validate(); err != nil {
			return nil, err
		}
		m.Backbone = f.Backbone.pack(t)
	}
	if f.Head != nil {
		if err := f.Head.Validate(); err != nil {
			return nil, err
		}
		m.Head = f.Head.pack(t)
	}
	if err := m.checkTexts(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("model: manifest: %w", err)
	}
	data, err := safetensors.Encode(&safetensors.File{
		Metadata: map[string]string{metaManifest: string(text), metaDigest: string(zeroDigest)}, Tensors: t,
	})
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	at := bytes.Index(data, digestField(string(zeroDigest)))
	if at < 0 {
		return nil, fmt.Errorf("model: no place for the digest")
	}
	sum := sha256.Sum256(data)
	f.Digest = hex.EncodeToString(sum[:])
	copy(data[at:], digestField(f.Digest))
	return data, nil
}

// digestField is how the digest stands in the header.
func digestField(hex string) []byte { return []byte(`"` + metaDigest + `":"` + hex + `"`) }

// Decode reads a model file and checks the digest, the manifest and every tensor. Only the canonical bytes are read, those that
// Encode writes for the same content: there is one file for one content, and nothing can hide in it. Errors wrap ErrCorrupt.
func Decode(data []byte) (*File, error) {
	f, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	canonical, err := Encode(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if at := jsontext.Difference(data, canonical); at >= 0 {
		return nil, fmt.Errorf("%w: not in canonical form at offset %d", ErrCorrupt, at)
	}
	if f.Head == nil {
		f.Backbone.digest = f.Digest
	}
	return f, nil
}

func decode(data []byte) (*File, error) {
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("%d bytes, the limit is %d", len(data), MaxFileBytes)
	}
	st, err := safetensors.Decode(data)
	if err != nil {
		return nil, err
	}
	digest := st.Metadata[metaDigest]
	if err := checkDigest(data, digest); err != nil {
		return nil, err
	}
	if len(st.Metadata) != 2 {
		return nil, fmt.Errorf("metadata has %d entries, want %q and %q", len(st.Metadata), metaManifest, metaDigest)
	}
	var m manifest
	if err := safetensors.StrictJSON([]byte(st.Metadata[metaManifest]), &m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if m.Version != Version {
		return nil, fmt.Errorf("manifest version %d, this program reads %d", m.Version, Version)
	}
	f := &File{Digest: digest}
	return f, f.unpack(&m, &reader{tensors: maps.Clone(st.Tensors)})
}

func (f *File) unpack(m *manifest, r *reader) error {
	if m.Backbone == nil && m.Head == nil {
		return fmt.Errorf("manifest has neither backbone nor head")
	}
	if m.Backbone != nil {
		f.Backbone = m.Backbone.unpack(r)
	}
	if m.Head != nil {
		f.Head = m.Head.unpack(r)
	}
	if r.err != nil {
		return r.err
	}
	for _, name := range slices.Sorted(maps.Keys(r.tensors)) {
		return fmt.Errorf("tensor %q is not in the manifest", name)
	}
	if f.Backbone != nil {
		if err := f.Backbone.Validate(); err != nil {
			return err
		}
	}
	if f.Head != nil {
		return f.Head.Validate()
	}
	return nil
}

// checkDigest compares the digest in the header with that of the file with zeros in its place.
func checkDigest(data []byte, digest string) error {
	field := digestField(digest)
	if len(digest) != digestLen || bytes.Count(data, field) != 1 {
		return fmt.Errorf("header has no digest")
	}
	at := bytes.Index(data, field) + len(field) - 1 - digestLen
	h := sha256.New()
	h.Write(data[:at])
	h.Write(zeroDigest)
	h.Write(data[at+digestLen:])
	if got := hex.EncodeToString(h.Sum(nil)); got != digest {
		return fmt.Errorf("digest is %.16s…, the file says %.16s…: a byte was changed", got, digest)
	}
	return nil
}
