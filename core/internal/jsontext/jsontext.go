// Package jsontext writes JSON in one form only, and splits JSON without copying it. encoding/json does neither: it has no
// say over escapes and takes keys in any case, twice, or unknown ones without their place.
package jsontext

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendString appends s as RFC 8785 (section 3.2.2.2) writes it: only quotes, backslashes and control characters are escaped.
// Bytes that are not UTF-8 become U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch short := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case short >= 0:
			b = append(b, '\\', `"\bfnrt`[short])
		case r < ' ':
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// AppendFloat appends the shortest decimal that reads back as v, a float32 when bits is 32, as ECMAScript and RFC 8785 write numbers:
// plain from 1e-6 up to 1e21, with an exponent outside. v must be finite; -0 is written as 0.
func AppendFloat(b []byte, v float64, bits int) []byte {
	size := math.Abs(v)
	switch {
	case v == 0:
		return append(b, '0')
	case size >= 1e-6 && size < 1e21:
		return strconv.AppendFloat(b, v, 'f', -1, bits)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'e', -1, bits)
	if n := len(b); n-start >= 4 && b[n-4] == 'e' && b[n-2] == '0' { // e-07, where ECMAScript writes e-7
		b = append(b[:n-2], b[n-1])
	}
	return b
}

// Difference returns the first offset at which two texts differ that should be the one form of the same content, or -1.
func Difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// Check says whether data is one JSON value in UTF-8; its errors name the offset.
func Check(data []byte) error {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Errorf("offset %d: not UTF-8", i)
		}
		i += n
	}
	var se *json.SyntaxError
	if err := json.Unmarshal(data, new(struct{})); errors.As(err, &se) { // another error says that it is no object, which is no matter here
		return fmt.Errorf("offset %d: %w", se.Offset, err)
	}
	return nil
}

// Value is a JSON value inside of a text: Raw begins at offset At.
type Value struct {
	Key string // of a member, "" for an element
	Raw []byte
	At  int
}

// Whole is the value of a text that has passed Check.
func Whole(data []byte) Value {
	at := space(data, 0)
	return Value{Raw: data[at:skip(data, at)], At: at}
}

// Split returns the members of an object, open is '{', or the elements of an array, '[', in their order. The text of v has passed
// Check. It fails when v is something else, on a repeated key, and on more than limit members.
func Split(v Value, open byte, limit int) ([]Value, error) {
	if v.Raw[0] != open {
		return nil, fmt.Errorf("offset %d: want %s", v.At, map[byte]string{'{': "an object", '[': "a list"}[open])
	}
	var list []Value
	seen := map[string]bool{}
	pos := space(v.Raw, 1)
	for v.Raw[pos] != open+2 { // the closing bracket
		if len(list) == limit {
			return nil, fmt.Errorf("offset %d: more than %d entries", v.At+pos, limit)
		}
		var one Value
		if open == '{' {
			end := skip(v.Raw, pos)
			key := Value{Raw: v.Raw[pos:end], At: v.At + pos}
			one.Key = key.unquote()
			if seen[one.Key] {
				return nil, fmt.Errorf("offset %d: key %.40q is repeated", key.At, one.Key)
			}
			seen[one.Key] = true
			pos = space(v.Raw, space(v.Raw, end)+1) // over the colon
		}
		end := skip(v.Raw, pos)
		one.Raw, one.At = v.Raw[pos:end], v.At+pos
		list = append(list, one)
		if pos = space(v.Raw, end); v.Raw[pos] == ',' {
			pos = space(v.Raw, pos+1)
		}
	}
	return list, nil
}

// Text returns the string that v is.
func (v Value) Text() (string, error) {
	if v.Raw[0] != '"' {
		return "", fmt.Errorf("offset %d: want a text", v.At)
	}
	return v.unquote(), nil
}

func (v Value) unquote() (s string) {
	if err := json.Unmarshal(v.Raw, &s); err != nil {
		return "" // not for a text that has passed Check
	}
	return s
}

// Number returns the number that v is, rounded to float32 when bits is 32.
func (v Value) Number(bits int) (float64, error) {
	if c := v.Raw[0]; c != '-' && (c < '0' || c > '9') {
		return 0, fmt.Errorf("offset %d: want a number", v.At)
	}
	f, err := strconv.ParseFloat(string(v.Raw), bits)
	if err != nil {
		return 0, fmt.Errorf("offset %d: %.40s is out of range", v.At, v.Raw)
	}
	return f, nil
}

// Int returns the whole number that v is, written without fraction and exponent.
func (v Value) Int() (int64, error) {
	n, err := strconv.ParseInt(string(v.Raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("offset %d: want a whole number", v.At)
	}
	return n, nil
}

// Bool returns the truth value that v is.
func (v Value) Bool() (bool, error) {
	if s := string(v.Raw); s == "true" || s == "false" {
		return s == "true", nil
	}
	return false, fmt.Errorf("offset %d: want true or false", v.At)
}

// space returns the first position from pos that is no white space.
func space(text []byte, pos int) int {
	for strings.IndexByte(" \t\r\n", text[pos]) >= 0 {
		pos++
	}
	return pos
}

// skip returns the position behind the value, or key, at pos. The text is valid.
func skip(text []byte, pos int) int {
	depth := 0
	for {
		switch c := text[pos]; c {
		case '"':
			for pos++; text[pos] != '"'; pos++ {
				if text[pos] == '\\' {
					pos++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
		default: // a number or a word ends before what cannot be part of it
			for pos+1 < len(text) && strings.IndexByte(",:]} \t\r\n", text[pos+1]) < 0 {
				pos++
			}
		}
		pos++
		if depth == 0 {
			return pos
		}
	}
}
