package signature

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what a signed file is, so that a signature for one kind cannot stand beside another.
type Kind string

// The kinds of signed files.
const (
	Model     Kind = "model"
	Catalogue Kind = "catalogue"
	Policy    Kind = "policy"
)

const (
	prefix       = "anomnet 1 " // program and version of the statement
	never        = "never"
	maxNameBytes = 200
)

// Statement is what the signer says about a file. It is the trusted comment of the signature, one line:
//
//	anomnet 1 model counter=7 date=2026-11-25T18:00:00Z expires=2027-11-25T00:00:00Z name=Washer (demo)
type Statement struct {
	Kind    Kind
	Counter uint64    // rises with each signature for the same kind and name, from 1 on
	Date    time.Time // of the signature, whole seconds
	Expires time.Time // the file is good before this time; zero: for ever
	Name    string    // the part, or a backbone's name; empty for a catalogue or policy
}

// Comment returns the statement's line.
func (s Statement) Comment() (string, error) {
	if err := s.validate(); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	expires := never
	if !s.Expires.IsZero() {
		expires = s.Expires.UTC().Format(time.RFC3339)
	}
	line := fmt.Sprintf("%s%s counter=%d date=%s expires=%s", prefix, s.Kind, s.Counter, s.Date.UTC().Format(time.RFC3339), expires)
	if s.Name != "" {
		line += " name=" + s.Name
	}
	return line, nil
}

// ParseStatement reads a line that Comment wrote, and no other.
func ParseStatement(line string) (Statement, error) {
	var s Statement
	rest, ok := strings.CutPrefix(line, prefix)
	if !ok {
		return s, fmt.Errorf("signature: the trusted comment does not begin with %q", prefix)
	}
	fields := strings.SplitN(rest, " ", 5)
	if len(fields) < 4 {
		return s, fmt.Errorf("signature: the trusted comment has %d fields, want at least 4", len(fields))
	}
	s.Kind = Kind(fields[0])
	values := make([]string, len(fields)-1)
	for i, key := range []string{"counter=", "date=", "expires=", "name="}[:len(values)] {
		if values[i], ok = strings.CutPrefix(fields[i+1], key); !ok {
			return s, fmt.Errorf("signature: the trusted comment has %.40q in the place of %s", fields[i+1], key)
		}
	}
	var err error
	if s.Counter, err = strconv.ParseUint(values[0], 10, 64); err != nil {
		return s, fmt.Errorf("signature: counter %.40q is no number", values[0])
	}
	if s.Date, err = time.Parse(time.RFC3339, values[1]); err != nil {
		return s, fmt.Errorf("signature: date %.40q: want the form 2026-11-25T18:00:00Z", values[1])
	}
	if values[2] != never {
		if s.Expires, err = time.Parse(time.RFC3339, values[2]); err != nil {
			return s, fmt.Errorf("signature: expiry %.40q: want the form 2026-11-25T18:00:00Z, or %s", values[2], never)
		}
	}
	if len(values) == 4 {
		s.Name = values[3]
	}
	if again, err := s.Comment(); err != nil {
		return s, err
	} else if again != line {
		return s, fmt.Errorf("signature: the trusted comment is not in its one form, %.200q", again)
	}
	return s, nil
}

func (s Statement) validate() error {
	if s.Kind != Model && s.Kind != Catalogue && s.Kind != Policy {
		return fmt.Errorf("unknown kind %.40q", s.Kind)
	}
	if s.Counter == 0 {
		return fmt.Errorf("the counter begins with 1")
	}
	if (s.Name != "") != (s.Kind == Model) {
		return fmt.Errorf("a model needs a name, and nothing else has one")
	}
	if y := s.Date.UTC().Year(); y < 2000 || y > 9999 {
		return fmt.Errorf("the date has the year %d", y)
	}
	if y := s.Expires.UTC().Year(); !s.Expires.IsZero() && (y > 9999 || !s.Expires.After(s.Date)) {
		return fmt.Errorf("the expiry is not after the date")
	}
	return checkName(s.Name)
}

// checkName allows what one line can show: no control or format characters, and no spaces at the ends, which minisign cuts off.
func checkName(name string) error {
	if len(name) > maxNameBytes || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return fmt.Errorf("name %.40q: want at most %d bytes of text without spaces at the ends", name, maxNameBytes)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("name %.40q has a character that cannot be printed", name)
		}
	}
	return nil
}
