package evaluate

import (
	"sync"

	"anomnet/core/metrics"
	"anomnet/trainer/dataset"
)

// Masks loads the ground truth of images at one size, each once. It may be shared by goroutines.
type Masks struct {
	w, h int
	mu   sync.Mutex
	of   map[string][]bool
	none []bool
}

// NewMasks makes masks of width x height pixels.
func NewMasks(width, height int) *Masks {
	return &Masks{w: width, h: height, of: map[string][]bool{}, none: make([]bool, width*height)}
}

// Of gives the mask of an image: of one that is good or has no mask, an empty one. It must not be changed.
func (m *Masks) Of(it dataset.Item) (metrics.Mask, error) {
	out := metrics.Mask{W: m.w, H: m.h, Pix: m.none}
	if it.Good() || it.Mask == "" {
		return out, nil
	}
	m.mu.Lock()
	pix := m.of[it.Mask]
	m.mu.Unlock()
	if pix == nil {
		var err error
		if pix, err = it.LoadMask(m.w, m.h); err != nil {
			return out, err
		}
		m.mu.Lock()
		m.of[it.Mask] = pix
		m.mu.Unlock()
	}
	out.Pix = pix
	return out, nil
}
