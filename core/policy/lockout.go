package policy

import "time"

// Lockout makes guessing a PIN slow. It is kept on the device, in the form of its JSON, and written before a PIN is checked, so that
// neither a reload nor the end of the power gives another try.
type Lockout struct {
	Failures int   `json:"failures"`
	Since    int64 `json:"since"` // Unix milliseconds of the last failure
}

const (
	freeTries = 3
	firstWait = 10 * time.Second
	longest   = time.Hour
)

// Tried returns the state after one more try, which counts as a failure until Lockout{} is kept in its place.
func (l Lockout) Tried(now time.Time) Lockout {
	return Lockout{Failures: min(max(l.Failures, 0)+1, 1000), Since: now.UnixMilli()}
}

// Wait is how long no PIN is taken: nothing after the first failures, then 10 seconds, doubled each time up to an hour. A clock that was
// set back makes it no longer than the whole wait; the caller then keeps Again.
func (l Lockout) Wait(now time.Time) time.Duration {
	n := l.Failures - freeTries
	if n < 0 {
		return 0
	}
	wait := longest
	if n < 10 {
		wait = min(firstWait<<n, longest)
	}
	passed := now.Sub(time.UnixMilli(l.Since)) // at the ends of its range when centuries lie between
	return max(wait-max(passed, 0), 0)
}

// Again is the state when the clock stands before the last failure: the wait begins anew, so that it ends.
func (l Lockout) Again(now time.Time) Lockout {
	if now.UnixMilli() < l.Since {
		l.Since = now.UnixMilli()
	}
	return l
}
