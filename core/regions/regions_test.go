package regions

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/roi"
)

// draw reads a map from rows of digits.
func draw(rows ...string) (m []float32, w, h int) {
	for _, r := range rows {
		for _, c := range r {
			m = append(m, float32(c-'0'))
		}
	}
	return m, len(rows[0]), len(rows)
}

func TestFind(t *testing.T) {
	m, w, h := draw(
		"00000000",
		"03000900",
		"03300000",
		"00030000",
		"00000002")
	same := Frame{Width: w, Height: h, InputW: w, InputH: h, Mode: Stretch}
	f := Find(m, w, h, 2, same)
	require.Len(t, f.Regions, 2)
	assert.Equal(t, Region{Area: 4, Share: 0.1, Peak: 3, Left: 1, Top: 1, Right: 4, Bottom: 4}, f.Regions[0], "corners touch")
	assert.Equal(t, Region{Area: 1, Share: 1.0 / 40, Peak: 9, Left: 5, Top: 1, Right: 6, Bottom: 2}, f.Regions[1])
	assert.Len(t, Find(m, w, h, 1.5, same).Regions, 3)
	assert.Empty(t, Find(m, w, h, 9, same).Regions, "the limit itself is not above it")
	for name, bad := range map[string]*Found{
		"size":  Find(m, w, h+1, 2, same),
		"empty": Find(nil, 0, 0, 2, same),
		"frame": Find(m, w, h, 2, Frame{}),
		"nan":   Find([]float32{float32(math.NaN())}, 1, 1, 2, Frame{Width: 1, Height: 1, InputW: 1, InputH: 1}),
	} {
		assert.Empty(t, bad.Regions, name)
		assert.Empty(t, bad.Outline(0), name)
	}
}

// TestAnNGImageShowsAPlace: its score is above the limit, its map may not be.
func TestAnNGImageShowsAPlace(t *testing.T) {
	m, w, h := draw(
		"00000000",
		"03000800",
		"03300000",
		"00030000",
		"00000007")
	same := Frame{Width: w, Height: h, InputW: w, InputH: h, Mode: Stretch}
	assert.Equal(t, Find(m, w, h, 2, same), Mark(m, w, h, 2, true, same), "there is something above the limit")
	assert.Empty(t, Mark(m, w, h, 8, false, same).Regions, "not NG")
	f := Mark(m, w, h, 8, true, same)
	require.Len(t, f.Regions, 1)
	assert.Equal(t, Region{Area: 1, Share: 1.0 / 40, Peak: 8, Left: 5, Top: 1, Right: 6, Bottom: 2}, f.Regions[0])
	assert.Equal(t, float32(7.6), f.Edge)
	assert.Len(t, f.Outline(0), 1)
	outside := Frame{Width: 40, Height: 20, InputW: 8, InputH: 8, Mode: Fit} // rows 0, 1 and 4 are not all on the picture
	f = Mark(m[:w*4], w, 4, 9, true, outside)
	require.NotEmpty(t, f.Regions)
	assert.LessOrEqual(t, f.Regions[0].Peak, float32(8), "of what is on the picture")
	assert.Empty(t, Mark(make([]float32, 40), w, h, 8, true, same).Regions, "nothing anywhere")
	assert.Empty(t, Mark(m, w, h+1, 8, true, same).Regions)
	assert.Empty(t, Mark(nil, 0, 0, 8, true, same).Regions)
}

// TestAPictureSmallerThanItsMap has no sample where its map is above the limit.
func TestAPictureSmallerThanItsMap(t *testing.T) {
	m := make([]float32, 32*32)
	for i := range m {
		m[i] = float32(i%32) / 32
	}
	m[7*32+9] = 5
	frame := Frame{Width: 10, Height: 10, InputW: 256, InputH: 256, Mode: Stretch}
	require.Empty(t, Find(m, 32, 32, 4, frame).Regions)
	assert.Len(t, Mark(m, 32, 32, 4, true, frame).Regions, 1)
}

func TestWhatIsInspectedDependsOnTheMode(t *testing.T) {
	full := []float32{5}
	for _, c := range []struct {
		mode       string
		w, h, area int
		box        [4]int
	}{
		{Stretch, 400, 200, 80000, [4]int{0, 0, 400, 200}},
		{Fit, 400, 200, 80000, [4]int{0, 0, 400, 200}},
		{Crop, 400, 200, 40000, [4]int{100, 0, 300, 200}},
		{Crop, 4000, 2000, 4000000, [4]int{1000, 0, 3000, 2000}},
	} {
		f := Find(full, 1, 1, 1, Frame{Width: c.w, Height: c.h, InputW: 256, InputH: 256, Mode: c.mode})
		require.Len(t, f.Regions, 1, c.mode)
		r := f.Regions[0]
		assert.Equal(t, 1.0, r.Share, "all that is inspected, %s", c.mode)
		assert.Equal(t, c.area, r.Area, c.mode)
		assert.Equal(t, c.box, [4]int{r.Left, r.Top, r.Right, r.Bottom}, c.mode)
	}
	assert.Equal(t, []string{Stretch, Fit, Crop}, []string{string(imaging.Stretch), string(imaging.Fit), string(imaging.Crop)})
}

// TestBoxOfEverything: a picture that is all above the limit has the picture as its box, whatever the raster.
func TestBoxOfEverything(t *testing.T) {
	for _, w := range []int{500, 512, 513, 1000, 1699} {
		for _, h := range []int{1, 2, 31, 200, 511, 513, 1000, 1699} {
			f := Find([]float32{5}, 1, 1, 1, Frame{Width: w, Height: h, InputW: 32, InputH: 32, Mode: Stretch})
			require.Len(t, f.Regions, 1)
			r := f.Regions[0]
			assert.Equal(t, [5]int{0, 0, w, h, w * h}, [5]int{r.Left, r.Top, r.Right, r.Bottom, r.Area}, "%d x %d", w, h)
		}
	}
}

func TestSpot(t *testing.T) {
	got := func(f Frame, x, y int) [4]float64 {
		l, t, r, b := f.Spot(x, y, 4, 4)
		return [4]float64{l, t, r, b}
	}
	assert.Equal(t, [4]float64{100, 50, 200, 100}, got(Frame{Width: 400, Height: 200, InputW: 32, InputH: 32, Mode: Stretch}, 1, 1))
	assert.Equal(t, [4]float64{100, 0, 200, 100}, got(Frame{Width: 400, Height: 200, InputW: 32, InputH: 32, Mode: Fit}, 1, 1))
	assert.Equal(t, [4]float64{0, 0, 100, 0}, got(Frame{Width: 400, Height: 200, InputW: 32, InputH: 32, Mode: Fit}, 0, 0), "in the border above the picture")
	assert.Equal(t, [4]float64{150, 50, 200, 100}, got(Frame{Width: 400, Height: 200, InputW: 32, InputH: 32, Mode: Crop}, 1, 1))
}

func TestTheLargestAreKept(t *testing.T) {
	const n = 60
	m := make([]float32, n*n)
	for y := 0; y < n; y += 3 {
		for x := 0; x < n; x += 3 {
			m[y*n+x] = 1
		}
	}
	m[n*31+31] = 1
	f := Find(m, n, n, 0.5, Frame{Width: n, Height: n, InputW: n, InputH: n})
	assert.Len(t, f.Regions, Max)
	assert.Equal(t, 2, f.Regions[0].Area, "31, 31 joins 30, 30")
	assert.Equal(t, 400-Max, f.More)
}

// area is that inside closed lines; holes run the other way round.
func area(loops [][]Point) float64 {
	sum := 0.0
	for _, l := range loops {
		for i, p := range l {
			q := l[(i+1)%len(l)]
			sum += (p.X*q.Y - q.X*p.Y) / 2
		}
	}
	return sum
}

func TestOutline(t *testing.T) {
	m, w, h := draw(
		"00000000",
		"02222200",
		"02000200",
		"02222200",
		"00000000")
	f := Find(m, w, h, 1, Frame{Width: w, Height: h, InputW: w, InputH: h})
	loops := f.Outline(0)
	require.Len(t, loops, 2, "a ring has a hole")
	assert.InDelta(t, 14.5-2.5, area(loops), 1e-9, "corners are cut by an eighth each")
	assert.NotEqual(t, area(loops[:1]) > 0, area(loops[1:]) > 0, "the hole runs the other way")
	all := Find([]float32{2}, 1, 1, 1, Frame{Width: 3, Height: 2, InputW: 8, InputH: 8}).Outline(0)
	require.Len(t, all, 1)
	assert.InDelta(t, 6, math.Abs(area(all)), 0.6, "along the border of the picture")
	for _, p := range all[0] {
		assert.True(t, p.X >= 0 && p.X <= 3 && p.Y >= 0 && p.Y <= 2, "%v", p)
	}
	assert.Nil(t, f.Outline(1))
	assert.Nil(t, f.Outline(-1))
}

// blobs is a smooth random map.
func blobs(w, h int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 3))
	m := make([]float32, w*h)
	for range 6 {
		x, y, s, a := r.Float64()*float64(w), r.Float64()*float64(h), 1+3*r.Float64(), 1+3*r.Float64()
		for i := range m {
			dx, dy := float64(i%w)-x, float64(i/w)-y
			m[i] += float32(a * math.Exp(-(dx*dx+dy*dy)/(2*s*s)))
		}
	}
	return m
}

// TestOutlinesHoldTheArea compares two ways of measuring: counted samples, and the polygon.
func TestOutlinesHoldTheArea(t *testing.T) {
	for seed := range uint64(20) {
		f := Find(blobs(32, 24, seed), 32, 24, 1, Frame{Width: 1600, Height: 1200, InputW: 256, InputH: 192})
		require.NotEmpty(t, f.Regions)
		for i, r := range f.Regions {
			if r.Area > 20000 {
				assert.InEpsilon(t, float64(r.Area), area(f.Outline(i)), 0.03, "seed %d region %d", seed, i)
			}
		}
	}
}

// TestRegionOfInterest: regions lie inside, are shares of it, and do not see what is outside.
func TestRegionOfInterest(t *testing.T) {
	const w, h = 8, 4
	m := make([]float32, w*h)
	for i := range m {
		m[i] = 5
	}
	frame := Frame{Width: 80, Height: 40, InputW: 64, InputH: 32, Mode: Stretch, ROI: roi.Polygon(roi.Rectangle(roi.Point{X: 2, Y: 1}, roi.Point{X: 6, Y: 3}), w, h, w, h)}
	f := Find(m, w, h, 1, frame)
	require.Len(t, f.Regions, 1)
	assert.Equal(t, Region{Area: 800, Share: 1, Peak: 5, Left: 20, Top: 10, Right: 60, Bottom: 30}, f.Regions[0])
	for i := range m {
		if !frame.ROI.In(i) {
			m[i] = 0 // as a mapper leaves it
		}
	}
	assert.Equal(t, f.Regions, Find(m, w, h, 1, frame).Regions, "the edge is as high as what is inside")
	frame.ROI[2*w+5] = 0
	assert.InDelta(t, 700, Find(m, w, h, 1, frame).Regions[0].Area, 1e-9)
	frame.ROI = frame.ROI[1:]
	assert.Empty(t, Find(m, w, h, 1, frame).Regions, "a mask of another size")
}

// TestSameOnEveryMachine pins the bits.
func TestSameOnEveryMachine(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	m := make([]float32, 32*24)
	for i := range m {
		m[i] = r.Float32() * r.Float32()
	}
	sum := fnv.New64a()
	for _, mode := range []string{Stretch, Fit, Crop} {
		for _, size := range [][2]int{{320, 240}, {1237, 411}, {411, 1237}} {
			f := Find(m, 32, 24, 0.5, Frame{Width: size[0], Height: size[1], InputW: 256, InputH: 192, Mode: mode})
			require.NoError(t, binary.Write(sum, binary.LittleEndian, int64(f.More)))
			for _, g := range f.Regions {
				fmt.Fprint(sum, g.Area, math.Float64bits(g.Share), math.Float32bits(g.Peak), g.Left, g.Top, g.Right, g.Bottom)
			}
		}
	}
	assert.Equal(t, "00688d1d6004fdd8", fmt.Sprintf("%016x", sum.Sum64()))
}

func FuzzFind(f *testing.F) {
	f.Add([]byte{1, 200, 3, 4, 250, 6}, byte(3), uint16(40), uint16(30), byte(1), float32(100))
	f.Fuzz(func(t *testing.T, data []byte, w byte, pw, ph uint16, mode byte, limit float32) {
		if w == 0 || len(data) > 400 {
			return
		}
		h := len(data) / int(w)
		m := make([]float32, int(w)*h)
		for i := range m {
			m[i] = float32(data[i])
		}
		frame := Frame{Width: int(pw), Height: int(ph), InputW: 64, InputH: 32, Mode: []string{Stretch, Fit, Crop}[mode%3]}
		found := Mark(m, int(w), h, limit, w&1 == 1, frame)
		share := 0.0
		for i, r := range found.Regions {
			share += r.Share
			if r.Area < 1 || !(r.Peak > found.Edge) || r.Left < 0 || r.Top < 0 || r.Right > int(pw) || r.Bottom > int(ph) || r.Left >= r.Right || r.Top >= r.Bottom {
				t.Fatalf("%+v", r)
			}
			if i > 0 && r.Area > found.Regions[i-1].Area {
				t.Fatal("order")
			}
			loops := found.Outline(i)
			if len(loops) == 0 {
				t.Fatal("no outline")
			}
			for _, l := range loops {
				for _, p := range l {
					if !(p.X >= 0 && p.X <= float64(pw) && p.Y >= 0 && p.Y <= float64(ph)) {
						t.Fatalf("%v", p)
					}
				}
			}
		}
		if found.Edge > limit || w&1 == 0 && found.Edge != limit {
			t.Fatalf("edge %v", found.Edge)
		}
		if share > 1+1e-9 {
			t.Fatal("more than all")
		}
	})
}

func TestCover(t *testing.T) {
	for _, c := range []struct {
		mode   string
		kx, ky float64
	}{{Stretch, 1, 1}, {Fit, 1, 0.5}, {Crop, 2, 1}} {
		kx, ky := Frame{Width: 400, Height: 200, InputW: 256, InputH: 256, Mode: c.mode}.Cover()
		assert.Equal(t, [2]float64{c.kx, c.ky}, [2]float64{kx, ky}, c.mode)
	}
}
