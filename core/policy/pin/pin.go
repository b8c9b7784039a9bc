// Package pin makes and checks the hash of a PIN: PBKDF2 with HMAC-SHA-256 and a salt. Who may try how often is policy.Lockout.
package pin

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"anomnet/core/policy"
)

// Rounds is what New uses: OWASP's figure for PBKDF2 with HMAC-SHA-256 (Password Storage Cheat Sheet, 2023).
const Rounds = 600_000

// A PIN has 4 to 64 characters; it may have letters.
const (
	MinLength = 4
	MaxLength = 64
)

// New returns the hash of a PIN. salt are 16 random bytes or more.
func New(pin string, salt []byte, rounds int) (*policy.PIN, error) {
	if n := utf8.RuneCountInString(pin); n < MinLength || n > MaxLength || !utf8.ValidString(pin) {
		return nil, fmt.Errorf("pin: want %d to %d characters", MinLength, MaxLength)
	}
	hash, err := pbkdf2.Key(sha256.New, pin, salt, rounds, policy.HashBytes)
	if err != nil {
		return nil, fmt.Errorf("pin: %w", err)
	}
	p := &policy.PIN{Rounds: rounds, Salt: hex.EncodeToString(salt), Hash: hex.EncodeToString(hash)}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// Check tells whether a PIN is the one of the hash, which has passed policy.Decode. The time does not depend on where they differ.
func Check(p *policy.PIN, pin string) bool {
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || len(pin) > 4*MaxLength {
		return false
	}
	want, err := hex.DecodeString(p.Hash)
	if err != nil {
		return false
	}
	got, err := pbkdf2.Key(sha256.New, pin, salt, p.Rounds, policy.HashBytes)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1
}
