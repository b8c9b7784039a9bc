package ui

import (
	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// Stamped is a Source that is known by its size and time, such as a file in a folder that is watched.
type Stamped interface {
	Stamp() (size, modified int64, ok bool) // bytes, and milliseconds since 1970
}

// StampOf is the stamp of a source; false when it has none.
func StampOf(src Source) (size, modified int64, ok bool) {
	s, ok := src.(Stamped)
	if !ok {
		return 0, 0, false
	}
	return s.Stamp()
}

// telling is what the sentence about an item depends on.
type telling struct {
	text    *messages.Catalogue
	state   State
	ratio   float64
	verdict string
}

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
	Label  string // "good" or "defect", as the site says of samples and folders of their images; else ""
	State  State
	Result protocol.ScoreResult
	Map    []float32
	Err    protocol.Error
	Time   report.Time // of the result or error
	// Override is a person's verdict, nil for none. Recorded is the number of the history's entry, 0 until it is kept.
	Override *report.Override
	Recorded int64
	// Gone tells that the map was dropped to save memory and that the file can no longer be read.
	Gone bool
	// Prepared is set by the Canvas when only the picture as scored can be shown.
	Prepared bool

	told    telling // what label was made of
	label   string
	own     []protocol.Region // at the model's limit
	fold    string            // the name in lower case
	dropped bool              // the map was dropped to save memory
	absent  bool              // there is a record only
	again   bool              // scored once more for what was dropped
}
