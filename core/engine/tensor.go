package engine

// Tensor is an activation map [H][W][C] with Border pixels of padding on every side.
type Tensor struct {
	H, W, C, Border int
	data            []uint8 // [H+2B][W+2B][C], then ReadSlack; int8 bits when the op is signed
}

// NewTensor returns a tensor without a border.
func NewTensor(h, w, c int) *Tensor {
	t := &Tensor{H: h, W: w, C: c}
	t.data = make([]uint8, t.bytes())
	return t
}

// bytes is the size of data.
func (t *Tensor) bytes() int { return (t.H+2*t.Border)*(t.W+2*t.Border)*t.C + ReadSlack }

// Plane returns where the values are.
func (t *Tensor) Plane() Plane { return t.window(0) }

// window returns the plane that starts pad pixels above and left of the first.
func (t *Tensor) window(pad int) Plane {
	row := (t.W + 2*t.Border) * t.C
	return Plane{Data: t.data, At: (t.Border-pad)*row + (t.Border-pad)*t.C, Row: row, Col: t.C}
}

// Row returns row y, [W][C].
func (t *Tensor) Row(y int) []uint8 {
	p := t.Plane()
	return p.Data[p.at(y, 0):][: t.W*t.C : t.W*t.C]
}

// fillBorder sets the border pixels to pad, one value a channel. The memory may have held another tensor.
func (t *Tensor) fillBorder(pad *[3]uint8) {
	if t.Border == 0 {
		return
	}
	row, side := (t.W+2*t.Border)*t.C, t.Border*t.C
	body := t.data[:row*(t.H+2*t.Border)]
	fill(body[:t.Border*row+side], pad)
	for y := 1; y < t.H; y++ { // the right border of a row and the left one of the next
		end := (t.Border+y)*row + side
		fill(body[end-2*side:end], pad)
	}
	fill(body[(t.Border+t.H)*row-side:], pad)
}

// fill writes whole pixels of pad, or zeros for nil.
func fill(v []uint8, pad *[3]uint8) {
	if pad == nil {
		clear(v)
		return
	}
	for i := 0; i < len(v); i += len(pad) {
		copy(v[i:], pad[:])
	}
}
