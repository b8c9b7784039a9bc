// Package chart lays out charts as SVG paths in the units of a view box, which the browser draws sharp at any scale. Colours are the style
// sheet's, and a text alternative is the caller's.
package chart

import (
	"math"
	"strconv"
)

// Axis maps values Low..High to coordinates From..To.
type Axis struct{ Low, High, From, To float64 }

// At is the coordinate of a value, clamped to the axis.
func (a Axis) At(v float64) float64 {
	t := (v - a.Low) / (a.High - a.Low)
	return a.From + (a.To-a.From)*min(max(t, 0), 1)
}

// Value is the value at a coordinate, clamped to the axis.
func (a Axis) Value(x float64) float64 {
	t := (x - a.From) / (a.To - a.From)
	return a.Low + (a.High-a.Low)*min(max(t, 0), 1)
}

// Ticks returns round values on the axis, steps of 1, 2 or 5 times a power of ten apart and at most so many.
func (a Axis) Ticks(most int) []float64 {
	span := a.High - a.Low
	if !(span > 0) || math.IsInf(span, 0) || most < 1 {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(most))))
	for _, f := range []float64{1, 2, 5, 10, 20} {
		first, last := math.Ceil(a.Low/(step*f)-1e-9), math.Floor(a.High/(step*f)+1e-9)
		if int(last-first)+1 > most {
			continue
		}
		var out []float64
		for i := first; i <= last; i++ {
			out = append(out, i*step*f+0) // not -0
		}
		return out
	}
	return nil
}

// Bins counts values in n bins of equal width on the axis; what lies beyond its ends counts in the first and the last bin. NaN counts nowhere.
func (a Axis) Bins(n int) *Bins { return &Bins{axis: a, N: make([]int, n)} }

// Bins is a histogram.
type Bins struct {
	N    []int
	axis Axis
}

// Add counts a value.
func (b *Bins) Add(v float64) {
	if t := (v - b.axis.Low) / (b.axis.High - b.axis.Low) * float64(len(b.N)); t == t && len(b.N) > 0 {
		b.N[int(min(max(t, 0), float64(len(b.N)-1)))]++
	}
}

// Top is the largest bin, at least 1.
func (b *Bins) Top() int {
	top := 1
	for _, n := range b.N {
		top = max(top, n)
	}
	return top
}

// Area is the histogram as one closed outline, for a series behind bars; top is the count at the upper end of y. Where a bin is not empty, the outline
// is at least a unit high. It is empty for no values.
func (b *Bins) Area(top int, y Axis) string {
	var path Path
	open := false
	for i, n := range b.N {
		left, right := b.edge(i), b.edge(i+1)
		switch {
		case n > 0 && !open:
			path.to('M', left, y.From)
			open = true
		case n == 0 && open:
			path.to('L', left, y.From)
			path.close()
			open = false
		}
		if n > 0 {
			h := height(n, top, y)
			path.to('L', left, h)
			path.to('L', right, h)
		}
	}
	if open {
		path.to('L', b.edge(len(b.N)), y.From)
		path.close()
	}
	return path.String()
}

// Bars is the histogram as bars with gaps between them. below holds, bin by bin, counts on which the bars stand; nil for none.
func (b *Bins) Bars(top int, y Axis, gap float64, below *Bins) string {
	var path Path
	for i, n := range b.N {
		if n == 0 {
			continue
		}
		foot, base := y.From, 0
		if below != nil && below.N[i] > 0 {
			base = below.N[i]
			foot = height(base, top, y)
		}
		left, right, head := b.edge(i)+gap/2, b.edge(i+1)-gap/2, height(base+n, top, y)
		path.to('M', left, foot)
		path.to('L', left, head)
		path.to('L', right, head)
		path.to('L', right, foot)
		path.close()
	}
	return path.String()
}

func (b *Bins) edge(i int) float64 {
	return b.axis.From + (b.axis.To-b.axis.From)*float64(i)/float64(len(b.N))
}

// height is where n of top ends; a single value among thousands is still seen.
func height(n, top int, y Axis) float64 {
	h := (y.To - y.From) * float64(n) / float64(top)
	if math.Abs(h) < 1 {
		h = math.Copysign(1, y.To-y.From)
	}
	return y.From + h
}

// Num writes a coordinate.
func Num(v float64) string { return string(appendNum(nil, v)) }

func appendNum(b []byte, v float64) []byte {
	if v == 0 || math.Abs(v) < 0.05 {
		return append(b, '0')
	}
	b = strconv.AppendFloat(b, v, 'f', 1, 64)
	if n := len(b); n > 2 && b[n-1] == '0' {
		b = b[:n-2]
	}
	return b
}

// Path writes SVG path data.
type Path struct{ b []byte }

func (p *Path) to(cmd byte, x, y float64) {
	p.b = append(p.b, cmd)
	p.b = appendNum(p.b, x)
	p.b = append(p.b, ' ')
	p.b = appendNum(p.b, y)
}

func (p *Path) close() { p.b = append(p.b, 'z') }

// Loop adds a closed line through points given by at.
func (p *Path) Loop(n int, at func(i int) (x, y float64)) {
	cmd := byte('M')
	for i := range n {
		x, y := at(i)
		p.to(cmd, x, y)
		cmd = 'L'
	}
	if n > 0 {
		p.close()
	}
}

// String is the path data.
func (p *Path) String() string { return string(p.b) }
