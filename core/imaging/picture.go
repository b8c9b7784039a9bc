package imaging

// Picture is a decoded file whose pixels are still as the file stores them. It is not safe for concurrent use.
type Picture struct {
	W, H        int // upright
	format      string
	rows        *rows
	orientation int // of EXIF
}

// newPicture wraps pixels that are converted and upright.
func newPicture(m *RGB) *Picture {
	return &Picture{W: m.W, H: m.H, rows: rowsOfRGB(m), orientation: 1}
}

// RGB returns the pixels that Decode returns.
func (p *Picture) RGB() (m *RGB, err error) {
	defer p.guard(&err)
	return p.rgb(), nil
}

// Prepare returns what the function Prepare makes of the pixels that Decode returns, without making all of them.
func (p *Picture) Prepare(pre Preprocess) (m *RGB, err error) {
	if err := pre.Validate(); err != nil {
		return nil, err
	}
	defer p.guard(&err)
	return p.prepare(pre), nil
}

// guard reports a panic, which only a decoder's picture with too few samples can cause, as damage of the file.
func (p *Picture) guard(err *error) {
	if e := recover(); e != nil {
		*err = (&codec{name: p.format}).panicked(e)
	}
}

func (p *Picture) rgb() *RGB { return orient(p.rows.rgb(), p.orientation) }

func (p *Picture) prepare(pre Preprocess) *RGB {
	f := pre.frame(p.W, p.H)
	out := pad(p.scale(f.x, f.y, f.w, f.h, f.toW, f.toH), pre.Width, pre.Height)
	if pre.Gray {
		luma(out)
	}
	return out
}

// scale resizes the w x h pixels from (x, y) on to toW x toH. Where a side grows, the picture is small and is made first.
func (p *Picture) scale(x, y, w, h, toW, toH int) *RGB {
	if toW > w || toH > h {
		return Resize(cut(p.rgb(), x, y, w, h), toW, toH)
	}
	// Which side of the stored picture the upright columns and rows run along, and whether backwards (model-format.md, section 9).
	o := p.orientation
	flipX := o == 2 || o == 3 || o == 6 || o == 7
	flipY := o == 3 || o == 4 || o == 7 || o == 8
	across, down := newAxis(p.W, x, w, toW, flipX), newAxis(p.H, y, h, toH, flipY)
	if o >= 5 {
		return shrinkTurned(p.rows, across, down)
	}
	return shrink(p.rows, across, down)
}
