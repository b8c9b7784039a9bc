package ui

import "strconv"

// Look is how the selected image is looked at.
type Look struct {
	MapOn   bool
	Blink   bool // the map is hidden while a key is held
	Opacity int  // percent
}

// SetOpacity takes the slider's value in percent.
func (l *Look) SetOpacity(v string) {
	if n, err := strconv.Atoi(v); err == nil {
		l.Opacity = min(max(n, 0), 100)
	}
}

// HeatOpacity is how much of the map is seen now, 0..1.
func (l *Look) HeatOpacity() float64 {
	if !l.MapOn || l.Blink {
		return 0
	}
	return float64(l.Opacity) / 100
}
