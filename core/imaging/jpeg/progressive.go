package jpeg

import mathbits "math/bits"

// progress reads what the scan adds to a block (T.81, G.1.2). Bit k of nonzero says that its k-th AC coefficient, in the order of
// zigzag, is not zero.
func (d *decoder) progress(c *scanComponent, b *block, nonzero *uint64) bool {
	s := &d.scan
	switch {
	case s.from == 0 && s.high == 0:
		return d.bits.firstDC(c, b, s.low)
	case s.from == 0:
		if !d.bits.fill() {
			return false
		}
		if d.bits.take(1) == 1 {
			b[0] |= 1 << s.low
		}
		return true
	case s.high == 0:
		return d.bits.firstAC(s, c.ac, b, nonzero)
	}
	return d.bits.refineAC(s, c.ac, b, nonzero)
}

func (r *bits) firstDC(c *scanComponent, b *block, low int) bool {
	size, ok := r.symbolDC(c.dc)
	if !ok {
		return false
	}
	if size > 0 {
		c.pred += extend(r.take(size), size)
	}
	b[0] = c.pred << low
	return true
}

// runOf is the number of blocks, this one included, that a symbol with this run ends.
func (r *bits) runOf(run int) int { return 1<<run | int(r.take(run)) }

func (r *bits) firstAC(s *scan, h *huffman, b *block, nonzero *uint64) bool {
	if s.eobRun > 0 {
		s.eobRun--
		return true
	}
	if h == nil {
		return false
	}
	for k := s.from; k <= s.to; k++ {
		if !r.fill() {
			return false
		}
		e := h.fast[r.acc>>(64-lookBits)]
		length, run, size, value := int(e&255), int(e>>8&15), int(e>>12&15), e>>16
		if length == 0 {
			sym, l := h.slow(r.acc)
			if l == 0 {
				return false
			}
			length, run, size = l, int(sym>>4), int(sym&15)
		}
		r.take(length)
		if size > 0 {
			value = extend(r.take(size), size)
		}
		if value == 0 {
			if run == 15 {
				k += 15
				continue
			}
			s.eobRun = r.runOf(run) - 1
			return true
		}
		k += run
		if k > s.to {
			return false // image/jpeg goes on with the next block
		}
		b[zigzag[k&63]&63] = value << s.low
		*nonzero |= 1 << (k & 63)
	}
	return true
}

func (r *bits) refineAC(s *scan, h *huffman, b *block, nonzero *uint64) bool {
	k, delta := s.from, int32(1)<<s.low
	if s.eobRun == 0 {
		for ; k <= s.to; k++ {
			run, sign, ok := r.correction(h)
			if !ok {
				return false
			}
			if sign == 0 && run < 15 {
				s.eobRun = r.runOf(run)
				break
			}
			if k, ok = r.refine(b, *nonzero, k, s.to, run, delta); !ok || k > s.to {
				return false
			}
			if sign != 0 {
				b[zigzag[k&63]&63] = sign * delta
				*nonzero |= 1 << (k & 63)
			}
		}
	}
	if s.eobRun == 0 {
		return true
	}
	s.eobRun--
	_, ok := r.refine(b, *nonzero, k, s.to, -1, delta)
	return ok
}

// correction reads the zeros before a coefficient that becomes 1 or -1, or sign 0 for the end of the band and for 16 zeros.
func (r *bits) correction(h *huffman) (run int, sign int32, ok bool) {
	if h == nil || !r.fill() {
		return 0, 0, false
	}
	e := h.fast[r.acc>>(64-lookBits)]
	length, run, size, sign := int(e&255), int(e>>8&15), int(e>>12&15), e>>16
	if length == 0 {
		symbol, l := h.slow(r.acc)
		if l == 0 {
			return 0, 0, false
		}
		length, run, size = l, int(symbol>>4), int(symbol&15)
	}
	r.take(length)
	if size == 1 {
		sign = 2*int32(r.take(1)) - 1
	}
	return run, sign, size <= 1 && sign >= -1 && sign <= 1
}

// refine adds a bit to each coefficient that is not zero, from k to the first zero after `zeros` zeros; past all of them if
// zeros is negative.
func (r *bits) refine(b *block, nonzero uint64, k, to, zeros int, delta int32) (int, bool) {
	for k <= to {
		next := min(k+mathbits.TrailingZeros64(nonzero>>k), to+1)
		if zeros >= 0 {
			if next-k > zeros {
				return k + zeros, true
			}
			zeros -= next - k
		}
		if k = next; k > to {
			break
		}
		if !r.fill() {
			return 0, false
		}
		if r.take(1) == 1 {
			if v := &b[zigzag[k&63]&63]; *v > 0 {
				*v += delta
			} else {
				*v -= delta
			}
		}
		k++
	}
	return k, true
}

// reconstruct transforms the blocks of a progressive file, which are complete only after the last scan.
func (d *decoder) reconstruct() {
	y := &d.comps[0]
	for i := range d.comps {
		c := &d.comps[i]
		if c.coeffs == nil {
			continue
		}
		quant := &d.quant[c.quant]
		bw, bh, row := 8*y.h/c.h, 8*y.v/c.v, d.mcuX*c.h
		for by := 0; by*bh < d.h; by++ {
			for bx := 0; bx*bw < d.w; bx++ {
				b, nonzero := &c.coeffs[by*row+bx], uint64(0)
				for left := c.nonzero[by*row+bx] | 1; left != 0; left &= left - 1 {
					k := mathbits.TrailingZeros64(left) & 63
					u := zigzag[k] & 63
					b[u] *= quant[k]
					nonzero |= 1 << u
				}
				idct(b, nonzero, &d.out, c.pix[8*(by*c.stride+bx):], c.stride)
			}
		}
	}
}
