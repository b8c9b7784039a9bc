// Package kiosk is the view of a station on the line: one verdict across the screen, counters, and what starts an inspection (a key or pedal, a
// scene that is still, new files in a folder). It keeps to the policy of core/policy. It knows nothing of the browser; what it needs goes
// through Backend.
//
// A verdict counts when it stands in the history. What a folder holds is inspected once: a file is known by place, size and time, and the history
// refuses a second entry for it.
package kiosk

//go:generate go run anomnet/cmd/internal/vugugen .
