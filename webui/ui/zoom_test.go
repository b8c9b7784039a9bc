package ui

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestZoom(t *testing.T) {
	pane, pic := Size{424, 324}, Size{800, 400}
	assert.Equal(t, Affine{S: 0.5, X: 12, Y: 62}, Zoom{}.Place(pane, pic), "the whole picture, in the middle")
	z := Zoom{}.By(4, 12, 62, pane, pic)
	assert.Equal(t, Affine{S: 2, X: 12, Y: 12}, z.Place(pane, pic), "never more empty room than the margin")
	z = Zoom{}.By(4, 112, 162, pane, pic)
	a := z.Place(pane, pic)
	assert.InDelta(t, 112, a.S*200+a.X, 1e-9, "what the pointer is on stays there")
	assert.InDelta(t, 162, a.S*200+a.Y, 1e-9)
	assert.Equal(t, Zoom{}, z.By(0.01, 0, 0, pane, pic))
	moved := z.Move(10, -20, pane, pic).Place(pane, pic)
	assert.InDelta(t, a.X+10, moved.X, 1e-9)
	assert.InDelta(t, a.Y-20, moved.Y, 1e-9)
	assert.Equal(t, 32.0, Zoom{}.By(1e9, 0, 0, pane, pic).Scale, "sixteen pixels for one")
	box := Zoom{}.To(300, 100, 400, 200, pane, pic).Place(pane, pic)
	assert.InDelta(t, 212, box.S*350+box.X, 1e-9, "in the middle")
	assert.InDelta(t, 108, box.S*100, 1e-9, "a third of the pane")
	for _, unknown := range []Zoom{z.By(2, 1, 1, Size{}, pic), z.Move(1, 1, pane, Size{}), z.To(1, 1, 2, 2, pane, Size{})} {
		assert.Equal(t, z, unknown)
	}
	assert.Equal(t, Affine{S: 1}, z.Place(Size{}, pic))
}

// TestZoomStaysInside does whatever a hand can do.
func TestZoomStaysInside(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		pane, pic := Size{50 + 900*r.Float64(), 50 + 900*r.Float64()}, Size{1 + 5000*r.Float64(), 1 + 5000*r.Float64()}
		z := Zoom{}
		for range 30 {
			if r.IntN(2) == 0 {
				z = z.By(0.3+2*r.Float64(), pane.W*r.Float64(), pane.H*r.Float64(), pane, pic)
			} else {
				z = z.Move(2000*(r.Float64()-0.5), 2000*(r.Float64()-0.5), pane, pic)
			}
			a := z.Place(pane, pic)
			for _, axis := range [][3]float64{{a.X, a.S * pic.W, pane.W}, {a.Y, a.S * pic.H, pane.H}} {
				at, long, room := axis[0], axis[1], axis[2]
				if long+2*paneMargin <= room+1e-6 {
					assert.InDelta(t, (room-long)/2, at, 1e-6)
					continue
				}
				assert.LessOrEqual(t, at, float64(paneMargin)+1e-6)
				assert.GreaterOrEqual(t, at+long, room-paneMargin-1e-6)
			}
		}
	}
}
