package jpeg

// scan is one pass over some of the components (T.81, B.2.3).
type scan struct {
	comps     []scanComponent
	from, to  int // spectral selection
	high, low int // successive approximation
	eobRun    int // blocks that are still to be skipped (T.81, G.1.2.2)
}

type scanComponent struct {
	*component
	dc, ac *huffman
	pred   int32
}

// readScan reads a scan's header and data. It returns what follows.
func (d *decoder) readScan(seg, data []byte) (rest []byte, ok bool) {
	// So many scans could make a coefficient overflow to zero.
	if d.scans++; d.scans > 1000 || !d.scanHeader(seg) {
		return nil, false
	}
	if d.img == nil {
		d.allocate()
	}
	s := &d.scan
	if d.progressive {
		for i := range s.comps {
			if c := s.comps[i].component; c.coeffs == nil {
				c.coeffs = make([]block, d.mcuX*d.mcuY*c.h*c.v)
				c.nonzero = make([]uint64, len(c.coeffs))
			}
		}
	}
	d.restarts = restarts{rest: d.bits.load(data), marker: rst0}
	if len(s.comps) == 1 {
		ok = d.single(&s.comps[0])
	} else {
		ok = d.interleaved()
	}
	// image/jpeg carries a run into the next scan.
	return d.restarts.rest, ok && d.bits.left() >= 0 && s.eobRun == 0
}

// restarts is where a scan stands between restart markers.
type restarts struct {
	rest   []byte // what follows the interval that is read
	marker byte   // the next one
	units  int    // since the beginning
}

// interleaved reads units of blocks of all components of the scan.
func (d *decoder) interleaved() bool {
	s := &d.scan
	for y := range d.mcuY {
		for x := range d.mcuX {
			for i := range s.comps {
				c := &s.comps[i]
				for j := range c.h * c.v {
					if !d.block(c, c.h*x+j%c.h, c.v*y+j/c.h) {
						return false
					}
				}
			}
			if !d.unit(d.mcuX * d.mcuY) {
				return false
			}
		}
	}
	return true
}

// single reads a scan of one component: its blocks row by row, and none outside of the picture. There a unit is a block (T.81, A.2.2). image/jpeg counts
// units as if the scan were interleaved, and so refuses such files with restart markers where a unit has several blocks of the component.
func (d *decoder) single(c *scanComponent) bool {
	w, h := min(d.mcuX*c.h, (d.w+7)/8), min(d.mcuY*c.v, (d.h+7)/8)
	d.beyond = d.beyond || d.restart > 0 && c.h*c.v > 1
	for y := range h {
		for x := range w {
			if !d.block(c, x, y) || !d.unit(w*h) {
				return false
			}
		}
	}
	return true
}

// unit goes on behind a restart marker where one is due after a unit.
func (d *decoder) unit(all int) bool {
	r, s := &d.restarts, &d.scan
	r.units++
	if d.restart == 0 || r.units%d.restart != 0 || r.units == all {
		return true
	}
	// image/jpeg tolerates bytes before a restart marker; such files are left to it.
	if n := d.bits.left(); n < 0 || n >= 8 || len(r.rest) < 2 || r.rest[1] != r.marker {
		return false
	}
	r.rest = d.bits.load(r.rest[2:])
	r.marker = rst0 + (r.marker+1)&7
	for i := range s.comps {
		s.comps[i].pred = 0
	}
	s.eobRun = 0
	return true
}

func (d *decoder) scanHeader(seg []byte) bool {
	if d.comps == nil || len(seg) < 6 {
		return false
	}
	n := int(seg[0])
	if n < 1 || n > len(d.comps) || len(seg) != 4+2*n {
		return false
	}
	s := &d.scan
	*s = scan{to: 63}
	factors := 0
	for i := range n {
		id, td, ta := seg[1+2*i], seg[2+2*i]>>4, seg[2+2*i]&15
		var c *component
		for j := range d.comps {
			if d.comps[j].id == id {
				c = &d.comps[j]
			}
		}
		if c == nil || td > 3 || ta > 3 || d.baseline && (td > 1 || ta > 1) {
			return false
		}
		for _, other := range s.comps {
			if other.component == c {
				return false
			}
		}
		s.comps = append(s.comps, scanComponent{component: c, dc: d.huff[0][td], ac: d.huff[1][ta]})
		factors += c.h * c.v
	}
	if len(d.comps) > 1 && factors > 10 {
		return false
	}
	if !d.progressive {
		return s.complete()
	}
	p := seg[1+2*n:]
	s.from, s.to, s.high, s.low = int(p[0]), int(p[1]), int(p[2]>>4), int(p[2]&15)
	if s.from == 0 && s.to != 0 || s.from > s.to || s.to > 63 || s.from > 0 && n > 1 {
		return false
	}
	return s.high == 0 || s.high == s.low+1
}

// complete reports whether every component has its tables.
func (s *scan) complete() bool {
	for i := range s.comps {
		if s.comps[i].dc == nil || s.comps[i].ac == nil {
			return false
		}
	}
	return true
}

// block reads what the scan has of the block at (bx, by).
func (d *decoder) block(c *scanComponent, bx, by int) bool {
	if d.progressive {
		at := by*d.mcuX*c.h + bx
		return d.progress(c, &c.coeffs[at], &c.nonzero[at])
	}
	nonzero, ok := d.bits.sequential(c, &d.quant[c.quant], &d.work)
	if ok {
		idct(&d.work, nonzero, &d.out, c.pix[8*(by*c.stride+bx):], c.stride)
	}
	return ok
}

// sequential reads the coefficients of one block, already multiplied with their quantisation, and which of them may
// be other than zero. b is zero before.
func (r *bits) sequential(c *scanComponent, quant *block, b *block) (nonzero uint64, ok bool) {
	size, ok := r.symbolDC(c.dc)
	if !ok {
		return 0, false
	}
	if size > 0 {
		c.pred += extend(r.take(size), size)
	}
	b[0] = c.pred * quant[0]
	nonzero = 1
	h := c.ac
	acc, n, next, buf := r.acc, r.n, r.next, r.buf
	for k := 1; k < 64; k++ {
		if n < 32 {
			if next+4 > len(buf) {
				return 0, false
			}
			p := buf[next : next+4 : next+4]
			acc |= (uint64(p[0])<<24 | uint64(p[1])<<16 | uint64(p[2])<<8 | uint64(p[3])) << (uint(32-n) & 63)
			next += 4
			n += 32
		}
		e := h.fast[acc>>(64-lookBits)]
		run, value := int(e>>8&15), e>>16
		acc <<= uint(e) & 63
		n -= int(e & 63)
		if value == 0 { // not all of it was in the table
			size := int(e >> 12 & 15)
			if e&63 == 0 {
				s, length := h.slow(acc)
				if length == 0 {
					return 0, false
				}
				acc <<= uint(length) & 63
				n -= length
				run, size = int(s>>4), int(s&15)
			}
			if size == 0 {
				if run == 15 {
					k += 15
					continue
				}
				if run == 0 {
					break
				}
				return 0, false // a run of blocks has no place in a sequential scan; image/jpeg takes it
			}
			value = extend(acc>>(uint(64-size)&63), size)
			acc <<= uint(size) & 63
			n -= size
		}
		k += run
		if k > 63 {
			return 0, false // image/jpeg goes on with the next block
		}
		u := zigzag[k] & 63
		b[u] = value * quant[k]
		nonzero |= 1 << u
	}
	r.acc, r.n, r.next = acc, n, next
	return nonzero, true
}
