package policy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a PIN's hash. The least number of rounds is a tenth of a second or more of one core; the most is what a slow one can wait for.
const (
	MinRounds = 100_000
	MaxRounds = 10_000_000
	HashBytes = 32
	minSalt   = 16
	maxSalt   = 64
)

const (
	maxImages  = 100_000
	maxMinutes = 24 * 60
	maxCounter = 1<<53 - 1 // what a number of JavaScript can hold
)

func (p *Policy) validate() error {
	if p.Version != Version {
		return fmt.Errorf("version %d, want %d", p.Version, Version)
	}
	for _, l := range []struct {
		what   string
		n, max int
	}{{"parts", len(p.Parts), MaxParts}, {"keys", len(p.Keys), MaxKeys}, {"counters", len(p.Counters), MaxCounters},
		{"keys of triggers", len(p.Triggers.Keys), MaxTriggers}} {
		if l.n > l.max {
			return fmt.Errorf("%d %s, want at most %d", l.n, l.what, l.max)
		}
	}
	if p.Signed && len(p.Keys) == 0 {
		return errors.New("signed models only, but no key that may have signed them")
	}
	for _, check := range []func() error{func() error { return checkName(p.Name, true) }, p.checkParts, p.checkKeys, p.checkCounters, p.checkTriggers,
		p.Export.check, p.PIN.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) checkParts() error {
	seen := map[Part]bool{}
	for i, one := range p.Parts {
		if err := checkName(one.Name, true); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		if one.Head != "" && !isHex(one.Head, 32, 32) {
			return fmt.Errorf("part %d: %.80q is no SHA-256", i, one.Head)
		}
		if one == (Part{}) || seen[one] {
			return fmt.Errorf("part %d: empty, or there twice", i)
		}
		seen[one] = true
	}
	return nil
}

// keyBytes is the length of a public key: the algorithm, its number and the key.
const keyBytes = 2 + 8 + 32

func (p *Policy) checkKeys() error {
	seen := map[string]bool{}
	for i, k := range p.Keys {
		if err := checkName(k.Label, false); err != nil {
			return fmt.Errorf("key %d: %w", i, err)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(k.Key)
		if err != nil || len(raw) != keyBytes || string(raw[:2]) != "Ed" || base64.StdEncoding.EncodeToString(raw) != k.Key {
			return fmt.Errorf("key %d: %.80q is no public key of minisign", i, k.Key)
		}
		if seen[k.Key] {
			return fmt.Errorf("key %d: there twice", i)
		}
		seen[k.Key] = true
	}
	return nil
}

func (p *Policy) checkCounters() error {
	seen := map[Counter]bool{}
	for i, c := range p.Counters {
		id := Counter{Kind: c.Kind, Name: c.Name}
		switch c.Kind {
		case "model":
			if err := checkName(c.Name, false); err != nil {
				return fmt.Errorf("counter %d: %w", i, err)
			}
		case "catalogue", "policy":
			if c.Name != "" {
				return fmt.Errorf("counter %d: only a model has a name", i)
			}
		default:
			return fmt.Errorf("counter %d: unknown kind %.40q", i, c.Kind)
		}
		if c.Counter < 1 || c.Counter > maxCounter {
			return fmt.Errorf("counter %d: %d is not in 1..%d", i, c.Counter, int64(maxCounter))
		}
		if seen[id] {
			return fmt.Errorf("counter %d: there twice", i)
		}
		seen[id] = true
	}
	return nil
}

// reserved are keys that a person needs to move about and to leave.
var reserved = []string{"Tab", "Escape", "Shift", "Control", "Alt", "Meta", "Dead", "Unidentified", "Process"}

func (p *Policy) checkTriggers() error {
	seen := map[string]bool{}
	for i, k := range p.Triggers.Keys {
		if len(k) == 0 || len(k) > 32 || k != " " && checkName(k, false) != nil || seen[k] {
			return fmt.Errorf("key of triggers %d: %.40q is no key, or there twice", i, k)
		}
		for _, r := range reserved {
			if k == r {
				return fmt.Errorf("key of triggers %d: %q is needed for other things", i, k)
			}
		}
		seen[k] = true
	}
	return nil
}

func (e *Export) check() error {
	switch {
	case e == nil:
	case !e.CSV && !e.JSON && !e.Pictures:
		return errors.New("export: no form is chosen")
	case e.Images < 0 || e.Images > maxImages || e.Minutes < 0 || e.Minutes > maxMinutes:
		return fmt.Errorf("export: images %d or minutes %d out of range", e.Images, e.Minutes)
	case e.Images == 0 && e.Minutes == 0:
		return errors.New("export: neither a number of images nor a time")
	}
	return nil
}

// Validate says what is wrong with a PIN's hash.
func (p *PIN) Validate() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	return nil
}

func (p *PIN) check() error {
	switch {
	case p == nil:
	case p.Rounds < MinRounds || p.Rounds > MaxRounds:
		return fmt.Errorf("pin: %d rounds, want %d to %d", p.Rounds, MinRounds, MaxRounds)
	case !isHex(p.Salt, minSalt, maxSalt) || !isHex(p.Hash, HashBytes, HashBytes):
		return errors.New("pin: salt or hash is not lower-case hex of the right length")
	}
	return nil
}

func isHex(s string, least, most int) bool {
	return len(s)%2 == 0 && len(s) >= 2*least && len(s) <= 2*most && strings.Trim(s, "0123456789abcdef") == ""
}

// checkName allows what one line can show, as package signature does.
func checkName(name string, empty bool) error {
	if name == "" && empty {
		return nil
	}
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return fmt.Errorf("name %.40q: want 1 to %d bytes of text without spaces at the ends", name, maxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("name %.40q has a character that cannot be printed", name)
		}
	}
	return nil
}
