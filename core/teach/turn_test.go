package teach

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
)

// gray makes a picture from rows of digits, ten levels a digit.
func gray(rows ...string) *imaging.RGB {
	img := imaging.NewRGB(len(rows[0]), len(rows))
	for y, r := range rows {
		for x, c := range r {
			for ch := range 3 {
				img.Pix[3*(y*img.W+x)+ch] = uint8(c-'0') * 10
			}
		}
	}
	return img
}

func TestQuarterTurn(t *testing.T) {
	in := gray("12", "34")
	for k, want := range []*imaging.RGB{gray("12", "34"), gray("31", "42"), gray("43", "21"), gray("24", "13"), gray("21", "43"), gray("42", "31"),
		gray("34", "12"), gray("13", "24")} {
		assert.Equal(t, want, quarterTurn(in, k), "k = %d", k)
	}
	assert.Equal(t, gray("654", "321"), quarterTurn(gray("123", "456"), 2))
	assert.Equal(t, gray("456", "123"), quarterTurn(gray("123", "456"), 6))
}

// disc is a bright spot of the given place on a plain background.
func disc(n, cx, cy int) *imaging.RGB {
	img := imaging.NewRGB(n, n)
	for y := range n {
		for x := range n {
			v := uint8(200)
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) <= 16 {
				v = 50
			}
			for c := range 3 {
				img.Pix[3*(y*n+x)+c] = v
			}
		}
	}
	return img
}

func darkest(img *imaging.RGB) (x, y float64) {
	n := 0.0
	for i := 0; i < len(img.Pix); i += 3 {
		if img.Pix[i] < 100 {
			x, y, n = x+float64(i/3%img.W), y+float64(i/3/img.W), n+1
		}
	}
	return x / n, y / n
}

// TestFineTurn: a spot to the right of the centre goes where turning by the angle brings it, and the corners are filled.
func TestFineTurn(t *testing.T) {
	const n = 65
	in := disc(n, 52, 32) // 20 pixels to the right of the centre
	fill, plain := background(in)
	require.True(t, plain)
	for i, want := range [][2]float64{{32 + 20*0.866, 32 - 10}, {32 + 10, 32 - 20*0.866}} {
		out := fineTurns[i].turn(in, fill)
		x, y := darkest(out)
		assert.InDelta(t, want[0], x, 0.3)
		assert.InDelta(t, 32-(want[1]-32), y, 0.3, "clockwise on the screen")
		assert.EqualValues(t, 200, out.Pix[0])
	}
}

func TestBackground(t *testing.T) {
	_, plain := background(tiny.Image(64, 64, 1))
	assert.False(t, plain, "a texture has no background")
	fill, plain := background(disc(64, 30, 30))
	assert.True(t, plain)
	assert.Equal(t, [3]uint8{200, 200, 200}, fill)
}

func TestTurnedCopies(t *testing.T) {
	fine := func(img *imaging.RGB) (n int) {
		for _, c := range turnedCopies(img, AugmentTurns) {
			assert.Equal(t, img.W, c.img.W)
			if strings.HasPrefix(c.kind, fineKind) {
				n++
			}
		}
		return n
	}
	assert.Len(t, turnedCopies(tiny.Image(64, 32, 1), AugmentTurns), 3, "only those that keep the shape")
	assert.Len(t, turnedCopies(tiny.Image(64, 64, 1), AugmentTurns), 7)
	assert.Equal(t, 8, fine(disc(64, 20, 30)))
	assert.Zero(t, fine(tiny.Image(64, 64, 1)))
}

// TestThinKeepsWhatIsNew: of a copy that differs in a few patches, these are kept first.
func TestThinKeepsWhatIsNew(t *testing.T) {
	const patches, c = 4 * keptEach, 11
	x := make([]uint8, patches*c)
	for i := range x {
		x[i] = uint8(30 + i%c + i/c%3)
	}
	w := RandomProjection(8, c, 0)
	for _, k := range engine.Tiers() {
		thin, err := newThinner(k, w, x, c)
		require.NoError(t, err)
		changed := append([]uint8(nil), x...)
		for _, p := range []int{5, 77, 300} {
			for i := range c {
				changed[p*c+i] = uint8(120 - 10*i)
			}
		}
		at := thin.thin(changed)
		assert.Subset(t, at, []uint16{5, 77, 300}, k.Name())
		assert.LessOrEqual(t, len(at), 2*keptEach)
		assert.IsIncreasing(t, at)
	}
}
