package teach

import (
	"strconv"
	"strings"

	"anomnet/core/roi"
)

// inside returns what f holds of the patches inside m: features of a smaller picture, as it were. Of a pseudo-defect the places count these patches; one
// that touches none is left out. Of a turned copy those patches are kept whose place before turning is inside, so nothing outside is learned as good.
func (f *Features) inside(m roi.Mask, w, h int) *Features {
	if m == nil {
		return f
	}
	out := *f
	out.Patches, out.Drawn, out.Turned = m.Count(f.Patches), nil, nil
	out.X = roi.Keep(m, append([]uint8(nil), f.X...), f.Channels)
	rank := make([]uint16, f.Patches)
	for n, p := range m.Places(f.Patches) {
		rank[p] = uint16(n)
	}
	keep := func(p *Patch, place func(at int) (patch int, ok bool)) Patch {
		q := Patch{Kind: p.Kind}
		for n, at := range p.At {
			if patch, ok := place(int(at)); ok && m.In(patch) {
				q.At = append(q.At, rank[patch])
				q.X = append(q.X, p.X[n*f.Channels:(n+1)*f.Channels]...)
			}
		}
		return q
	}
	for i := range f.Drawn {
		if q := keep(&f.Drawn[i], func(at int) (int, bool) { return at, true }); len(q.At) > 0 {
			out.Drawn = append(out.Drawn, q)
		}
	}
	for i := range f.Turned {
		kind := f.Turned[i].Kind
		out.Turned = append(out.Turned, keep(&f.Turned[i], func(at int) (int, bool) { return unturned(kind, at, w, h) }))
	}
	return &out
}

// unturned is where patch at of a turned copy, on a grid of w x h, was before it was turned; false for what came from outside of the picture, and for a kind
// that copiesOf does not make. It follows quarterTurn and fineTurn.turn; patches of pictures turned by other than right angles are those whose middles are nearest.
func unturned(kind string, at, w, h int) (patch int, ok bool) {
	if strings.HasPrefix(kind, lightKind) || strings.HasPrefix(kind, shiftKind) {
		return at, true // shiftPixels is less than half a patch
	}
	x, y := at%w, at/w
	if s, d4 := strings.CutPrefix(kind, "d4-"); d4 {
		k, err := strconv.Atoi(s)
		if err != nil || k < 1 || k > 7 || k%2 == 1 && w != h {
			return 0, false
		}
		x, y = quarterSource(x, y, w, h, k)
		return y*w + x, true
	}
	degrees, err := strconv.Atoi(strings.TrimPrefix(kind, fineKind))
	if err != nil || w != h {
		return 0, false
	}
	for _, a := range fineTurns {
		if q := (degrees - a.degrees) / 90; degrees == a.degrees+90*q && q >= 0 && q < 4 {
			x, y = quarterSource(x, y, w, h, q)
			dx, dy := 2*x-(w-1), 2*y-(w-1)
			x = (a.cos*dx + a.sin*dy + (w-1)<<15 + 1<<15) >> 16
			y = (a.cos*dy - a.sin*dx + (w-1)<<15 + 1<<15) >> 16
			return y*w + x, x >= 0 && y >= 0 && x < w && y < w
		}
	}
	return 0, false
}
