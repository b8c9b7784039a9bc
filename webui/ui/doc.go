// Package ui is the page: its state and its Vugu components. It knows nothing of the browser; what it needs from outside
// goes through Backend, so that everything here is tested on the host.
//
// The .vugu files hold the markup, the .go files beside them the logic. The files *_gen.go are made by vugugen.
package ui

//go:generate go run anomnet/cmd/internal/vugugen .
