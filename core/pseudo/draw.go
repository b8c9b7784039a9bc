package pseudo

import "anomnet/core/imaging"

// drawCutPaste copies a rectangle to another place, with brightness jitter and now and then mirrored (CutPaste).
func drawCutPaste(src *imaging.RGB, g *rng, p *placer) *patch {
	rx := p.radius(g)
	ry := max(1, rx*g.between(40, 250)/100)
	if g.intn(2) == 0 {
		rx, ry = ry, rx
	}
	w, h := min(2*rx+1, src.W), min(2*ry+1, src.H)
	cx, cy := p.pick(g)
	q := newPatch(cx-w/2, cy-h/2, w, h)
	fromElsewhere(src, g, p, q)
	soft := g.intn(3) == 0
	for y := range h {
		for x := range w {
			q.alpha[y*w+x] = 256
			if soft {
				edge := 1 + min(x, w-1-x, y, h-1-y)
				q.alpha[y*w+x] = uint16(min(256, edge*96))
			}
		}
	}
	return q
}

// fromElsewhere fills q with another place of src, its brightness and channels jittered.
func fromElsewhere(src *imaging.RGB, g *rng, p *placer, q *patch) {
	sx, sy := p.pick(g)
	sx, sy = clamp(sx-q.w/2, 0, max(0, src.W-q.w)), clamp(sy-q.h/2, 0, max(0, src.H-q.h))
	flip, swap := g.intn(2) == 0, g.intn(2) == 0
	gain := jitter(g)
	for y := range q.h {
		for x := range q.w {
			ux, uy := x, y
			if flip {
				ux = q.w - 1 - x
			}
			if swap {
				uy = q.h - 1 - y
			}
			c := at(src, sx+ux, sy+uy)
			setScaled(q.pix[(y*q.w+x)*3:], c, gain)
		}
	}
}

// jitter returns a gain for each channel in 1/256: one common brightness factor, 0.7 to 1.3, and a small tint.
func jitter(g *rng) [3]int {
	common := g.between(180, 332)
	var gain [3]int
	for c := range gain {
		gain[c] = common + g.between(-13, 13)
	}
	return gain
}

// drawScar draws a thin bent line in a colour from the image, in another place's texture, or as a change of brightness.
func drawScar(src *imaging.RGB, g *rng, p *placer) *patch {
	s := min(src.W, src.H)
	line := newPolyline(g, p, s)
	q := line.patch()
	switch g.intn(3) {
	case 0:
		fromElsewhere(src, g, p, q)
	case 1:
		flat(q, scaled(pickColour(src, g, p), jitter(g)))
	default:
		shade(src, q, g.sign()*g.between(14, 90))
	}
	return q
}

// drawPerlin cuts a blob by thresholded gradient noise and fills it with a texture (DRAEM, equation 2; MemSeg).
func drawPerlin(src *imaging.RGB, g *rng, p *placer) *patch {
	cx, cy := p.pick(g)
	r := 2 * p.radius(g)
	q := newPatch(cx-r, cy-r, 2*r+1, 2*r+1)
	seed := g.next()
	// Different cell sizes along x and y give streaks as well as blots.
	cellsX, cellsY := g.between(1, 6), g.between(1, 6)
	level := g.between(10, 60)
	for y := range q.h {
		for x := range q.w {
			n := perlin(x*cellsX*256/q.w, y*cellsY*256/q.h, seed)
			// The noise fades towards the window's border so that the window itself does not show.
			d2 := int64((x-r)*(x-r)+(y-r)*(y-r)) * 256 / int64(r*r)
			v := n - level - max(0, int(d2)-128)
			q.alpha[y*q.w+x] = uint16(clamp(v*16, 0, 256))
		}
	}
	perlinTexture(src, g, p, q)
	return q
}

func perlinTexture(src *imaging.RGB, g *rng, p *placer, q *patch) {
	switch g.intn(4) {
	case 0:
		fromElsewhere(src, g, p, q)
	case 1:
		shuffled(src, g, p, q)
	case 2:
		mottled(g, q, pickColour(src, g, p))
	default:
		shade(src, q, g.sign()*g.between(16, 80))
	}
}

// shuffled fills q with small tiles from all over src (MemSeg's structural defects: same texture, wrong order).
func shuffled(src *imaging.RGB, g *rng, p *placer, q *patch) {
	tile := max(2, min(src.W, src.H)/g.between(10, 40))
	gain := jitter(g)
	seed := g.next()
	for y := range q.h {
		for x := range q.w {
			h := mix(seed + uint64(y/tile)<<32 + uint64(x/tile))
			sx, sy := int(h>>40)%src.W, int(h>>8&0xffffff)%src.H
			setScaled(q.pix[(y*q.w+x)*3:], at(src, sx+x%tile, sy+y%tile), gain)
		}
	}
}

// mottled fills q with noise between c and a random colour: a foreign texture without a texture data set.
func mottled(g *rng, q *patch, c [3]uint8) {
	other := [3]int{g.intn(256), g.intn(256), g.intn(256)}
	seed, step := g.next(), g.between(8, 120)
	for y := range q.h {
		for x := range q.w {
			t := clamp(128+perlin(x*step, y*step, seed), 0, 256)
			for k := range 3 {
				q.pix[(y*q.w+x)*3+k] = uint8((int(c[k])*(256-t) + other[k]*t) >> 8)
			}
		}
	}
}

// drawBlur blurs a blob: worn texture, a smear.
func drawBlur(src *imaging.RGB, g *rng, p *placer) *patch {
	q := drawBlob(g, p)
	radius := max(1, g.between(2, 8)*min(src.W, src.H)/256)
	boxBlur(src, q, radius)
	return q
}

// boxBlur fills q with the mean of the (2r+1)^2 pixels around each of its pixels, edges repeated.
func boxBlur(src *imaging.RGB, q *patch, r int) {
	n := 2*r + 1
	rows := make([]int, (q.h+2*r)*q.w*3) // horizontal sums of the window grown by r above and below
	for y := range q.h + 2*r {
		for x := range q.w {
			for d := -r; d <= r; d++ {
				c := at(src, q.x0+x+d, q.y0+y-r)
				for k := range 3 {
					rows[(y*q.w+x)*3+k] += int(c[k])
				}
			}
		}
	}
	for y := range q.h {
		for i := range q.w * 3 {
			sum := 0
			for d := range n {
				sum += rows[(y+d)*q.w*3+i]
			}
			q.pix[y*q.w*3+i] = uint8((sum + n*n/2) / (n * n))
		}
	}
}

// drawFill paints a blob in the mean colour of its border or in a colour of another place: a missing or covered feature.
func drawFill(src *imaging.RGB, g *rng, p *placer) *patch {
	q := drawBlob(g, p)
	c := borderMean(src, q)
	if g.intn(2) == 0 {
		c = scaled(pickColour(src, g, p), jitter(g))
	}
	flat(q, c)
	return q
}

// contrastFill is the last resort for images where nothing else shows: a blob, clearly darker or lighter than its place.
func contrastFill(src *imaging.RGB, g *rng, p *placer) *patch {
	cx, cy := p.pick(g)
	r := max(1, min(src.W, src.H)/24)
	q := newPatch(cx-r, cy-r, 2*r+1, 2*r+1)
	for i := range q.alpha {
		q.alpha[i] = 256
	}
	delta := 48
	if luma(src, cx, cy) > 127 {
		delta = -48
	}
	shade(src, q, delta)
	return q
}
