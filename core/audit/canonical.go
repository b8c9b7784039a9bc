package audit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"anomnet/core/internal/jsontext"
)

// Canonical is the one form of a JSON object, that of RFC 8785: no white space, keys in order, numbers as ECMAScript writes them, texts
// with as few escapes as can be. Keys are 1 to 64 of a-z, 0-9 and _, whole numbers at most 2^53, so that no reader rounds them.
func Canonical(object []byte) ([]byte, error) {
	if err := jsontext.Check(object); err != nil {
		return nil, fmt.Errorf("audit: payload: %w", err)
	}
	v := jsontext.Whole(object)
	if v.Raw[0] != '{' {
		return nil, errors.New("audit: payload: want an object")
	}
	b, err := appendCanonical(nil, v, 1)
	if err != nil {
		return nil, fmt.Errorf("audit: payload: %w", err)
	}
	return b, nil
}

func appendCanonical(b []byte, v jsontext.Value, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("offset %d: nested more than %d deep", v.At, MaxDepth)
	}
	switch v.Raw[0] {
	case '{':
		return appendObject(b, v, depth)
	case '[':
		list, err := jsontext.Split(v, '[', MaxPayload)
		if err != nil {
			return nil, err
		}
		b = append(b, '[')
		for i, e := range list {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendCanonical(b, e, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case '"':
		s, err := v.Text()
		return jsontext.AppendString(b, s), err
	case 't', 'f', 'n':
		return append(b, v.Raw...), nil
	}
	return appendNumber(b, v)
}

func appendObject(b []byte, v jsontext.Value, depth int) ([]byte, error) {
	list, err := jsontext.Split(v, '{', MaxPayload)
	if err != nil {
		return nil, err
	}
	members := map[string]jsontext.Value{}
	for _, m := range list {
		if m.Key == "" || len(m.Key) > 64 || strings.Trim(m.Key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return nil, fmt.Errorf("offset %d: key %.80q: want 1 to 64 of a-z, 0-9 and _", m.At, m.Key)
		}
		members[m.Key] = m
	}
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsontext.AppendString(b, key), ':')
		if b, err = appendCanonical(b, members[key], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendNumber(b []byte, v jsontext.Value) ([]byte, error) {
	if !strings.ContainsAny(string(v.Raw), ".eE") {
		n, err := strconv.ParseInt(string(v.Raw), 10, 64)
		if err != nil || n > maxSeq || n < -maxSeq {
			return nil, fmt.Errorf("offset %d: whole number %.40s: want at most 2^53; write it as a text", v.At, v.Raw)
		}
		return strconv.AppendInt(b, n, 10), nil
	}
	f, err := v.Number(64)
	if err != nil {
		return nil, err
	}
	text := jsontext.AppendFloat(nil, f, 64)
	if math.Abs(f) > maxSeq && !bytes.Contains(text, []byte("e")) { // its one form would be a whole number that nobody takes
		return nil, fmt.Errorf("offset %d: number %.40s: want whole numbers of at most 2^53; write it as a text", v.At, v.Raw)
	}
	return append(b, text...), nil
}
