package detect

// Upsample brings an anomaly map m, [h][w], to height x width pixels by bilinear interpolation between patch centres; edges
// repeat. It is for pictures and pixel figures, not for scores.
func Upsample(m []float32, w, h, width, height int) []float32 {
	out := make([]float32, width*height)
	xs, xf := axis(w, width)
	ys, yf := axis(h, height)
	for y := range height {
		top, bottom := m[ys[y]*w:], m[min(ys[y]+1, h-1)*w:]
		for x := range width {
			l, r := xs[x], min(xs[x]+1, w-1)
			a := top[l] + float32((top[r]-top[l])*xf[x])
			b := bottom[l] + float32((bottom[r]-bottom[l])*xf[x])
			out[y*width+x] = a + float32((b-a)*yf[y])
		}
	}
	return out
}

// axis gives, for each of size output positions, the cell before it and the way towards the next, 0..1.
func axis(cells, size int) (at []int, frac []float32) {
	at, frac = make([]int, size), make([]float32, size)
	for i := range size {
		p := float64((float64(i)+0.5)*float64(cells))/float64(size) - 0.5
		p = min(max(p, 0), float64(cells-1))
		at[i] = int(p)
		frac[i] = float32(p - float64(at[i]))
	}
	return at, frac
}
