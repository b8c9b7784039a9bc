package report

import (
	"fmt"

	"anomnet/core/internal/jsontext"
)

// JSON writes a batch, one record a line, so that files can be compared. It fails on records that Parse would refuse. Texts that are
// not UTF-8 get U+FFFD in the place of what is not.
func JSON(b *Batch) ([]byte, error) {
	w := &writer{lines: true}
	w.open()
	b.members(w)
	w.out = append(w.out, "}\n"...)
	if w.err == nil && len(w.out) > MaxBytes {
		w.err = fmt.Errorf("%d bytes, want at most %d", len(w.out), MaxBytes)
	}
	if w.err != nil {
		return nil, fmt.Errorf("report: %w", w.err)
	}
	return w.out, nil
}

// Line writes one record as a JSON object in one line, without the line's end.
func (r *Record) Line() ([]byte, error) {
	w := &writer{}
	w.open()
	r.members(w)
	if w.err != nil {
		return nil, fmt.Errorf("report: %.200q: %w", r.Path, w.err)
	}
	return append(w.out, '}'), nil
}

// Parse reads what JSON writes, in any order of keys and with any white space. Unknown, missing and repeated keys, values out of range or
// that contradict each other, and files over the limits are errors that name the field and its offset.
func Parse(data []byte) (*Batch, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("report: %d bytes, want at most %d", len(data), MaxBytes)
	}
	if err := jsontext.Check(data); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	b := &Batch{}
	in := &source{}
	in.object("", jsontext.Whole(data), b.members)
	if in.err != nil {
		return nil, fmt.Errorf("report: %w", in.err)
	}
	return b, nil
}

// writer is members to write. The first error is kept.
type writer struct {
	out   []byte
	lines bool // elements of the outermost list begin a line each
	comma bool
	err   error
}

func (w *writer) open() {
	w.out = append(w.out, '{')
	w.comma = false
}

func (w *writer) key(key string) {
	if w.comma {
		w.out = append(w.out, ',')
	}
	w.comma = true
	w.out = append(jsontext.AppendString(w.out, key), ':')
}

func (w *writer) has(_ string, present bool) bool { return present }

func (w *writer) text(key string, v *string) {
	w.key(key)
	w.out = jsontext.AppendString(w.out, *v)
}

func (w *writer) number(key string, v *float64) {
	w.key(key)
	w.out = jsontext.AppendFloat(w.out, *v, 64)
}

func (w *writer) single(key string, v *float32) {
	w.key(key)
	w.out = jsontext.AppendFloat(w.out, float64(*v), 32)
}

func (w *writer) whole(key string, v *int64) {
	w.key(key)
	w.out = fmt.Append(w.out, *v)
}

func (w *writer) truth(key string, v *bool) {
	w.key(key)
	w.out = fmt.Append(w.out, *v)
}

func (w *writer) object(key string, f func(members)) {
	w.key(key)
	w.open()
	f(w)
	w.out, w.comma = append(w.out, '}'), true
}

func (w *writer) list(key string, n, limit int, _ func(), f func(int, members)) {
	if n > limit {
		w.check(fmt.Errorf("%s: %d entries, want at most %d", key, n, limit))
		return
	}
	w.key(key)
	w.out = append(w.out, '[')
	lines := w.lines
	w.lines = false
	for i := range n {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if lines {
			w.out = append(w.out, '\n')
		}
		before := w.err
		w.open()
		f(i, w)
		w.out = append(w.out, '}')
		if before == nil && w.err != nil {
			w.err = fmt.Errorf("%s[%d]: %w", key, i, w.err)
		}
	}
	if lines {
		w.out = append(w.out, '\n')
	}
	w.out, w.comma, w.lines = append(w.out, ']'), true, lines
}

func (w *writer) check(err error) {
	if w.err == nil {
		w.err = err
	}
}

// source is a file that is read; it keeps the first error.
type source struct{ err error }

func (s *source) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// object reads the object v, whose place in the file is path, by f.
func (s *source) object(path string, v jsontext.Value, f func(members)) {
	const keys = 32 // more than any object has
	list, err := jsontext.Split(v, '{', keys)
	if err != nil {
		s.fail(named(path, err))
		return
	}
	r := &reader{source: s, path: path, at: v.At, values: make(map[string]jsontext.Value, len(list))}
	for _, m := range list {
		r.values[m.Key] = m
	}
	f(r)
	for _, m := range list {
		if _, left := r.values[m.Key]; left {
			s.fail(fmt.Errorf("offset %d: key %.60q is unknown here", m.At, r.field(m.Key)))
		}
	}
}

func named(field string, err error) error {
	if field == "" {
		return err
	}
	return fmt.Errorf("field %s: %w", field, err)
}

// reader is members to read: values are what nobody has asked for yet.
type reader struct {
	*source
	path   string
	at     int
	values map[string]jsontext.Value
}

func (r *reader) field(key string) string {
	if r.path == "" {
		return key
	}
	return r.path + "." + key
}

// take hands out a value once and reads it with get.
func take[T any](r *reader, key string, v *T, get func(jsontext.Value) (T, error)) {
	if r.err != nil {
		return
	}
	value, ok := r.values[key]
	if !ok {
		r.fail(fmt.Errorf("field %s is missing in the object at offset %d", r.field(key), r.at))
		return
	}
	delete(r.values, key)
	got, err := get(value)
	if err != nil {
		r.fail(named(r.field(key), err))
		return
	}
	*v = got
}

func (r *reader) has(key string, _ bool) bool {
	_, ok := r.values[key]
	return ok
}

func (r *reader) text(key string, v *string) { take(r, key, v, jsontext.Value.Text) }

func (r *reader) number(key string, v *float64) {
	take(r, key, v, func(v jsontext.Value) (float64, error) { return v.Number(64) })
}

func (r *reader) single(key string, v *float32) {
	take(r, key, v, func(v jsontext.Value) (float32, error) {
		f, err := v.Number(32)
		return float32(f), err
	})
}

func (r *reader) whole(key string, v *int64) { take(r, key, v, jsontext.Value.Int) }

func (r *reader) truth(key string, v *bool) { take(r, key, v, jsontext.Value.Bool) }

func (r *reader) object(key string, f func(members)) {
	var v jsontext.Value
	take(r, key, &v, func(v jsontext.Value) (jsontext.Value, error) { return v, nil })
	if r.err == nil {
		r.source.object(r.field(key), v, f)
	}
}

func (r *reader) list(key string, _, limit int, grow func(), f func(int, members)) {
	var list []jsontext.Value
	take(r, key, &list, func(v jsontext.Value) ([]jsontext.Value, error) { return jsontext.Split(v, '[', limit) })
	for i, v := range list {
		if r.err != nil {
			return
		}
		grow()
		r.source.object(fmt.Sprintf("%s[%d]", r.field(key), i), v, func(m members) { f(i, m) })
	}
}

func (r *reader) check(err error) {
	if err != nil {
		r.fail(named(r.path, fmt.Errorf("offset %d: %w", r.at, err)))
	}
}
