// Package audit keeps a history whose entries are chained by SHA-256: who inspected, overrode or changed what, and when. A change of any
// byte of any entry breaks the chain, and Verify says where and how.
//
//	chain := &audit.Chain{}                                // or the state after the last entry that is stored
//	e, err := chain.Append(now, "Eva", payload.Override, payload.Overriding(record))
//	file = append(file, e.Line()...)
//	sum, err := audit.Verify(file, &audit.Options{Head: noted}) // err is an *audit.Broken
//
// docs/report-format.md describes the file, a line of JSON for each entry, with an example to follow by hand.
//
// # Security Considerations
//
// There is no key. Who can write the file can also write a new chain from the changed entry on, or cut off the end, and Verify cannot
// tell: only a head hash that was noted elsewhere (on paper, in a mail, in another system) proves that everything up to it is what it was
// then. Times are those of the machine's clock.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"anomnet/core/internal/jsontext"
	"anomnet/core/report"
)

// Version is the version of the file form.
const Version = 1

// Limits of an entry.
const (
	MaxOperator = 256      // bytes
	MaxPayload  = 32 << 10 // bytes of its canonical form
	MaxDepth    = 8        // of a payload
	MaxLine     = 64 << 10 // bytes of a line
	maxSeq      = 1 << 53  // numbers that every JSON reader knows exactly
)

// Genesis is the previous hash of the first entry.
var Genesis = strings.Repeat("0", 2*sha256.Size)

// Entry is one entry. Payload is a JSON object in canonical form.
type Entry struct {
	Seq      uint64 // 1 for the first
	Time     report.Time
	Operator string // free text
	Kind     string
	Payload  []byte
	Prev     string // hash of the entry before
	Hash     string
}

// Chain is where the next entry goes: number and hash of the last one. The zero value is the beginning of a history.
type Chain struct {
	Seq  uint64
	Hash string
}

// Append makes the next entry and moves the chain on. payload is anything that encoding/json writes as an object, in which keys are 1 to
// 64 of a-z, 0-9 and _. It fails, and changes nothing, when it is something else, or too large, or a text is too long or not UTF-8.
func (c *Chain) Append(t report.Time, operator, kind string, payload any) (*Entry, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("audit: payload: %w", err)
	}
	e := &Entry{Seq: c.Seq + 1, Time: t, Operator: operator, Kind: kind, Prev: c.Hash}
	if c.Seq == 0 {
		e.Prev = Genesis
	}
	if e.Payload, err = Canonical(text); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	e.Hash = e.digest()
	*c = Chain{e.Seq, e.Hash}
	return e, nil
}

// check says what is wrong with the fields that are not a matter of the chain.
func (e *Entry) check() error {
	switch {
	case e.Seq < 1 || e.Seq > maxSeq:
		return fmt.Errorf("number %d is out of range", e.Seq)
	case len(e.Operator) > MaxOperator || !utf8.ValidString(e.Operator):
		return fmt.Errorf("operator: want at most %d bytes of UTF-8", MaxOperator)
	case e.Kind == "" || len(e.Kind) > 32 || strings.Trim(e.Kind, "abcdefghijklmnopqrstuvwxyz_") != "":
		return fmt.Errorf("kind %.40q: want 1 to 32 of a-z and _", e.Kind)
	case len(e.Payload) > MaxPayload:
		return fmt.Errorf("payload has %d bytes, want at most %d", len(e.Payload), MaxPayload)
	case !isHash(e.Prev):
		return errors.New("the previous hash is no SHA-256")
	}
	_, err := report.ParseTime(e.Time.String())
	return err
}

func isHash(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// body is the line up to, not including, the hash and what follows.
func (e *Entry) body() []byte {
	b := fmt.Appendf(nil, `{"v":%d,"seq":%d,"time":"%s","operator":`, Version, e.Seq, e.Time)
	b = jsontext.AppendString(b, e.Operator)
	b = fmt.Appendf(b, `,"kind":"%s","payload":%s,"prev":"%s"`, e.Kind, e.Payload, e.Prev)
	return b
}

// digest is what Hash must be: the SHA-256 of the line without the member "hash".
func (e *Entry) digest() string {
	sum := sha256.Sum256(append(e.body(), '}'))
	return hex.EncodeToString(sum[:])
}

// Line is the entry as it stands in a file, with the line's end.
func (e *Entry) Line() []byte {
	return fmt.Appendf(e.body(), `,"hash":"%s"}`+"\n", e.Hash)
}

// ParseEntry reads what Line writes and nothing else: the same content in other bytes is an error. It does not look at the hashes.
func ParseEntry(line []byte) (*Entry, error) {
	if len(line) > MaxLine {
		return nil, fmt.Errorf("audit: a line of more than %d bytes", MaxLine)
	}
	var l struct {
		Seq      uint64          `json:"seq"`
		Time     string          `json:"time"`
		Operator string          `json:"operator"`
		Kind     string          `json:"kind"`
		Payload  json.RawMessage `json:"payload"`
		Prev     string          `json:"prev"`
		Hash     string          `json:"hash"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	e := &Entry{Seq: l.Seq, Operator: l.Operator, Kind: l.Kind, Prev: l.Prev, Hash: l.Hash}
	var err error
	if e.Time, err = report.ParseTime(l.Time); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if e.Payload, err = Canonical(l.Payload); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if !isHash(e.Hash) {
		return nil, errors.New("audit: the hash is no SHA-256")
	}
	if again := e.Line(); !bytes.Equal(again, line) {
		at := 0
		for at < min(len(again), len(line)) && again[at] == line[at] {
			at++
		}
		return nil, fmt.Errorf("audit: byte %d of the line is not as an entry is written", at)
	}
	return e, nil
}
