// Package history is the view of what was inspected, by whom and when, and the log behind it: every verdict, override and export becomes an
// entry of a chain (core/audit) that is stored on the device.
//
// An entry counts as made only when the browser has it on the disk. Until then it waits here; when it cannot be stored, inspection goes on
// and the page says so. The chain is computed by a worker, since SHA-256 would add to the page's program what the worker has already.
package history

//go:generate go run anomnet/cmd/internal/vugugen .
