// Package heat draws anomaly maps as colours. The scale comes from the model and is never stretched per image, so good
// parts look calm and two pictures can be compared.
package heat

import (
	"fmt"
	"math"
)

// Scale is the model's display scale in the unit of the image score: Low is the bottom, High the top, Limit lies between.
type Scale struct {
	Low, High, Limit float32
}

// At places v on the scale, 0 at Low and 1 at High, clamped. A NaN is 1: what cannot be judged must not look calm.
func (s Scale) At(v float32) float64 {
	t := (float64(v) - float64(s.Low)) / (float64(s.High) - float64(s.Low))
	switch {
	case math.IsNaN(t) || t > 1:
		return 1
	case t < 0:
		return 0
	}
	return t
}

// inferno holds the coefficients, constant first, of a sixth-degree polynomial in t for red, green and blue of matplotlib's
// perceptually uniform colour map "inferno" (approximation by M. Zucker, public domain).
var inferno = [3][7]float64{
	{0.0002189403691192265, 0.1065134194856116, 11.60249308247187, -41.70399613139459, 77.162935699427, -71.31942824499214, 25.13112622477341},
	{0.001651004631001012, 0.5639564367884091, -3.972853965665698, 17.43639888205313, -33.40235894210092, 32.62606426397723, -12.24266895238567},
	{-0.01948089843709184, 3.932712388889277, -15.9423941062914, 44.35414519872813, -81.80730925738993, 73.20951985803202, -23.07032500287172},
}

// Colour returns the sRGB colour at t in 0..1.
func Colour(t float64) (r, g, b uint8) {
	var c [3]uint8
	for i, k := range inferno {
		v := 0.0
		for j := len(k) - 1; j >= 0; j-- {
			v = v*t + k[j]
		}
		c[i] = uint8(math.Round(255 * min(max(v, 0), 1)))
	}
	return c[0], c[1], c[2]
}

// Hex is Colour as #rrggbb.
func Hex(t float64) string {
	r, g, b := Colour(t)
	return fmt.Sprintf("#%02x%02x%02x", r, g, b)
}

// Alpha is how much of the colour covers the picture: nothing at the bottom of the scale, all from the limit (the middle of
// the scale, see calibrate) upwards.
func Alpha(t float64) float64 {
	a := min(2*t, 1)
	return a * a * (3 - 2*a)
}

// Map is an anomaly map, V[y*W+x].
type Map struct {
	W, H int
	V    []float32
}

// Resample returns m bilinearly interpolated to w x h, with pixel centres aligned and edges repeated.
func (m Map) Resample(w, h int) Map {
	out := Map{W: w, H: h, V: make([]float32, w*h)}
	xs, xf := axis(w, m.W)
	ys, yf := axis(h, m.H)
	for y := range h {
		top, bottom := m.V[ys[y]*m.W:], m.V[min(ys[y]+1, m.H-1)*m.W:]
		for x := range w {
			l, r := xs[x], min(xs[x]+1, m.W-1)
			a := top[l] + (top[r]-top[l])*xf[x]
			b := bottom[l] + (bottom[r]-bottom[l])*xf[x]
			out.V[y*w+x] = a + (b-a)*yf[y]
		}
	}
	return out
}

// axis gives, for each of n output positions, the left source index and the fraction towards the next one.
func axis(n, src int) ([]int, []float32) {
	at, frac := make([]int, n), make([]float32, n)
	for i := range n {
		p := (float64(i)+0.5)*float64(src)/float64(n) - 0.5
		p = min(max(p, 0), float64(src-1))
		at[i] = int(p)
		frac[i] = float32(p - float64(at[i]))
	}
	return at, frac
}

// RGBA colours m as [h][w][4]uint8, not premultiplied, and outlines where it crosses the limit.
func (m Map) RGBA(s Scale) []byte {
	const steps = 256
	var lut [steps][4]byte
	for i := range lut {
		t := float64(i) / (steps - 1)
		r, g, b := Colour(t)
		lut[i] = [4]byte{r, g, b, uint8(math.Round(255 * Alpha(t)))}
	}
	pix := make([]byte, 0, 4*len(m.V))
	for i, v := range m.V {
		c := lut[int(s.At(v)*(steps-1)+0.5)]
		if m.edge(i, s.Limit) {
			c = [4]byte{255, 255, 255, 255}
		}
		pix = append(pix, c[:]...)
	}
	return pix
}

// edge tells whether i is above the limit and one of its four neighbours is not.
func (m Map) edge(i int, limit float32) bool {
	if !(m.V[i] > limit) {
		return false
	}
	x, y := i%m.W, i/m.W
	return x > 0 && !(m.V[i-1] > limit) || x < m.W-1 && !(m.V[i+1] > limit) ||
		y > 0 && !(m.V[i-m.W] > limit) || y < m.H-1 && !(m.V[i+m.W] > limit)
}
