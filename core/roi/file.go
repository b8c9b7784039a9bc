package roi

import (
	"errors"
	"fmt"

	"anomnet/core/safetensors"
)

// fileJSON is a region of interest as people write it.
type fileJSON struct {
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Shapes []shapeJSON `json:"shapes"`
}

// shapeJSON is a rectangle [left, top, right, bottom] or a polygon.
type shapeJSON struct {
	Rect    []int   `json:"rect,omitempty"` // slices: encoding/json fills an array with zeros, and drops what is too much
	Polygon [][]int `json:"polygon,omitempty"`
	Outside bool    `json:"outside,omitempty"` // taken away, not added
}

// Limits of a file.
const (
	maxFile   = 1 << 20
	maxPoints = 10_000 // of all shapes
)

// Shapes reads the mask, [h][w], that a JSON text describes: rectangles and polygons in a frame of width x height units over the picture, added or taken
// away in their order. The result is canonical; it is an error when nothing is inside.
func Shapes(data []byte, w, h int) (Mask, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("roi: %d bytes, the limit is %d", len(data), maxFile)
	}
	var f fileJSON
	if err := safetensors.StrictJSON(data, &f); err != nil {
		return nil, fmt.Errorf("roi: %w", err)
	}
	if f.Width < 1 || f.Height < 1 || f.Width > maxUnit || f.Height > maxUnit {
		return nil, fmt.Errorf("roi: frame of %d x %d, want 1..%d", f.Width, f.Height, maxUnit)
	}
	if len(f.Shapes) == 0 {
		return nil, errors.New("roi: no shapes")
	}
	var m Mask
	total := 0
	for i, s := range f.Shapes {
		points, err := s.points()
		if total += len(points); err == nil && total > maxPoints {
			err = fmt.Errorf("more than %d points", maxPoints)
		}
		if err != nil {
			return nil, fmt.Errorf("roi: shape %d: %w", i+1, err)
		}
		m = m.Paint(Polygon(points, f.Width, f.Height, w, h), s.Outside)
	}
	return inspected(m)
}

func inspected(m Mask) (Mask, error) {
	if m.Count(0) == 0 {
		return nil, ErrEmpty
	}
	return m.Canonical(), nil
}

func (s *shapeJSON) points() ([]Point, error) {
	var points []Point
	switch r := s.Rect; {
	case len(r) == 4 && s.Polygon == nil:
		points = Rectangle(Point{r[0], r[1]}, Point{r[2], r[3]})
	case r == nil && len(s.Polygon) >= 3:
		for _, p := range s.Polygon {
			if len(p) != 2 {
				return nil, fmt.Errorf("a point of %d numbers, want two", len(p))
			}
			points = append(points, Point{p[0], p[1]})
		}
	default:
		return nil, errors.New("want a rect of four numbers, or a polygon of three points or more")
	}
	for _, p := range points {
		if min(p.X, p.Y) < -maxUnit || max(p.X, p.Y) > maxUnit { // the smallest int has no abs
			return nil, fmt.Errorf("place %d, %d is beyond %d", p.X, p.Y, maxUnit)
		}
	}
	return points, nil
}

// Picture is the mask, [h][w], of a picture that is white where is inspected, brought to the model's input as pictures of the part are:
// pix is [h*stride][w*stride][3]. A patch is inside when its pixels are at least half as bright as white ones. The result is canonical; it is an error when nothing
// is inside.
func Picture(pix []uint8, w, h, stride int) (Mask, error) {
	if len(pix) != 3*w*h*stride*stride {
		return nil, fmt.Errorf("roi: picture of %d values for %d x %d patches", len(pix), w, h)
	}
	m, row := make(Mask, w*h), 3*w*stride
	for p := range m {
		sum := 0
		for y := range stride {
			at := (p/w*stride+y)*row + 3*(p%w)*stride
			for _, v := range pix[at : at+3*stride] {
				sum += int(v)
			}
		}
		if 2*sum >= 255*3*stride*stride {
			m[p] = 1
		}
	}
	return inspected(m)
}
