package protocol

import (
	"fmt"
	"slices"
)

// Operations about signatures, see docs/signatures.md.
const (
	OpTrust = "trust"
	OpKey   = "key"
	OpChunk = "chunk"
)

// Kinds of signed files and states of signatures are those of core/signature.
const (
	KindModel     = "model"
	KindCatalogue = "catalogue"
	KindPolicy    = "policy"

	TrustSigned   = "signed"
	TrustUnsigned = "unsigned"
	TrustRefused  = "refused"
)

// Reasons of a refusal that the page acts on; the others are only said.
const (
	WhyUnknownKey   = "unknown_key"
	WhyOlderCounter = "older_counter"
	WhyPolicy       = "policy" // the page's own: only signed files are allowed here
	WhyExpired      = "expired"
	WhyClock        = "clock_unsure"
)

// TrustReasons returns every reason, for tables and tests.
func TrustReasons() []string {
	return []string{"malformed", WhyUnknownKey, "wrong", "no_statement", "other_kind", "other_name", WhyOlderCounter, WhyPolicy}
}

// Limits of messages about signatures.
const (
	MaxPinned  = 100
	MaxKeyText = 2048
)

// Pinned is a key that is trusted: Text is the key in one line, Origin one of core/signature.
type Pinned struct {
	Label  string `json:"label"`
	Origin string `json:"origin"`
	Text   string `json:"text"`
}

// TrustRequest asks who signed the file in the first buffer; the second is its signature file, empty for none. SHA256 is what the file must have,
// "" for anything. Times are Unix milliseconds; Floor is one that has certainly passed. The answer's counter is not compared with earlier ones: the
// page keeps them.
type TrustRequest struct {
	Kind   string   `json:"kind"`
	SHA256 string   `json:"sha256,omitempty"`
	Keys   []Pinned `json:"keys,omitempty"`
	Now    float64  `json:"now"`
	Floor  float64  `json:"floor,omitempty"`
}

// Trust says who signed a file, or why it was refused. It is kept with a part.
type Trust struct {
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
	Detail      string `json:"detail,omitempty"`
	KeyID       string `json:"key_id,omitempty"` // of the signature; of an unknown key too, where it proves nothing
	Key         string `json:"key,omitempty"`    // the pinned key that fits, in one line
	Print       string `json:"print,omitempty"`  // its fingerprint
	Label       string `json:"label,omitempty"`
	Origin      string `json:"origin,omitempty"`
	Name        string `json:"name,omitempty"` // in the statement
	Counter     uint64 `json:"counter,omitempty"`
	Date        string `json:"date,omitempty"` // day of the signature
	Expires     string `json:"expires,omitempty"`
	ExpiresSoon bool   `json:"expires_soon,omitempty"`
	Warning     string `json:"warning,omitempty"` // WhyExpired or WhyClock
	File        string `json:"file,omitempty"`    // digest of a model's content
}

// KeyRequest asks what a public key is: the text of a .pub file or its second line.
type KeyRequest struct {
	Text string `json:"text"`
}

// KeyResult is a public key in one line, its number and fingerprint.
type KeyResult struct {
	Text  string `json:"text"`
	ID    string `json:"id"`
	Print string `json:"print"`
}

// ChunkRequest asks whether the only buffer has this SHA-256. The answer has no content; a wrong chunk is the error CodeChunk.
type ChunkRequest struct {
	SHA256 string `json:"sha256"`
}

func (r TrustRequest) check() error {
	if !slices.Contains([]string{KindModel, KindCatalogue, KindPolicy}, r.Kind) {
		return fmt.Errorf("field kind: unknown kind %q", r.Kind)
	}
	if len(r.Keys) > MaxPinned {
		return fmt.Errorf("field keys: %d, want at most %d", len(r.Keys), MaxPinned)
	}
	return nil
}

func (r KeyRequest) check() error {
	if len(r.Text) > MaxKeyText {
		return fmt.Errorf("field text: %d bytes, want at most %d", len(r.Text), MaxKeyText)
	}
	return nil
}

func (r Trust) check() error {
	if !slices.Contains([]string{TrustSigned, TrustUnsigned, TrustRefused}, r.State) {
		return fmt.Errorf("field state: unknown state %q", r.State)
	}
	return nil
}
