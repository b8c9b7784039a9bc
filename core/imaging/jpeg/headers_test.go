package jpeg

import (
	"bytes"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestEqualsStandardOnEveryHeader: any sampling, any tables and any scans, which no encoder writes, over data that are mostly zeros.
func TestEqualsStandardOnEveryHeader(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ok, left, refused := 0, 0, 0
	for range 6000 {
		data := header(r)
		if same(t, data, "random header") {
			ok++
		} else if _, err := stdjpeg.Decode(bytes.NewReader(data)); err == nil {
			left++
		} else {
			refused++
		}
	}
	t.Logf("%d decoded, %d left to image/jpeg, %d refused by it", ok, left, refused)
	assert.Greater(t, min(ok, refused), 500)
}

// rarely is one of few, else usual.
func rarely(r *rand.Rand, usual byte, few ...byte) byte {
	if r.IntN(40) == 0 {
		return few[r.IntN(len(few))]
	}
	return usual
}

func segment(b []byte, marker byte, seg ...byte) []byte {
	n := len(seg) + 2
	return append(append(b, 0xff, marker, byte(n>>8), byte(n)), seg...)
}

func header(r *rand.Rand) []byte {
	b := []byte{0xff, soi}
	for id := range byte(4) {
		table := append(make([]byte, 0, 65), id)
		for range 64 {
			table = append(table, byte(1+r.IntN(9)))
		}
		b = segment(b, dqt, table...)
		for class := range byte(2) {
			b = segment(b, dht, codes(r, class<<4|id)...)
		}
	}
	n := int(rarely(r, 3, 1, 1, 2, 4))
	frame := []byte{8, 0, byte(1 + r.IntN(40)), 0, byte(1 + r.IntN(40)), byte(n)}
	factor := func() byte { return []byte{1, 1, 1, 2, 2, 2, 4, 4, rarely(r, 1, 3)}[r.IntN(9)] }
	chroma := factor()<<4 | factor()
	if r.IntN(2) == 0 {
		chroma = 0x11
	}
	for i := range n {
		hv := rarely(r, chroma, factor()<<4|factor())
		if i == 0 {
			hv = factor()<<4 | factor()
		}
		frame = append(frame, rarely(r, byte(i+1), 1, 'R'), hv, rarely(r, byte(i), 3, 4))
	}
	kind := []byte{sof0, sof1, sof2}[r.IntN(3)]
	b = segment(b, kind, frame...)
	if r.IntN(30) == 0 {
		b = segment(b, kind, frame...)
	}
	each := r.IntN(2) == 0 // plane by plane
	for i := range n {
		scan := []byte{1}
		planes := frame[6+3*i:][:3]
		if !each {
			scan, planes = []byte{byte(n)}, frame[6:]
		}
		for ; len(planes) > 0; planes = planes[3:] {
			scan = append(scan, planes[0], rarely(r, byte(r.IntN(2)), 2, 3)<<4|rarely(r, byte(r.IntN(2)), 2, 3))
		}
		end := byte(63)
		if kind == sof2 {
			end = 0
		}
		b = segment(b, sos, append(scan, 0, end, 0)...)
		b = append(b, make([]byte, 600)...)
		if r.IntN(4) == 0 {
			b[len(b)-600+r.IntN(20)] = byte(r.IntN(255))
		}
		if !each {
			break
		}
	}
	return append(b, 0xff, eoi)
}

// codes is a table whose first code is a single 0 for the symbol 0, now and then with more codes than there is room for.
func codes(r *rand.Rand, class byte) []byte {
	counts, symbols := make([]byte, 16), []byte{0}
	counts[0] = rarely(r, 1, 2, 3)
	counts[2+r.IntN(9)] = byte(1 + r.IntN(2))
	for _, c := range counts {
		for range c {
			symbols = append(symbols, byte(r.IntN(12)))
		}
	}
	return append(append([]byte{class}, counts...), symbols[:len(symbols)-1]...)
}
