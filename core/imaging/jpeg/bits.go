package jpeg

import "bytes"

// bits reads one entropy-coded segment, the bytes between two markers, without its stuffed zeros.
type bits struct {
	buf  []byte // the segment, and zeros behind it
	size int    // bytes of the segment
	next int    // the byte that comes into acc next
	acc  uint64 // bits that were read ahead, the next one on top
	n    int    // how many of them
}

// padding is how many bytes behind its end a whole segment can make the reader look at.
const padding = 8

// load takes the segment at the start of data and returns what follows it, which starts with its marker.
func (r *bits) load(data []byte) []byte {
	buf := r.buf[:0]
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			buf, data = append(buf, data...), nil
			break
		}
		if data[i+1] != 0 {
			buf, data = append(buf, data[:i]...), data[i:]
			break
		}
		buf, data = append(buf, data[:i+1]...), data[i+2:]
	}
	r.size = len(buf)
	r.buf = append(buf, make([]byte, padding)...)
	r.next, r.acc, r.n = 0, 0, 0
	return data
}

// left is how many bits of the segment are unread; negative when more were taken than it has.
func (r *bits) left() int { return 8*(r.size-r.next) + r.n }

// fill reads on until at least 32 bits are there, false far behind the end.
func (r *bits) fill() bool {
	if r.n >= 32 {
		return true
	}
	if r.next+4 > len(r.buf) {
		return false
	}
	b := r.buf[r.next : r.next+4]
	r.acc |= (uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])) << (32 - r.n)
	r.next += 4
	r.n += 32
	return true
}

// take returns the next count bits, at most 32. fill comes before.
func (r *bits) take(count int) uint64 {
	v := r.acc >> (64 - count)
	r.acc <<= count
	r.n -= count
	return v
}

// symbolDC decodes the size of a DC difference.
func (r *bits) symbolDC(h *huffman) (size int, ok bool) {
	if h == nil || !r.fill() {
		return 0, false
	}
	e := h.fast[r.acc>>(64-lookBits)]
	if e&63 > 0 {
		r.take(int(e & 63))
		size = int(e >> 8)
		return size, size <= 16
	}
	symbol, n := h.slow(r.acc)
	r.take(n)
	return int(symbol), n > 0 && symbol <= 16
}
