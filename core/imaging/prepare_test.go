package imaging

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPreprocessValidate(t *testing.T) {
	tests := []struct {
		p    Preprocess
		want string // part of the error, "" for none
	}{
		{Preprocess{256, 256, Stretch, false}, ""},
		{Preprocess{32, 2048, Fit, true}, ""},
		{Preprocess{64, 96, Crop, false}, ""},
		{Preprocess{}, "width 0"},
		{Preprocess{250, 256, Stretch, false}, "width 250"},
		{Preprocess{256, 2080, Stretch, false}, "height 2080"},
		{Preprocess{256, -32, Stretch, false}, "height -32"},
		{Preprocess{256, 256, "", false}, `mode ""`},
		{Preprocess{256, 256, "zoom", false}, `mode "zoom"`},
	}
	for _, tt := range tests {
		err := tt.p.Validate()
		_, perr := Prepare(pattern(), tt.p)
		assert.Equal(t, err, perr)
		if tt.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, tt.want)
		}
	}
}

func TestPreprocessJSON(t *testing.T) {
	p := Preprocess{320, 256, Fit, true}
	b, err := json.Marshal(p)
	require.NoError(t, err)
	assert.JSONEq(t, `{"width":320,"height":256,"mode":"fit","gray":true}`, string(b))
	var q Preprocess
	require.NoError(t, json.Unmarshal(b, &q))
	assert.Equal(t, p, q)
}

func TestPrepareRefusesBadPicture(t *testing.T) {
	p := Preprocess{32, 32, Stretch, false}
	for _, m := range []*RGB{nil, {}, {W: 2, H: 2, Pix: make([]uint8, 11)}} {
		_, err := Prepare(m, p)
		assert.ErrorContains(t, err, "imaging: prepare")
	}
}

func TestPrepareStretch(t *testing.T) {
	src := random(50, 90, 5)
	got, err := Prepare(src, Preprocess{64, 32, Stretch, false})
	require.NoError(t, err)
	assert.Equal(t, Resize(src, 64, 32), got)
}

// bars is black with a frame of colour c, one pixel wide.
func bars(w, h int, c [3]uint8) *RGB {
	m := NewRGB(w, h)
	for y := range h {
		for x := range w {
			if x == 0 || y == 0 || x == w-1 || y == h-1 {
				copy(m.Pix[3*(w*y+x):], c[:])
			}
		}
	}
	return m
}

func TestPrepareFit(t *testing.T) {
	tests := []struct {
		name           string
		w, h           int
		x0, y0, x1, y1 int // where the picture lies in 64 x 64
	}{
		{"wide", 64, 21, 0, 21, 64, 42},
		{"tall", 21, 64, 21, 0, 42, 64},
		{"square", 64, 64, 0, 0, 64, 64},
	}
	c := [3]uint8{200, 100, 7}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := bars(tt.w, tt.h, c)
			got, err := Prepare(src, Preprocess{64, 64, Fit, false})
			require.NoError(t, err)
			require.Equal(t, [2]int{64, 64}, [2]int{got.W, got.H})
			for y := range 64 {
				for x := range 64 {
					want := c
					if x >= tt.x0 && x < tt.x1 && y >= tt.y0 && y < tt.y1 {
						want = [3]uint8(src.Pix[3*(tt.w*(y-tt.y0)+x-tt.x0):])
					}
					require.Equal(t, want, [3]uint8(got.Pix[3*(64*y+x):]), "pixel %d, %d", x, y)
				}
			}
		})
	}
}

func TestPrepareFitExtremeAspect(t *testing.T) {
	for _, m := range []*RGB{random(5000, 1, 1), random(1, 5000, 2), random(1, 1, 3)} {
		for _, mode := range []Mode{Stretch, Fit, Crop} {
			got, err := Prepare(m, Preprocess{96, 32, mode, true})
			require.NoError(t, err)
			assert.Len(t, got.Pix, 96*32*3)
		}
	}
}

func TestBorderMean(t *testing.T) {
	m := NewRGB(3, 3)
	for i := range 9 {
		m.Pix[3*i] = uint8(10 * i)
	}
	assert.Equal(t, [3]uint8{40, 0, 0}, borderMean(m)) // (0+10+20+30+50+60+70+80)/8
	assert.Equal(t, [3]uint8{1, 2, 3}, borderMean(&RGB{1, 1, []uint8{1, 2, 3}}))
	assert.Equal(t, [3]uint8{3, 2, 3}, borderMean(&RGB{2, 1, []uint8{1, 2, 3, 4, 2, 3}})) // 2.5 rounds up
}

func TestPrepareCrop(t *testing.T) {
	tests := []struct {
		name       string
		w, h       int
		x, y, n, m int // the part that is kept, for an output of 64 x 32
	}{
		{"too wide", 100, 20, 30, 0, 40, 20},
		{"too tall", 20, 41, 0, 15, 20, 10},
		{"right aspect", 80, 40, 0, 0, 80, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := random(tt.w, tt.h, 9)
			part := NewRGB(tt.n, tt.m)
			for y := range tt.m {
				for x := range tt.n {
					copy(part.Pix[3*(tt.n*y+x):3*(tt.n*y+x)+3], src.Pix[3*(tt.w*(y+tt.y)+x+tt.x):])
				}
			}
			got, err := Prepare(src, Preprocess{64, 32, Crop, false})
			require.NoError(t, err)
			assert.Equal(t, Resize(part, 64, 32), got)
		})
	}
}

func TestPrepareGray(t *testing.T) {
	src := NewRGB(32, 32)
	for i, c := range [][3]uint8{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {9, 9, 9}, {10, 20, 30}} {
		copy(src.Pix[3*i:], c[:])
	}
	before := append([]uint8(nil), src.Pix...)
	got, err := Prepare(src, Preprocess{32, 32, Stretch, true})
	require.NoError(t, err)
	for i, want := range []uint8{76, 150, 29, 255, 9, 18} { // Pillow: Image.convert("L")
		assert.Equal(t, [3]uint8{want, want, want}, [3]uint8(got.Pix[3*i:]), "colour %d", i)
	}
	assert.Equal(t, before, src.Pix, "source changed")
}

// TestPrepareMask: a mask of a picture that is all white lies where the picture does, and is black where only its border's colour is.
func TestPrepareMask(t *testing.T) {
	for _, size := range [][2]int{{96, 32}, {32, 96}, {50, 47}, {64, 64}} {
		white := NewRGB(size[0], size[1])
		for i := range white.Pix {
			white.Pix[i] = 255
		}
		for _, mode := range []Mode{Stretch, Fit, Crop} {
			pre := Preprocess{Width: 64, Height: 32, Mode: mode}
			f := pre.frame(white.W, white.H)
			mask := PrepareMask(white, pre)
			require.Equal(t, [2]int{64, 32}, [2]int{mask.W, mask.H})
			n := 0
			for i := range mask.W * mask.H {
				if mask.Pix[3*i] == 255 {
					n++
				}
			}
			assert.Equal(t, f.toW*f.toH, n, "%v %s", size, mode)
			assert.Equal(t, mode != Fit || size == [2]int{64, 32}, n == 64*32, "%v %s", size, mode)
			noise := NewRGB(size[0], size[1])
			for i := range noise.Pix {
				noise.Pix[i] = uint8(i * i)
			}
			picture, err := Prepare(noise, pre)
			require.NoError(t, err)
			for i, v := range PrepareMask(noise, pre).Pix {
				if mask.Pix[i] != 0 {
					require.Equal(t, picture.Pix[i], v, "%v %s", size, mode)
				}
			}
		}
	}
}
