// Package heat draws anomaly maps as colours. The scale comes from the model and is never stretched per image, so good
// parts look calm and two pictures can be compared.
package heat

import (
	"fmt"
	"math"

	"anomnet/core/regions"
	"anomnet/core/roi"
)

// Scale is the model's display scale in the unit of the image score: Low is the bottom, High the top, Limit lies between.
type Scale struct {
	Low, High, Limit float32
}

// At places v on the scale, 0 at Low and 1 at High, clamped.
func (s Scale) At(v float32) float64 {
	t := (float64(v) - float64(s.Low)) / (float64(s.High) - float64(s.Low))
	return min(max(t, 0), 1)
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

// Map is an anomaly map, V[y*W+x], and what of it is inspected.
type Map struct {
	W, H int
	V    []float32
	ROI  roi.Mask // nil for all
}

// Place lays m over a picture of w x h that covers kx, ky of the model's input. Where the picture was not looked at, the value is NaN.
func (m Map) Place(w, h int, kx, ky float64) Map {
	v, _ := regions.Lay(m.V, m.W, m.H, m.ROI, w, h, kx, ky)
	return Map{W: w, H: h, V: v}
}

// veil covers what was not looked at.
var veil = [4]byte{90, 90, 90, 170}

// RGBA is Colours with an outline where m crosses the limit.
func (m Map) RGBA(s Scale) []byte {
	pix := m.Colours(s)
	for i, v := range m.V {
		if v != v || !m.edge(i, s.Limit) {
			continue
		}
		c := [4]byte{255, 255, 255, 255}
		if !(v > s.Limit) { // a dark line around the white one keeps it visible on bright pictures
			c = [4]byte{0, 0, 0, 200}
		}
		copy(pix[4*i:], c[:])
	}
	return pix
}

// Colours colours m as [h][w][4]uint8, not premultiplied, and veils NaN.
func (m Map) Colours(s Scale) []byte {
	const steps = 256
	var lut [steps][4]byte
	for i := range lut {
		t := float64(i) / (steps - 1)
		r, g, b := Colour(t)
		lut[i] = [4]byte{r, g, b, uint8(math.Round(255 * Alpha(t)))}
	}
	pix := make([]byte, 0, 4*len(m.V))
	for _, v := range m.V {
		if v != v {
			pix = append(pix, veil[:]...)
			continue
		}
		c := lut[int(s.At(v)*(steps-1)+0.5)]
		pix = append(pix, c[:]...)
	}
	return pix
}

// edge tells whether i and one of its four neighbours are on different sides of the limit.
func (m Map) edge(i int, limit float32) bool {
	x, y, above := i%m.W, i/m.W, m.V[i] > limit
	return x > 0 && (m.V[i-1] > limit) != above || x < m.W-1 && (m.V[i+1] > limit) != above ||
		y > 0 && (m.V[i-m.W] > limit) != above || y < m.H-1 && (m.V[i+m.W] > limit) != above
}
