// Package teach is the view Teach, in which a person makes a part from good images, and the panel in Inspect that corrects a part: "this one is
// good", "this one is bad". It knows nothing of the browser; what it needs goes through Backend.
package teach

//go:generate go run anomnet/cmd/internal/vugugen .
