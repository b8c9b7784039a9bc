// Package regions finds the connected parts of a picture whose anomaly map is above a limit, measures and outlines them.
//
//	f := regions.Find(m, w, h, limit, frame)
//	f.Regions[0].Area    // pixels of the picture, the largest region first
//	f.Outline(0)         // closed lines around it
//	regions.Mark(m, w, h, limit, true, frame) // an image that is NG, which shows a place in any case
//
// The map is laid over the picture as it is drawn: bilinear between patch centres. It is looked at on a raster of at most Raster
// samples along the longer side, one sample per pixel for pictures up to that size, so areas of larger pictures are multiples of a
// sample's area. Every float32 operation is rounded on its own and areas are counts, so the regions are the same on every machine.
package regions

import (
	"cmp"
	"math"
	"slices"

	"anomnet/core/roi"
)

const (
	// Raster is the number of samples along the longer side of a picture at most.
	Raster = 512
	// Max is how many regions are kept, the largest ones.
	Max = 100
	// nearTop is the share of the highest value above which Mark looks where nothing is above the limit: more than a spot, less than all that is a little odd.
	nearTop = 0.95
)

// Modes in which a picture is brought to the size of the model's input; they are those of core/imaging.
const (
	Stretch = "stretch"
	Fit     = "fit"
	Crop    = "crop"
)

// Frame is where an anomaly map lies on a picture of Width x Height pixels that was brought to InputW x InputH by Mode, and what of it is inspected.
type Frame struct {
	Width, Height  int
	InputW, InputH int
	Mode           string
	ROI            roi.Mask // cells of the map that are inspected, nil for all
}

// Cover is how much of the model's input the picture fills in each direction: 1 when it is stretched, less in one direction when
// it is fitted in, more when it is cropped.
func (f Frame) Cover() (kx, ky float64) {
	sx, sy := float64(f.InputW)/float64(f.Width), float64(f.InputH)/float64(f.Height)
	switch f.Mode {
	case Fit:
		s := min(sx, sy)
		return s / sx, s / sy
	case Crop:
		s := max(sx, sy)
		return s / sx, s / sy
	}
	return 1, 1
}

// Spot returns the rectangle of the picture, in pixels, that a cell of a map of w x h covers. Parts outside of the picture are cut off.
func (f Frame) Spot(x, y, w, h int) (left, top, right, bottom float64) {
	kx, ky := f.Cover()
	at := func(cell, cells int, k float64, size int) float64 {
		p := 0.5 + (float64(cell)/float64(cells)-0.5)/k
		return min(max(p, 0), 1) * float64(size)
	}
	return at(x, w, kx, f.Width), at(y, h, ky, f.Height), at(x+1, w, kx, f.Width), at(y+1, h, ky, f.Height)
}

func (f Frame) valid() bool { return f.Width > 0 && f.Height > 0 && f.InputW > 0 && f.InputH > 0 }

// Region is a connected part of a picture above Found.Edge; samples that touch at a corner are connected. Its unit is a pixel of the
// picture.
type Region struct {
	Area                     int
	Share                    float64 // of what is inspected of the picture, 0..1
	Peak                     float32 // largest value of the map in it
	Left, Top, Right, Bottom int     // box around it, Right and Bottom outside
}

// Found is what Find found. Regions has the largest first, equal ones in order of their first sample; More counts those beyond Max.
type Found struct {
	Regions []Region
	More    int
	Edge    float32 // what the regions are above: the limit, or less (Mark)

	frame  Frame
	w, h   int
	values []float32 // NaN where the picture is not inspected
	label  []int32   // 0 for none, else 1 + index in Regions
}

// Find looks for the parts of m, [h][w], that are above limit. Sizes that do not fit together give none.
func Find(m []float32, w, h int, limit float32, frame Frame) *Found {
	f := &Found{frame: frame, Edge: limit}
	if fits(m, w, h, frame) && slices.Max(m) > limit {
		f.components(f.lay(m, w, h))
	}
	return f
}

// Mark is Find for an image that has a verdict. The score of an image is a mean of patch distances, and its map is smooth: that of an NG image can be above the limit nowhere. An
// NG image must show a place all the same, so then what is near the highest value on the picture is taken, and Edge is below the limit.
func Mark(m []float32, w, h int, limit float32, ng bool, frame Frame) *Found {
	f := Find(m, w, h, limit, frame)
	if !ng || len(f.Regions) > 0 || !fits(m, w, h, frame) {
		return f
	}
	inspected := f.lay(m, w, h)
	var top float32
	for _, v := range f.values {
		if v > top { // not NaN
			top = v
		}
	}
	f.Edge = min(limit, float32(top*nearTop))
	f.components(inspected)
	return f
}

func fits(m []float32, w, h int, frame Frame) bool {
	return w >= 1 && h >= 1 && len(m) == w*h && (frame.ROI == nil || len(frame.ROI) == w*h) && frame.valid()
}

// lay lays m over the raster of the picture.
func (f *Found) lay(m []float32, w, h int) (inspected int) {
	f.w, f.h = size(f.frame.Width, f.frame.Height)
	kx, ky := f.frame.Cover()
	f.values, inspected = Lay(m, w, h, f.frame.ROI, f.w, f.h, kx, ky)
	return inspected
}

// size is that of the raster of a picture.
func size(w, h int) (int, int) {
	if long := max(w, h); long > Raster {
		return max(w*Raster/long, 1), max(h*Raster/long, 1)
	}
	return w, h
}

// tap is where a sample reads along an axis: between two cells, at fraction f of the way. It lies in cell.
type tap struct {
	lo, hi, cell int
	f            float32
	outside      bool
}

func axis(n, cells int, k float64) []tap {
	out := make([]tap, n)
	for i := range out {
		u := 0.5 + float64((float64(float64(i)+0.5)/float64(n)-0.5)*k) // 0..1 across the model's input
		p := min(max(float64(u*float64(cells))-0.5, 0), float64(cells-1))
		lo := int(p)
		out[i] = tap{lo: lo, hi: min(lo+1, cells-1), cell: min(int(p+0.5), cells-1), f: float32(p - float64(lo)), outside: u < 0 || u > 1}
	}
	return out
}

// Lay lays a map of w x h cells, of which mask are inspected, over a raster of rw x rh samples of a picture that covers kx, ky of the model's input (Cover), both
// centred: bilinear between the centres of cells, edges repeated. A cell that is not inspected counts like the one that the sample lies in. Where the picture
// is not inspected, the value is NaN.
func Lay(m []float32, w, h int, mask roi.Mask, rw, rh int, kx, ky float64) (values []float32, inspected int) {
	xs, ys := axis(rw, w, kx), axis(rh, h, ky)
	values = make([]float32, rw*rh)
	nan := float32(math.NaN())
	for y, q := range ys {
		row := values[y*rw : (y+1)*rw]
		for x, p := range xs {
			own := q.cell*w + p.cell
			if p.outside || q.outside || !mask.In(own) {
				row[x] = nan
				continue
			}
			inspected++
			cells := [4]int{q.lo*w + p.lo, q.lo*w + p.hi, q.hi*w + p.lo, q.hi*w + p.hi}
			v := [4]float32{m[cells[0]], m[cells[1]], m[cells[2]], m[cells[3]]}
			for k, i := range cells {
				if !mask.In(i) {
					v[k] = m[own]
				}
			}
			a := v[0] + float32(float32(v[1]-v[0])*p.f)
			b := v[2] + float32(float32(v[3]-v[2])*p.f)
			row[x] = a + float32(float32(b-a)*q.f)
		}
	}
	return values, inspected
}

// part is a component while it is measured.
type part struct {
	Region
	count int
	first int // sample
}

// components labels the samples above Edge and measures what belongs together.
func (f *Found) components(inspected int) {
	f.label = make([]int32, len(f.values))
	var parts []part
	var stack []int
	for i, v := range f.values {
		if f.label[i] != 0 || !(v > f.Edge) {
			continue
		}
		p := part{first: i, Region: Region{Left: f.w, Top: f.h}}
		id := int32(len(parts) + 1)
		f.label[i] = id
		for stack = append(stack[:0], i); len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			p.add(at%f.w, at/f.w, f.values[at])
			stack = f.spread(at, id, stack)
		}
		parts = append(parts, p)
	}
	f.measure(parts, inspected)
}

func (p *part) add(x, y int, v float32) {
	p.count++
	p.Peak = max(p.Peak, v)
	p.Left, p.Top, p.Right, p.Bottom = min(p.Left, x), min(p.Top, y), max(p.Right, x+1), max(p.Bottom, y+1)
}

// spread labels the neighbours of a sample and puts them on the stack.
func (f *Found) spread(at int, id int32, stack []int) []int {
	x, y := at%f.w, at/f.w
	for v := max(y-1, 0); v <= min(y+1, f.h-1); v++ {
		for u := max(x-1, 0); u <= min(x+1, f.w-1); u++ {
			if n := v*f.w + u; f.label[n] == 0 && f.values[n] > f.Edge {
				f.label[n] = id
				stack = append(stack, n)
			}
		}
	}
	return stack
}

// span is where samples from..to-1 of n lie on a side of so many pixels, in integers: in floats 30 samples of 31/30 pixels end behind pixel 31.
func span(from, to, size, n int) (first, end int) { return from * size / n, (to*size + n - 1) / n }

// measure brings the components to their order, and counts and boxes to pixels of the picture.
func (f *Found) measure(parts []part, inspected int) {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(parts[b].count, parts[a].count), cmp.Compare(parts[a].first, parts[b].first))
	})
	f.More = max(len(parts)-Max, 0)
	place := make([]int32, len(parts)+1)
	sx, sy := float64(f.frame.Width)/float64(f.w), float64(f.frame.Height)/float64(f.h)
	for rank, i := range order[:min(len(order), Max)] {
		p := parts[i]
		place[i+1] = int32(rank + 1)
		r := p.Region
		r.Area = max(int(math.Round(float64(float64(p.count)*sx)*sy)), 1)
		r.Share = float64(p.count) / float64(inspected)
		r.Left, r.Right = span(r.Left, r.Right, f.frame.Width, f.w)
		r.Top, r.Bottom = span(r.Top, r.Bottom, f.frame.Height, f.h)
		f.Regions = append(f.Regions, r)
	}
	for i, l := range f.label {
		f.label[i] = place[l]
	}
}
