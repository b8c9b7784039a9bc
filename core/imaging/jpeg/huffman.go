package jpeg

// lookBits is the length of the codes that one look-up decodes.
const lookBits = 10

// huffman decodes the codes of one table (T.81, annex C).
//
// An entry of fast holds, from bit 0 on: 8 bits of length, 4 of zero run, 4 of size, 16 of value, signed. Where code and value fit
// into lookBits, length counts both, size is 0 and the value is there. Otherwise length counts the code, and size bits of
// value follow. Length 0: the code is longer than lookBits, or no code at all. In a DC table the symbol stands from bit 8 on.
type huffman struct {
	fast [1 << lookBits]int32
	// For the long codes. end[n] is the first code that is too large for n bits, left-aligned in 16 bits; offset[n] leads
	// from a code of n bits to its place in vals.
	end    [17]int32
	offset [17]int32
	vals   [256]uint8
}

// tables reads Huffman tables (T.81, B.2.4.2). Codes that do not fit into their length are left to image/jpeg.
func (d *decoder) tables(seg []byte) bool {
	for len(seg) > 0 {
		if len(seg) < 17 {
			return false
		}
		class, id := seg[0]>>4, seg[0]&15
		if class > 1 || id > 3 || d.baseline && id > 1 {
			return false
		}
		total := 0
		for _, n := range seg[1:17] {
			total += int(n)
		}
		if total == 0 || total > 256 || len(seg) < 17+total {
			return false
		}
		h := newHuffman([16]uint8(seg[1:17]), seg[17:17+total], class == 1)
		if h == nil {
			return false
		}
		d.huff[class][id] = h
		seg = seg[17+total:]
	}
	return true
}

func newHuffman(counts [16]uint8, vals []byte, ac bool) *huffman {
	h := &huffman{}
	copy(h.vals[:], vals)
	code, k := int32(0), int32(0)
	for i, c := range counts {
		n := i + 1
		h.offset[n] = k - code
		for range c {
			if n <= lookBits {
				h.enter(code, n, h.vals[k], ac)
			}
			code++
			k++
		}
		if code > 1<<n {
			return nil
		}
		h.end[n] = code << (16 - n)
		code <<= 1
	}
	return h
}

// enter fills the entries that begin with a code of n bits.
func (h *huffman) enter(code int32, n int, symbol uint8, ac bool) {
	rest := lookBits - n
	first := code << rest
	run, size := int32(symbol>>4), int(symbol&15)
	if !ac {
		run, size = int32(min(symbol, 31)), 0
	}
	for i := range int32(1) << rest {
		if int(first+i) >= len(h.fast) {
			return // too many codes; newHuffman refuses them
		}
		if size == 0 || size > rest {
			h.fast[first+i] = int32(n) | run<<8 | int32(size)<<12
			continue
		}
		v := extend(uint64(i)>>(rest-size), size)
		h.fast[first+i] = int32(n+size) | run<<8 | v<<16
	}
}

// slow finds a symbol and the length of its code in the first bits of acc; length 0 if no code matches.
func (h *huffman) slow(acc uint64) (symbol uint8, length int) {
	if h == nil {
		return 0, 0
	}
	top := int32(acc >> 48)
	for n := 1; n <= 16; n++ {
		if top < h.end[n] {
			return h.vals[(h.offset[n]+top>>(16-n))&255], n
		}
	}
	return 0, 0
}

// extend makes the value of size bits signed (T.81, F.2.2.1); size is at least 1.
func extend(v uint64, size int) int32 {
	x := int32(v)
	if x < 1<<(size-1) {
		x += -1<<size + 1
	}
	return x
}
