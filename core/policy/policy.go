// Package policy reads and writes the policy of a station: what a kiosk may inspect, whom it trusts, what starts an inspection,
// and what happens with the results. docs/kiosk.md describes the file.
//
//	p, err := policy.Decode(data)
//	if !p.Allows(part, headDigest) { ... }
//
// It knows the keys that a policy pins as text only. Whether the policy itself is signed is decided with package signature before
// it is decoded (signature.Policy); the PIN is checked by package pin. So a page can read a policy without either.
//
// # Security considerations
//
// Decode takes one form of bytes only: a byte that changes is refused, or is another policy, and never goes unnoticed. Only a
// signature can tell whether it is the right one.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"anomnet/core/internal/jsontext"
)

// Version is the version of the file that this package writes and reads.
const Version = 1

// Limits of a policy.
const (
	MaxBytes    = 64 << 10
	MaxParts    = 500
	MaxKeys     = 100 // as in package signature
	MaxCounters = 1000
	MaxTriggers = 8 // keys that start an inspection
	maxName     = 200
)

// ErrMalformed is wrapped when a file is no policy.
var ErrMalformed = errors.New("policy: not a policy file")

// Policy is what a station may do. The zero value, with Version, allows everything and demands nothing.
type Policy struct {
	Version  int       `json:"version"`
	Name     string    `json:"name"`     // for people: the station or the line
	Parts    []Part    `json:"parts"`    // that may be inspected; none: all. The kiosk opens the first
	Signed   bool      `json:"signed"`   // only signed models
	Keys     []Key     `json:"keys"`     // pinned
	Counters []Counter `json:"counters"` // the least that signatures must have
	Operator bool      `json:"operator"` // a name is required before the first image
	Triggers Triggers  `json:"triggers"`
	Sound    bool      `json:"sound"`
	Export   *Export   `json:"export"` // null: nothing is exported by itself
	PIN      *PIN      `json:"pin"`    // null: everybody may leave the kiosk and change settings
}

// Part is a part by name, by the digest of its head, or by both.
type Part struct {
	Name string `json:"name"`        // "": any
	Head string `json:"head_sha256"` // "": any
}

// Key is a public key in the text form of minisign.
type Key struct {
	Label string `json:"label"`
	Key   string `json:"key"`
}

// Counter is the least counter that a signature for a kind and name must have (core/signature, Check.Counter).
type Counter struct {
	Kind    string `json:"kind"` // model, catalogue or policy
	Name    string `json:"name"` // of a model; "" for the others
	Counter int64  `json:"counter"`
}

// Triggers are what may start an inspection.
type Triggers struct {
	Keys   []string `json:"keys"`   // values of KeyboardEvent.key, such as " ", "Enter" or "F9"
	Still  bool     `json:"still"`  // the camera's picture has changed and is still again
	Folder bool     `json:"folder"` // new files in a folder
}

// Export is when and how results go into a folder that a person has granted.
type Export struct {
	CSV      bool `json:"csv"`
	JSON     bool `json:"json"`
	Pictures bool `json:"pictures"` // with the map drawn in
	Images   int  `json:"images"`   // after so many; 0: not by number
	Minutes  int  `json:"minutes"`  // after so long; 0: not by time
}

// PIN is a slow, salted hash of a PIN; package pin makes and checks it.
type PIN struct {
	Rounds int    `json:"rounds"` // of PBKDF2 with HMAC-SHA-256
	Salt   string `json:"salt"`   // hex
	Hash   string `json:"hash"`   // hex
}

// Default is the policy of a station that has none: keys and pedal, still scene and folder start inspections, all is allowed.
func Default() *Policy {
	return &Policy{Version: Version, Triggers: Triggers{Keys: []string{" ", "Enter"}, Still: true, Folder: true}}
}

// Allows tells whether a part may be inspected, by the name and digest of its head.
func (p *Policy) Allows(name, head string) bool {
	for _, one := range p.Parts {
		if (one.Name == "" || one.Name == name) && (one.Head == "" || one.Head == head) {
			return true
		}
	}
	return len(p.Parts) == 0
}

// Least is the least counter that a signature for a kind and name must have.
func (p *Policy) Least(kind, name string) uint64 {
	for _, c := range p.Counters {
		if c.Kind == kind && c.Name == name {
			return uint64(c.Counter)
		}
	}
	return 0
}

// Starts tells whether a key starts an inspection.
func (p *Policy) Starts(key string) bool {
	for _, k := range p.Triggers.Keys {
		if k == key {
			return true
		}
	}
	return false
}

// Decode reads a policy that Encode wrote, and no other bytes.
func Decode(data []byte) (*Policy, error) {
	p, err := Read(data)
	if err != nil {
		return nil, err
	}
	again, err := p.Encode()
	if err != nil {
		return nil, err
	}
	if at := jsontext.Difference(again, data); at >= 0 {
		return nil, fmt.Errorf("%w: offset %d: not in its one form of bytes", ErrMalformed, at)
	}
	return p, nil
}

// Read reads a policy that a person wrote: white space, the order of keys and keys that are left out do not matter, all else does. What
// Encode makes of it is what Decode reads.
func Read(data []byte) (*Policy, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrMalformed, len(data), MaxBytes)
	}
	if err := jsontext.Check(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := known(jsontext.Whole(data), jsontext.Whole(shape), true); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	p := Default()
	p.Version, p.Triggers.Keys = 0, nil // the file must say so
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return p, nil
}

// shape has every key that a policy may have.
var shape = []byte(`{"version":0,"name":0,"parts":[{"name":0,"head_sha256":0}],"signed":0,"keys":[{"label":0,"key":0}],` +
	`"counters":[{"kind":0,"name":0,"counter":0}],"operator":0,"triggers":{"keys":[0],"still":0,"folder":0},"sound":0,` +
	`"export":{"csv":0,"json":0,"pictures":0,"images":0,"minutes":0},"pin":{"rounds":0,"salt":0,"hash":0}}`)

// maxEntries is how many members or elements anything in a policy may have at most.
const maxEntries = 1000

// known demands that v has only keys that the shape has, each once and in that case, and no null but for export and pin. encoding/json does not.
func known(v, shape jsontext.Value, nullable bool) error {
	switch c := shape.Raw[0]; {
	case string(v.Raw) == "null":
		if nullable {
			return nil
		}
		return fmt.Errorf("offset %d: null", v.At)
	case c == '[':
		list, err := jsontext.Split(v, '[', maxEntries)
		if err != nil {
			return err
		}
		inner, err := jsontext.Split(shape, '[', 1)
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := known(one, inner[0], false); err != nil {
				return err
			}
		}
	case c == '{':
		return knownKeys(v, shape)
	}
	return nil
}

func knownKeys(v, shape jsontext.Value) error {
	list, err := jsontext.Split(v, '{', maxEntries)
	if err != nil {
		return err
	}
	inner, err := jsontext.Split(shape, '{', maxEntries)
	if err != nil {
		return err
	}
	for _, one := range list {
		found := false
		for _, want := range inner {
			if want.Key == one.Key {
				found = true
				if err := known(one, want, one.Key == "export" || one.Key == "pin"); err != nil {
					return err
				}
			}
		}
		if !found {
			return fmt.Errorf("offset %d: unknown key %.40q", one.At, one.Key)
		}
	}
	return nil
}

// Encode returns the file. The same content always gives the same bytes.
func (p *Policy) Encode() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	full := *p
	full.Parts = append([]Part{}, p.Parts...) // [] and not null
	full.Keys = append([]Key{}, p.Keys...)
	full.Counters = append([]Counter{}, p.Counters...)
	full.Triggers.Keys = append([]string{}, p.Triggers.Keys...)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(full); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if out.Len() > MaxBytes {
		return nil, fmt.Errorf("policy: the file would have %d bytes, want at most %d", out.Len(), MaxBytes)
	}
	return out.Bytes(), nil
}
