// Package roi says which patches of a picture are inspected: the region of interest of a part.
//
//	m := roi.Polygon([]roi.Point{{4, 4}, {28, 4}, {16, 28}}, 32, 32, 32, 32)
//	m, err := roi.Parse(m.String())
//	n := m.Count(32 * 32)
//
// A mask lies on the grid of patches (stride 8) of the model's input, so it is the same for all pictures of a part, whatever their size.
// Everything is counted in integers: page, command line and trainer draw the same mask from the same shapes.
package roi

import (
	"encoding/base64"
	"errors"
	"fmt"
)

// Mask has a byte for each patch of a grid, [h][w]: 1 inside, 0 outside. A nil mask means that everything is inside.
type Mask []uint8

// ErrEmpty is wrapped when nothing is inside.
var ErrEmpty = errors.New("roi: nothing is inside")

// Validate checks a mask of so many patches. The only mask of everything is nil, so one content has one form.
func (m Mask) Validate(patches int) error {
	if m == nil {
		return nil
	}
	if len(m) != patches {
		return fmt.Errorf("roi: %d patches, want %d", len(m), patches)
	}
	for i, v := range m {
		if v > 1 {
			return fmt.Errorf("roi: patch %d is %d, want 0 or 1", i, v)
		}
	}
	switch m.Count(patches) {
	case 0:
		return ErrEmpty
	case patches:
		return errors.New("roi: all is inside; leave the mask out")
	}
	return nil
}

// Canonical is nil for a mask of everything, and else the mask.
func (m Mask) Canonical() Mask {
	if m.Count(0) == len(m) {
		return nil
	}
	return m
}

// Count is how many of so many patches are inside.
func (m Mask) Count(patches int) int {
	if m == nil {
		return patches
	}
	n := 0
	for _, v := range m {
		n += int(v)
	}
	return n
}

// In says whether a patch is inside.
func (m Mask) In(patch int) bool { return m == nil || m[patch] != 0 }

// Places lists the patches that are inside, ascending.
func (m Mask) Places(patches int) []int {
	out := make([]int, 0, m.Count(patches))
	for i := range patches {
		if m.In(i) {
			out = append(out, i)
		}
	}
	return out
}

// Keep moves what belongs to the patches inside, width values each, to the front of v and returns it.
func Keep[T any](m Mask, v []T, width int) []T {
	if m == nil {
		return v
	}
	at := 0
	for i, in := range m {
		if in != 0 {
			at += copy(v[at:], v[i*width:(i+1)*width])
		}
	}
	return v[:at]
}

// String writes a mask as base64 of one bit a patch, the first in the lowest bit; "" for nil. Grids have multiples of eight patches.
func (m Mask) String() string {
	bits := make([]byte, (len(m)+7)/8)
	for i, v := range m {
		bits[i/8] |= v << (i % 8)
	}
	return base64.StdEncoding.EncodeToString(bits)
}

// Parse reads what String wrote.
func Parse(s string) (Mask, error) {
	bits, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("roi: %w", err)
	}
	if s == "" {
		return nil, nil
	}
	m := make(Mask, 8*len(bits))
	for i := range m {
		m[i] = bits[i/8] >> (i % 8) & 1
	}
	if m.String() != s { // base64 skips line ends
		return nil, errors.New("roi: not in canonical form")
	}
	return m, nil
}

// Resize brings a mask from one grid to another: each patch is as the old one in its middle.
func (m Mask) Resize(w, h, toW, toH int) Mask {
	if m == nil || len(m) != w*h {
		return nil
	}
	out := make(Mask, toW*toH)
	for y := range toH {
		for x := range toW {
			out[y*toW+x] = m[(2*y+1)*h/(2*toH)*w+(2*x+1)*w/(2*toW)]
		}
	}
	return out
}

// Paint returns a copy of m, a mask of len(shape) patches, with shape added or, with erase, taken away. Drawn on everything, what is added is all that
// is inside: nobody draws a region to say that everything counts.
func (m Mask) Paint(shape Mask, erase bool) Mask {
	out := make(Mask, len(shape))
	for i, v := range shape {
		switch {
		case erase:
			if v == 0 && m.In(i) {
				out[i] = 1
			}
		case v != 0 || m != nil && m[i] != 0:
			out[i] = 1
		}
	}
	return out
}
