// Package signature decides whether a file comes from someone who is trusted. It checks detached signatures in the format of
// minisign (Ed25519 over BLAKE2b-512) and the statement that they carry: what the file is, a counter against going back to an
// older file, and an expiry. docs/signatures.md describes the format and how it is used.
//
//	res := signature.Verify(data, sig, &signature.Check{Kind: signature.Model, Keys: keys, Now: time.Now()})
//	if res.State != signature.Signed { ... }
//
// It has no state and no clock: the caller keeps the counters and gives the time. Secret keys are the command line's business.
//
// # Security considerations
//
// A signature file is read in one form of bytes only, so no byte of it can change unnoticed; minisign itself lets the untrusted
// comment vary. Signatures over the bare file (the legacy algorithm) are refused. The key's number only helps to find it: every
// pinned key with that number is tried.
package signature

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
)

// MaxBytes is the largest signature file that is read.
const MaxBytes = 2048

// MaxKeys is the largest number of pinned keys.
const MaxKeys = 100

// Untrusted is the first line that anomnet writes, and minisign does; rsign is another program of the same author.
const Untrusted = "signature from minisign secret key"

const untrustedRsign = "signature from rsign secret key"

// Origin says who chose to trust a key.
type Origin string

// The origins of keys.
const (
	BuiltIn    Origin = "built-in"
	FromPolicy Origin = "policy"
	FromUser   Origin = "user"
)

// Key is a public key that is trusted.
type Key struct {
	Label  string // for people
	Origin Origin

	public minisign.PublicKey
}

// ParseKey reads a public key: the two lines of a .pub file, or its second line alone.
func ParseKey(text, label string, origin Origin) (Key, error) {
	if len(text) > MaxBytes {
		return Key{}, fmt.Errorf("signature: public key has %d bytes, want at most %d", len(text), MaxBytes)
	}
	var p minisign.PublicKey
	if err := p.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return Key{}, fmt.Errorf("signature: %w", err)
	}
	if err := checkName(label); err != nil {
		return Key{}, fmt.Errorf("signature: label of the key: %w", err)
	}
	return Key{Label: label, Origin: origin, public: p}, nil
}

// ID is the key's number as minisign prints it.
func (k Key) ID() string { return keyID(k.public.ID()) }

// String is the key in one line, as ParseKey reads it.
func (k Key) String() string { return k.public.String() }

// Fingerprint is what people compare: the first half of the SHA-256 of the key's bytes, in groups.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256([]byte(k.String()))
	text := fmt.Sprintf("%x", sum[:16])
	var groups []string
	for ; text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, " ")
}

func keyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// State is the outcome of Verify.
type State string

// The states. Whether an unsigned file may be used is for the caller's policy; a refused one never may.
const (
	Signed   State = "signed"
	Unsigned State = "unsigned"
	Refused  State = "refused"
)

// Reason says why a file was refused.
type Reason string

// The reasons.
const (
	Malformed    Reason = "malformed"     // not a signature file in its one form
	UnknownKey   Reason = "unknown_key"   // signed by a key that is not pinned
	Wrong        Reason = "wrong"         // the file or its statement was changed, or the signature is of another file
	NoStatement  Reason = "no_statement"  // a good signature by a pinned key, without our statement
	OtherKind    Reason = "other_kind"    // signed as something else
	OtherName    Reason = "other_name"    // signed as another part
	OlderCounter Reason = "older_counter" // a newer one has been accepted before
	Expired      Reason = "expired"
	ClockUnsure  Reason = "clock_unsure" // it may have expired; the clock cannot be right
)

// Check is what Verify holds a file against.
type Check struct {
	Kind    Kind
	Name    string // the name that the statement must have; "": any
	Keys    []Key  // pinned
	Counter uint64 // the highest that was accepted for this kind and name, 0 for none; the caller keeps it
	Now     time.Time
	Floor   time.Time     // a time that has certainly passed: of the build, or the latest ever seen; zero: not known
	Warn    time.Duration // ahead of the expiry; zero: 30 days
	// Lenient makes warnings of Expired and ClockUnsure, see Result.Warning: for a station that must not stop because of a date.
	Lenient bool
}

const (
	defaultWarn = 30 * 24 * time.Hour
	clockSlack  = 24 * time.Hour // a signer's clock and this one may differ by so much
)

// Result says who signed a file and what they said, or why it was refused.
type Result struct {
	State       State
	Reason      Reason // of a refusal
	Detail      string // one line for a log
	KeyID       string // of the signature; of an unknown key too, where it proves nothing
	Key         *Key   // that fits; nil unless the signature is good
	Statement   Statement
	ExpiresSoon bool
	Warning     Reason // Expired or ClockUnsure of a signed file, with Check.Lenient
}

// Verify checks a file against its signature file; a sig of no bytes means that there is none. It never fails: what cannot be
// read is refused.
func Verify(data, sig []byte, c *Check) Result {
	if len(sig) == 0 {
		return Result{State: Unsigned}
	}
	s, err := parse(sig)
	if err != nil {
		return Result{State: Refused, Reason: Malformed, Detail: err.Error()}
	}
	res := Result{State: Refused, KeyID: keyID(s.KeyID)}
	if len(c.Keys) > MaxKeys {
		return res.refuse(UnknownKey, "%d keys are pinned, want at most %d", len(c.Keys), MaxKeys)
	}
	known := slices.DeleteFunc(slices.Clone(c.Keys), func(k Key) bool { return k.public.ID() != s.KeyID })
	if len(known) == 0 {
		return res.refuse(UnknownKey, "key %s is not pinned", res.KeyID)
	}
	at := slices.IndexFunc(known, func(k Key) bool { return minisign.Verify(k.public, data, sig) })
	if at < 0 {
		return res.refuse(Wrong, "not what key %s signed", res.KeyID)
	}
	res.Key = &known[at]
	if res.Statement, err = ParseStatement(s.TrustedComment); err != nil {
		return res.refuse(NoStatement, "%v", err)
	}
	return res.judge(c)
}

// judge holds the statement, which is authentic, against what the caller wants and knows.
func (r Result) judge(c *Check) Result {
	s := r.Statement
	switch {
	case s.Kind != c.Kind:
		return r.refuse(OtherKind, "signed as %s, want %s", s.Kind, c.Kind)
	case c.Name != "" && s.Name != c.Name:
		return r.refuse(OtherName, "signed as %q, want %q", s.Name, c.Name)
	case s.Counter < c.Counter:
		return r.refuse(OlderCounter, "counter %d, but %d was accepted before", s.Counter, c.Counter)
	}
	if !s.Expires.IsZero() {
		if late := r.late(c); late.Reason != "" {
			if !c.Lenient {
				return late
			}
			r.Warning, r.Detail = late.Reason, late.Detail
		}
		warn := c.Warn
		if warn == 0 {
			warn = defaultWarn
		}
		r.ExpiresSoon = r.Warning == "" && s.Expires.Sub(c.Now) < warn
	}
	r.State = Signed
	return r
}

// late refuses what has expired, and what may have when the clock cannot be right.
func (r Result) late(c *Check) Result {
	s, sure := r.Statement, c.Now.Add(clockSlack)
	switch {
	case !c.Now.Before(s.Expires), !c.Floor.Before(s.Expires):
		return r.refuse(Expired, "expired on %s", day(s.Expires))
	case sure.Before(s.Date):
		return r.refuse(ClockUnsure, "it is %s, but it was signed on %s", day(c.Now), day(s.Date))
	case sure.Before(c.Floor):
		return r.refuse(ClockUnsure, "it is %s, but %s has passed", day(c.Now), day(c.Floor))
	}
	return r
}

func (r Result) refuse(why Reason, format string, args ...any) Result {
	r.State, r.Reason, r.Detail = Refused, why, fmt.Sprintf(format, args...)
	return r
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Peek returns the statement of a signature file without checking the signature: to count on from it, not to trust it.
func Peek(sig []byte) (Statement, error) {
	s, err := parse(sig)
	if err != nil {
		return Statement{}, fmt.Errorf("signature: %w", err)
	}
	return ParseStatement(s.TrustedComment)
}

// parse reads a signature file in its one form: base64 and line ends that the library would let vary must be as it writes them.
func parse(sig []byte) (minisign.Signature, error) {
	var s minisign.Signature
	if len(sig) > MaxBytes {
		return s, fmt.Errorf("%d bytes, want at most %d", len(sig), MaxBytes)
	}
	if err := s.UnmarshalText(sig); err != nil {
		return s, err
	}
	if s.UntrustedComment != Untrusted && s.UntrustedComment != untrustedRsign {
		return s, fmt.Errorf("untrusted comment %.60q, want %q", s.UntrustedComment, Untrusted)
	}
	if s.Algorithm != minisign.HashEdDSA {
		return s, fmt.Errorf("legacy algorithm; sign with minisign -H")
	}
	again, err := s.MarshalText()
	if err != nil {
		return s, err
	}
	if !bytes.Equal(again, sig) {
		return s, fmt.Errorf("not in its one form of bytes")
	}
	return s, nil
}
