package ui

import "anomnet/wasm/protocol"

// State is how far an item has come.
type State int

// The states in order. Failed has Item.Err, Done has Item.Result.
const (
	Waiting State = iota
	Working
	Done
	Failed
)

// Item is one image in the list.
type Item struct {
	ID     int
	Src    Source
	Label  string // "good" or "defect" for samples, else ""
	State  State
	Result protocol.ScoreResult
	Map    []float32
	Err    protocol.Error
	// Gone tells that the map was dropped to save memory and that the file can no longer be read.
	Gone bool
	// Prepared is set by the Canvas when only the picture as scored can be shown.
	Prepared bool

	fold    string // the name in lower case
	dropped bool   // the map was dropped to save memory
	again   bool   // scored once more for what was dropped
}
