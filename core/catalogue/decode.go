package catalogue

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"anomnet/core/internal/jsontext"
)

// Decode reads an index that Encode wrote, and no other bytes.
func Decode(data []byte) (*Catalogue, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrMalformed, len(data), MaxBytes)
	}
	if err := jsontext.Check(data); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	c := &Catalogue{}
	if err := c.read(jsontext.Whole(data)); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	again, err := c.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: not in its one form of bytes", ErrMalformed)
	}
	return c, nil
}

// fields is an object whose keys stand in a fixed order. It remembers the first error.
type fields struct {
	list []jsontext.Value
	err  error
}

func object(v jsontext.Value, keys ...string) *fields {
	list, err := jsontext.Split(v, '{', len(keys))
	if err == nil && !slices.EqualFunc(list, keys, func(v jsontext.Value, key string) bool { return v.Key == key }) {
		err = fmt.Errorf("offset %d: want the keys %v", v.At, keys)
	}
	return &fields{list, err}
}

// next returns the next value; its text is "null" after an error, which no type accepts.
func (f *fields) next() jsontext.Value {
	if f.err != nil || len(f.list) == 0 {
		return jsontext.Value{Raw: []byte("null")}
	}
	v := f.list[0]
	f.list = f.list[1:]
	return v
}

// keep remembers err unless there is one.
func (f *fields) keep(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *fields) text() string {
	s, err := f.next().Text()
	f.keep(err)
	return s
}

func (f *fields) number() int64 {
	n, err := f.next().Int()
	f.keep(err)
	return n
}

// list calls read for each element of the next value.
func (f *fields) each(limit int, read func(jsontext.Value) error) {
	list, err := jsontext.Split(f.next(), '[', limit)
	f.keep(err)
	for _, v := range list {
		if f.err == nil {
			f.keep(read(v))
		}
	}
}

func (c *Catalogue) read(v jsontext.Value) error {
	f := object(v, "version", "counter", "date", "backbone", "head", "models")
	if n := f.number(); f.err == nil && n != Version {
		return fmt.Errorf("version %d, want %d", n, Version)
	}
	if n := f.number(); n > 0 {
		c.Counter = uint64(n)
	}
	date := f.text()
	c.Backbone, c.Head = f.text(), f.text()
	f.each(MaxModels, func(v jsontext.Value) error {
		var m Model
		err := m.read(v)
		c.Models = append(c.Models, m)
		return err
	})
	if f.err != nil {
		return f.err
	}
	var err error
	c.Date, err = time.Parse(time.RFC3339, date)
	return err
}

func (m *Model) read(v jsontext.Value) error {
	f := object(v, "name", "part", "digest", "backbone", "sha256", "size", "signature", "chunks")
	m.Name, m.Part, m.Digest, m.Backbone, m.SHA256, m.Size, m.Signature = f.text(), f.text(), f.text(), f.text(), f.text(), f.number(), f.text()
	f.each(maxChunks, func(v jsontext.Value) error {
		g := object(v, "sha256", "size")
		m.Chunks = append(m.Chunks, Chunk{g.text(), g.number()})
		return g.err
	})
	return f.err
}
