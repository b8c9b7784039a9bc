// Package models is the view Models: the parts that are kept on this device with their versions, those that came with the site or as files, and two
// models on the same images. It knows nothing of the browser; what it needs goes through Backend.
package models

//go:generate go run anomnet/cmd/internal/vugugen .
