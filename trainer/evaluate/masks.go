package evaluate

import (
	"sync"

	"anomnet/core/imaging"
	"anomnet/core/metrics"
	"anomnet/trainer/dataset"
)

// Masks loads the ground truth of images as one head sees them, each once. It may be shared by goroutines.
type Masks struct {
	pre  imaging.Preprocess
	mu   sync.Mutex
	of   map[string][]bool
	none []bool
}

// NewMasks makes masks of the size and in the way of pre.
func NewMasks(pre imaging.Preprocess) *Masks {
	return &Masks{pre: pre, of: map[string][]bool{}, none: make([]bool, pre.Width*pre.Height)}
}

// Of gives the mask of an image: of one that is good or has no mask, an empty one. It must not be changed.
func (m *Masks) Of(it dataset.Item) (metrics.Mask, error) {
	out := metrics.Mask{W: m.pre.Width, H: m.pre.Height, Pix: m.none}
	if it.Good() || it.Mask == "" {
		return out, nil
	}
	m.mu.Lock()
	pix := m.of[it.Mask]
	m.mu.Unlock()
	if pix == nil {
		var err error
		if pix, err = it.LoadMask(m.pre); err != nil {
			return out, err
		}
		m.mu.Lock()
		m.of[it.Mask] = pix
		m.mu.Unlock()
	}
	out.Pix = pix
	return out, nil
}
