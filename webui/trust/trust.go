// Package trust keeps what this device knows about signers, and decides with it: the keys that are pinned, the highest counter that was accepted of
// each key and part, and the latest day on which a trusted key has signed something. A worker checks signatures; this package judges its answer.
// docs/signatures.md says why it decides so. It knows nothing of the browser.
//
//	record trust/key/PRINT             a Key that a person has pinned, as JSON
//	record trust/seen/PRINT/KIND/NAME  the highest counter
//	record trust/date                  the latest day of a signature
package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// The origins of keys, as in core/signature.
const (
	BuiltIn    = "built-in"
	FromPolicy = "policy"
	FromUser   = "user"
)

// Key is a pinned key.
type Key struct {
	Label  string  `json:"label"`
	Origin string  `json:"origin"`
	Text   string  `json:"text"` // in one line
	ID     string  `json:"id"`
	Print  string  `json:"print"`
	Since  float64 `json:"since,omitempty"` // Unix time in milliseconds, of a person's key
}

// Rules come from a policy. The zero value allows everything that is not refused.
type Rules struct {
	SignedOnly bool
	Keys       []Key
	OnlyThese  bool                           // a person cannot pin further keys, and pinned ones do not count
	Least      func(kind, name string) uint64 // the least counter; nil: none
}

// ErrFull means that there are protocol.MaxPinned keys.
var ErrFull = errors.New("trust: too many keys")

// ErrLocked means that the policy allows no further keys.
var ErrLocked = errors.New("trust: the policy allows no further keys")

// Book is what is known. Its methods block where they write.
type Book struct {
	Rules Rules

	disk    store.Disk
	builtIn []Key
	user    []Key
	seen    map[string]uint64 // by record; also what could not be written
	date    string
}

// New returns an empty book.
func New(d store.Disk, builtIn ...Key) *Book {
	return &Book{disk: d, builtIn: builtIn, seen: map[string]uint64{}}
}

const (
	keyRecord  = "trust/key/"
	seenRecord = "trust/seen/"
	dateRecord = "trust/date"
)

// Load reads the book; also what another tab has written.
func (b *Book) Load() error {
	texts, err := b.disk.Records("trust/")
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	var user []Key
	for name, text := range texts {
		switch {
		case strings.HasPrefix(name, keyRecord):
			var k Key
			if json.Unmarshal([]byte(text), &k) == nil && k.Text != "" {
				k.Origin = FromUser
				user = append(user, k)
			}
		case strings.HasPrefix(name, seenRecord):
			n, err := strconv.ParseUint(text, 10, 64)
			if err == nil {
				b.seen[name] = max(b.seen[name], n)
			}
		case name == dateRecord:
			b.date = max(b.date, text)
		}
	}
	slices.SortStableFunc(user, func(x, y Key) int { return strings.Compare(x.Label+x.Print, y.Label+y.Print) })
	b.user = user
	return nil
}

// Describe completes the keys that came as text only: numbers and fingerprints are for a worker to compute. One that is no key is dropped.
func (b *Book) Describe(read func(text string) (id, print string)) {
	for _, list := range []*[]Key{&b.builtIn, &b.Rules.Keys} {
		for i := range *list {
			if k := &(*list)[i]; k.Print == "" {
				k.ID, k.Print = read(k.Text)
			}
		}
		*list = slices.DeleteFunc(*list, func(k Key) bool { return k.Print == "" })
	}
}

// Keys lists what is pinned: built in, from the policy, by people.
func (b *Book) Keys() []Key {
	keys := append(slices.Clone(b.builtIn), b.Rules.Keys...)
	if !b.Rules.OnlyThese {
		keys = append(keys, b.user...)
	}
	return keys
}

// Find returns the pinned key with this text, or nil.
func (b *Book) Find(text string) *Key {
	for _, k := range b.Keys() {
		if k.Text == text {
			return &k
		}
	}
	return nil
}

// Request asks a worker about a file of a kind.
func (b *Book) Request(kind string, now float64) protocol.TrustRequest {
	req := protocol.TrustRequest{Kind: kind, Now: now}
	for _, k := range b.Keys() {
		if len(req.Keys) < protocol.MaxPinned {
			req.Keys = append(req.Keys, protocol.Pinned{Label: k.Label, Origin: k.Origin, Text: k.Text})
		}
	}
	if day, err := time.Parse(time.DateOnly, b.date); err == nil {
		req.Floor = float64(day.UnixMilli())
	}
	return req
}

// Pin trusts a key from now on.
func (b *Book) Pin(k Key) error {
	if b.Rules.OnlyThese {
		return ErrLocked
	}
	if b.Find(k.Text) != nil {
		return nil
	}
	if len(b.Keys()) >= protocol.MaxPinned {
		return ErrFull
	}
	k.Origin = FromUser
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	if err := b.disk.Put(keyRecord+plain(k.Print), string(text)); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return b.Load()
}

// Unpin ends the trust in a key that a person has pinned. Its counters stay: who pins it again cannot be shown old files.
func (b *Book) Unpin(k Key) error {
	if err := b.disk.Put(keyRecord+plain(k.Print), ""); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return b.Load()
}

func plain(print string) string { return strings.ReplaceAll(print, " ", "") }

// Judge completes a worker's answer about a file of a kind: a counter below one that was accepted, and what the policy forbids, are refused. The
// counter of a file that is accepted is kept. An error means that it could not be written; the judgement holds all the same.
func (b *Book) Judge(kind string, t *protocol.Trust) (err error) {
	if t.State == protocol.TrustSigned {
		record := seenRecord + plain(t.Print) + "/" + kind + "/" + t.Name
		err = b.disk.Lock(func() error { return b.count(record, kind, t) })
	}
	if b.Rules.SignedOnly && t.State != protocol.TrustSigned && (t.State == protocol.TrustUnsigned || t.Reason == protocol.WhyUnknownKey) {
		t.Detail = strings.TrimSpace("the policy allows signed files only. " + t.Detail)
		t.State, t.Reason = protocol.TrustRefused, protocol.WhyPolicy
	}
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}

// count compares a counter with the highest so far, which another tab may have written, and the day with the latest.
func (b *Book) count(record, kind string, t *protocol.Trust) error {
	stored, err := b.stored(record)
	if dates, e := b.disk.Records(dateRecord); e == nil {
		b.date = max(b.date, dates[dateRecord])
	}
	before := max(b.seen[record], stored)
	b.seen[record] = before
	if least := b.least(kind, t.Name); t.Counter < max(before, least) {
		t.State, t.Reason = protocol.TrustRefused, protocol.WhyOlderCounter
		t.Detail = fmt.Sprintf("counter %d, but %d was accepted before, or is what the policy wants", t.Counter, max(before, least))
		return err
	}
	b.seen[record] = t.Counter
	if t.Counter > stored {
		err = errors.Join(err, b.disk.Put(record, strconv.FormatUint(t.Counter, 10)))
	}
	if t.Date > b.date {
		b.date = t.Date
		err = errors.Join(err, b.disk.Put(dateRecord, t.Date))
	}
	return err
}

// stored is the counter on the disk, 0 for none. One that cannot be read is taken for the one that is known.
func (b *Book) stored(record string) (uint64, error) {
	texts, err := b.disk.Records(record)
	if err != nil {
		return b.seen[record], err
	}
	n, err := strconv.ParseUint(texts[record], 10, 64)
	if err != nil {
		return 0, nil
	}
	return n, nil
}

// least is the least counter that the policy wants.
func (b *Book) least(kind, name string) uint64 {
	if b.Rules.Least == nil {
		return 0
	}
	return b.Rules.Least(kind, name)
}

// Usable tells whether a file may be used: one that is not signed, or by an unknown key, may unless the policy says no. That a signature cannot be
// checked proves nothing against a file, and nothing for it.
func Usable(t *protocol.Trust) bool {
	return t.State != protocol.TrustRefused || t.Reason == protocol.WhyUnknownKey
}

// Today is what an earlier judgement is worth now: a key that is not pinned any more is unknown.
func (b *Book) Today(t protocol.Trust) protocol.Trust {
	if t.State == protocol.TrustSigned && b.Find(t.Key) == nil {
		t.State, t.Reason, t.Warning, t.ExpiresSoon = protocol.TrustRefused, protocol.WhyUnknownKey, "", false
	}
	return t
}

// Kept judges a part that is kept by the keys and the policy of today; why is "" for one that may be used. The highest counter that was accepted is no
// matter: a person may go back.
func (b *Book) Kept(t protocol.Trust) (today protocol.Trust, why string) {
	t = b.Today(t)
	switch {
	case b.Rules.SignedOnly && t.State != protocol.TrustSigned:
		return t, protocol.WhyPolicy
	case t.State == protocol.TrustSigned && t.Counter < b.least(protocol.KindModel, t.Name):
		return t, protocol.WhyOlderCounter
	}
	return t, ""
}

// Stale tells whether a kept file should be checked again: its key is unknown by the record, but pinned now.
func (b *Book) Stale(t *protocol.Trust) bool {
	return t.Reason == protocol.WhyUnknownKey && slices.ContainsFunc(b.Keys(), func(k Key) bool { return k.ID == t.KeyID })
}
