package heat

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/roi"
)

// lightness is L of Oklab (Ottosson 2020).
func lightness(r, g, b uint8) float64 {
	lin := func(c uint8) float64 {
		v := float64(c) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	R, G, B := lin(r), lin(g), lin(b)
	l := math.Cbrt(0.4122214708*R + 0.5363325363*G + 0.0514459929*B)
	m := math.Cbrt(0.2119034982*R + 0.6806995451*G + 0.1073969566*B)
	s := math.Cbrt(0.0883024619*R + 0.2817188376*G + 0.6299787005*B)
	return 0.2104542553*l + 0.7936177850*m - 0.0040720468*s
}

func TestColourGetsSteadilyLighter(t *testing.T) {
	last := -1.0
	for i := range 65 {
		l := lightness(Colour(float64(i) / 64))
		assert.Greater(t, l, last, "step %d", i)
		last = l
	}
	// Known values of matplotlib's table: 0 is #000004, 128 is #bc3754, 255 is #fcffa4; the approximation is within 3 %.
	for _, c := range []struct {
		t       float64
		r, g, b float64
	}{{0, 0, 0, 4}, {128.0 / 255, 0xbc, 0x37, 0x54}, {1, 0xfc, 0xff, 0xa4}} {
		r, g, b := Colour(c.t)
		assert.InDelta(t, c.r, float64(r), 8)
		assert.InDelta(t, c.g, float64(g), 8)
		assert.InDelta(t, c.b, float64(b), 8)
	}
	assert.Regexp(t, "^#[0-9a-f]{6}$", Hex(0.5))
}

func TestScale(t *testing.T) {
	s := Scale{Low: 1, High: 3, Limit: 2}
	for v, want := range map[float32]float64{0: 0, 1: 0, 2: 0.5, 3: 1, 9: 1} {
		assert.Equal(t, want, s.At(v))
	}
	assert.Equal(t, 1.0, Alpha(0.5))
	assert.Zero(t, Alpha(0))
}

func TestPlace(t *testing.T) {
	m := Map{W: 2, H: 2, V: []float32{0, 4, 8, 12}}
	assert.Equal(t, m, m.Place(2, 2, 1, 1), "same size is the same map")
	up := m.Place(4, 4, 1, 1)
	assert.Equal(t, []float32{0, 1, 3, 4}, up.V[:4], "pixel centres at a quarter and three quarters")
	assert.Equal(t, float32(12), up.V[15])
	one := Map{W: 1, H: 1, V: []float32{5}}.Place(3, 2, 1, 1)
	assert.Equal(t, []float32{5, 5, 5, 5, 5, 5}, one.V)
	half := Map{W: 4, H: 1, V: []float32{1, 2, 3, 4}}.Place(2, 1, 0.5, 1)
	assert.Equal(t, []float32{2, 3}, half.V, "a fitted picture sees the middle of the map")
	wide := Map{W: 2, H: 1, V: []float32{1, 2}}.Place(4, 1, 2, 1)
	assert.Equal(t, []float32{1, 2}, wide.V[1:3], "a cropped picture reaches beyond the map")
	assert.True(t, wide.V[0] != wide.V[0] && wide.V[3] != wide.V[3])
}

func TestRGBA(t *testing.T) {
	s := Scale{Low: 0, High: 2, Limit: 1}
	pix := Map{W: 5, H: 1, V: []float32{0, 0.5, 0.9, 2, 2}}.RGBA(s)
	require.Len(t, pix, 20)
	assert.Zero(t, pix[3], "the bottom of the scale is clear")
	assert.InDelta(t, 128, float64(pix[7]), 2)
	assert.Equal(t, []byte{0, 0, 0, 200}, pix[8:12], "dark line outside of the limit")
	assert.Equal(t, []byte{255, 255, 255, 255}, pix[12:16], "white line inside")
	r, g, b := Colour(1)
	assert.Equal(t, []byte{r, g, b, 255}, pix[16:20])
	assert.Equal(t, veil[:], Map{W: 1, H: 1, V: []float32{float32(math.NaN())}}.RGBA(s))
	calm := Map{W: 2, H: 1, V: []float32{0.2, 0.9}}.RGBA(s)
	assert.NotEqual(t, byte(255), calm[7], "no outline below the limit")
}

// TestPlaceInARegionOfInterest: outside there is no value, and inside none comes from there.
func TestPlaceInARegionOfInterest(t *testing.T) {
	m := Map{W: 2, H: 2, V: []float32{5, 0, 5, 0}, ROI: roi.Mask{1, 0, 1, 0}}.Place(8, 4, 1, 1)
	for i, v := range m.V {
		if i%8 < 4 {
			assert.Equal(t, float32(5), v)
		} else {
			assert.True(t, v != v)
		}
	}
	assert.Equal(t, veil[:], m.Colours(Scale{High: 10, Limit: 5})[4*5:4*6])
}
