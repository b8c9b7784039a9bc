// Package pseudo draws artificial defects into good images.
//
// A part is taught from good images only. To choose between settings (normalisation, number of centres, image score)
// and to train the adapter, something that is not good is still needed. Make paints one defect into a prepared image
// and tells which pixels it changed:
//
//	img, mask, kind := pseudo.Make(good, seed)
//
// The kinds follow the literature: "cutpaste" and "scar" (Li et al., CutPaste, 2021, section 3), "perlin" (Zavrtanik et
// al., DRAEM, 2021, section 3.3; Yang et al., MemSeg, 2023, section 3.2), and "blur" and "fill" for worn and missing
// features. Sizes run from a few pixels to a third of the image and some defects are faint on purpose.
//
// All arithmetic is on integers, with our own generator, so the same image and seed give the same bits on every CPU
// and in wasm. Results may differ between versions of this package; the checksums in the tests say when they do.
package pseudo

import "anomnet/core/imaging"

// MinDiff is the smallest change that counts: every pixel that Make changes differs from the source by more than
// MinDiff in at least one channel; smaller changes are undone.
const MinDiff = 3

// maxTries bounds how often Make draws again when a defect came out invisible.
const maxTries = 12

// drawFunc proposes a defect; it never changes src.
type drawFunc func(src *imaging.RGB, g *rng, p *placer) *patch

// kindTable lists the kinds in a fixed order: the order is part of what a seed means.
var kindTable = [...]struct {
	name string
	draw drawFunc
}{
	{"cutpaste", drawCutPaste},
	{"scar", drawScar},
	{"perlin", drawPerlin},
	{"blur", drawBlur},
	{"fill", drawFill},
}

// Make returns a copy of src ([H][W][3]) with one artificial defect, the mask of changed pixels ([H][W], row-major) and
// the kind of defect. mask[i] is true exactly where the copy differs from src. Half of the defects are placed where
// the image has more gradient energy than its median, the others anywhere. Gray images stay gray: colour would give the defect away.
//
// Any size works; sizes from 32 pixels up give the full range of shapes. The mask has at least one true element
// whenever src has a pixel, constant images included. If src has none, or Pix does not have W*H*3 bytes, the
// result is an unchanged copy, an all-false mask and the kind "".
func Make(src *imaging.RGB, seed uint64) (img *imaging.RGB, mask []bool, kind string) {
	if src == nil {
		return &imaging.RGB{}, nil, ""
	}
	if src.W <= 0 || src.H <= 0 || len(src.Pix) != src.W*src.H*3 {
		out := &imaging.RGB{W: src.W, H: src.H, Pix: append([]uint8(nil), src.Pix...)}
		return out, make([]bool, len(src.Pix)/3), ""
	}
	g := &rng{state: seed}
	p := newPlacer(src)
	need := max(1, src.W*src.H/4096)
	gray := isGray(src)
	for range maxTries {
		k := kindTable[g.intn(len(kindTable))]
		q := k.draw(src, g, p)
		if gray {
			q.desaturate()
		}
		img, mask, n := compose(src, q, opacity(g))
		if n >= need {
			return img, mask, k.name
		}
	}
	img, mask, _ = compose(src, contrastFill(src, g, p), 256)
	return img, mask, "fill"
}

// opacity returns 0..256: half of the defects are solid, a fifth are faint.
func opacity(g *rng) int {
	switch r := g.intn(10); {
	case r < 5:
		return 256
	case r < 8:
		return g.between(128, 255)
	default:
		return g.between(56, 127)
	}
}

// patch is a proposed defect: a window of colours with a coverage each.
type patch struct {
	x0, y0, w, h int      // window in image pixels; may reach outside the image
	alpha        []uint16 // [h][w], 0..256
	pix          []uint8  // [h][w][3]
}

func newPatch(x0, y0, w, h int) *patch {
	return &patch{x0: x0, y0: y0, w: w, h: h, alpha: make([]uint16, w*h), pix: make([]uint8, w*h*3)}
}

// isGray reports whether every pixel of src has three equal channels.
func isGray(src *imaging.RGB) bool {
	for i := 0; i < len(src.Pix); i += 3 {
		if src.Pix[i] != src.Pix[i+1] || src.Pix[i] != src.Pix[i+2] {
			return false
		}
	}
	return true
}

// desaturate replaces every colour of q by its brightness.
func (q *patch) desaturate() {
	for i := 0; i < len(q.pix); i += 3 {
		l := uint8((int(q.pix[i]) + 2*int(q.pix[i+1]) + int(q.pix[i+2])) >> 2)
		q.pix[i], q.pix[i+1], q.pix[i+2] = l, l, l
	}
}

// compose blends q into a copy of src with the given opacity (0..256) and returns the copy, the mask and the number of
// changed pixels. Changes up to MinDiff are undone, so that the mask is exact.
func compose(src *imaging.RGB, q *patch, opacity int) (*imaging.RGB, []bool, int) {
	img := &imaging.RGB{W: src.W, H: src.H, Pix: append([]uint8(nil), src.Pix...)}
	mask := make([]bool, src.W*src.H)
	n := 0
	for y := max(0, -q.y0); y < q.h && q.y0+y < src.H; y++ {
		for x := max(0, -q.x0); x < q.w && q.x0+x < src.W; x++ {
			j := y*q.w + x
			i := (q.y0+y)*src.W + q.x0 + x
			a := (int(q.alpha[j])*opacity + 128) >> 8
			if blend(img.Pix[i*3:i*3+3], q.pix[j*3:j*3+3], a) {
				mask[i] = true
				n++
			}
		}
	}
	return img, mask, n
}

// blend mixes a/256 of tex into dst (3 bytes each) and reports whether the change exceeds MinDiff; if not, dst stays.
func blend(dst, tex []uint8, a int) bool {
	var out [3]uint8
	changed := false
	for c := range 3 {
		d := int(dst[c])
		v := (d*(256-a) + int(tex[c])*a + 128) >> 8
		changed = changed || v-d > MinDiff || d-v > MinDiff
		out[c] = uint8(v)
	}
	if changed {
		copy(dst, out[:])
	}
	return changed
}
