package roi

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// draw writes a mask as rows of dots and hashes, and read is its inverse.
func draw(m Mask, w int) string {
	var s strings.Builder
	for i := range m {
		s.WriteByte(".#"[m[i]])
		if i%w == w-1 {
			s.WriteByte('\n')
		}
	}
	return s.String()
}

func read(rows ...string) Mask {
	var m Mask
	for _, c := range strings.Join(rows, "") {
		m = append(m, uint8(strings.IndexRune(".#", c)))
	}
	return m
}

func random(r *rand.Rand, n int) Mask {
	m := make(Mask, n)
	for i := range m {
		m[i] = uint8(r.IntN(2))
	}
	return m
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		m  Mask
		ok bool
	}{
		"all": {nil, true}, "some": {Mask{1, 0, 0, 1}, true}, "none": {Mask{0, 0, 0, 0}, false}, "ones": {Mask{1, 1, 1, 1}, false},
		"two": {Mask{1, 0, 0, 2}, false}, "short": {Mask{1, 0}, false}, "empty": {Mask{}, false},
	} {
		assert.Equal(t, c.ok, c.m.Validate(4) == nil, name)
	}
	assert.ErrorIs(t, Mask{0, 0}.Validate(2), ErrEmpty)
	assert.Nil(t, Mask{1, 1}.Canonical())
	assert.Nil(t, Mask(nil).Canonical())
	assert.Equal(t, Mask{0, 1}, Mask{0, 1}.Canonical())
}

func TestCountsAndPlaces(t *testing.T) {
	m := Mask{0, 1, 1, 0}
	assert.Equal(t, 2, m.Count(4))
	assert.Equal(t, 4, Mask(nil).Count(4))
	assert.Equal(t, []int{1, 2}, m.Places(4))
	assert.Equal(t, []int{0, 1}, Mask(nil).Places(2))
	assert.Equal(t, []string{"c", "d", "e", "f"}, Keep(m, strings.Split("abcdefgh", ""), 2))
	assert.Equal(t, []int{1, 2}, Keep(nil, []int{1, 2}, 1))
}

func TestText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		m := random(r, 8*(1+r.IntN(20)))
		back, err := Parse(m.String())
		require.NoError(t, err)
		assert.Equal(t, m, back)
	}
	assert.Empty(t, Mask(nil).String())
	for _, bad := range []string{"A", "?", "AA=", "AB==", "AA==\n"} {
		_, err := Parse(bad)
		assert.Error(t, err, "%q", bad)
	}
	none, err := Parse("")
	require.NoError(t, err)
	assert.Nil(t, none)
}

func TestPolygon(t *testing.T) {
	assert.Equal(t, read("......", ".###..", ".###..", "......"), Polygon(Rectangle(Point{1, 1}, Point{4, 3}), 6, 4, 6, 4))
	assert.Equal(t, read("......", ".###..", ".###..", "......"), Polygon(Rectangle(Point{400, 300}, Point{100, 100}), 600, 400, 6, 4), "any two corners, any frame")
	assert.Equal(t, read(".....", "#....", "##...", "###..", "####."), Polygon([]Point{{0, 0}, {5, 5}, {0, 5}}, 5, 5, 5, 5), "a middle on a right edge is outside")
	assert.Equal(t, read("#####", ".####", "..###", "...##", "....#"), Polygon([]Point{{0, 0}, {5, 0}, {5, 5}}, 5, 5, 5, 5), "on a left edge inside")
	assert.Equal(t, read("#####", "#...#", "#...#", "#...#", "#####"),
		Polygon([]Point{{0, 0}, {5, 0}, {5, 5}, {0, 5}, {0, 0}, {1, 1}, {4, 1}, {4, 4}, {1, 4}, {1, 1}}, 5, 5, 5, 5), "even-odd")
	assert.Equal(t, 25, Polygon(Rectangle(Point{-9, -9}, Point{90, 90}), 5, 5, 5, 5).Count(25), "beyond the frame")
	assert.Zero(t, Polygon(nil, 5, 5, 5, 5).Count(25))
	// By definition, in fractions: a middle is inside when a ray to the right crosses an odd number of edges.
	r := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		fw, fh, w, h := 1+r.IntN(200), 1+r.IntN(200), 1+r.IntN(12), 1+r.IntN(12)
		points := make([]Point, 3+r.IntN(6))
		for i := range points {
			points[i] = Point{r.IntN(fw + 1), r.IntN(fh + 1)}
		}
		got := Polygon(points, fw, fh, w, h)
		for i := range got {
			cx, cy := (float64(i%w)+0.5)*float64(fw)/float64(w), (float64(i/w)+0.5)*float64(fh)/float64(h)
			in, near := false, false
			for k, a := range points {
				b := points[(k+1)%len(points)]
				if (float64(a.Y) > cy) != (float64(b.Y) > cy) {
					x := float64(a.X) + (cy-float64(a.Y))*float64(b.X-a.X)/float64(b.Y-a.Y)
					in = in != (x > cx)
					near = near || x-cx < 1e-6 && cx-x < 1e-6
				}
			}
			if !near {
				require.Equal(t, in, got[i] == 1, "%v in %d x %d, patch %d of %d x %d", points, fw, fh, i, w, h)
			}
		}
	}
}

func TestStroke(t *testing.T) {
	assert.Equal(t, "......\n.#....\n..#...\n...#..\n....#.\n", draw(Stroke([]Point{{1, 1}, {4, 4}}, 1, 6, 5), 6))
	assert.Equal(t, "###...\n###...\n###...\n......\n......\n", draw(Stroke([]Point{{1, 1}}, 3, 6, 5), 6))
	assert.Equal(t, ".####.\n######\n######\n######\n.####.\n", draw(Stroke([]Point{{2, 2}, {3, 2}}, 5, 6, 5), 6))
	assert.Equal(t, 2, Stroke([]Point{{-3, 0}, {1, 0}}, 1, 6, 5).Count(30), "from outside")
	assert.Zero(t, Stroke(nil, 3, 6, 5).Count(30))
	line := Stroke([]Point{{0, 0}, {19, 7}}, 1, 20, 8)
	assert.Equal(t, line, Stroke([]Point{{0, 0}, {19, 7}}, 1, 20, 8))
	assert.Equal(t, 20, line.Count(160), "a line has no gaps and no knots")
}

func TestPaint(t *testing.T) {
	shape := read("##..")
	assert.Equal(t, shape, Mask(nil).Paint(shape, false), "what is drawn on everything is all that is inside")
	assert.Equal(t, read("..##"), Mask(nil).Paint(shape, true))
	assert.Equal(t, read("##.#"), read("...#").Paint(shape, false))
	assert.Equal(t, read("..#."), read("#.#.").Paint(shape, true))
}

func TestResize(t *testing.T) {
	m := read("##..", "##..", "....", "....")
	assert.Equal(t, read("#.", ".."), m.Resize(4, 4, 2, 2))
	assert.Equal(t, m, read("#.", "..").Resize(2, 2, 4, 4))
	assert.Equal(t, m, m.Resize(4, 4, 4, 4))
	assert.Nil(t, Mask(nil).Resize(4, 4, 8, 8))
	assert.Nil(t, m.Resize(3, 4, 8, 8))
}

func TestShapes(t *testing.T) {
	m, err := Shapes([]byte(`{"width":60,"height":40,"shapes":[{"rect":[10,10,50,40]},{"polygon":[[20,20],[40,20],[40,40],[20,40]],"outside":true}]}`), 6, 4)
	require.NoError(t, err)
	assert.Equal(t, "......\n.####.\n.#..#.\n.#..#.\n", draw(m, 6))
	m, err = Shapes([]byte(`{"width":6,"height":4,"shapes":[{"rect":[0,0,6,1],"outside":true}]}`), 6, 4)
	require.NoError(t, err)
	assert.Equal(t, 18, m.Count(24), "what is taken away first is taken from everything")
	m, err = Shapes([]byte(`{"width":6,"height":4,"shapes":[{"rect":[0,0,6,4]}]}`), 6, 4)
	require.NoError(t, err)
	assert.Nil(t, m, "all is no mask")
	for name, bad := range map[string]string{
		"text": `hello`, "no shapes": `{"width":6,"height":4,"shapes":[]}`, "no frame": `{"shapes":[{"rect":[0,0,6,4]}]}`, "large frame": `{"width":70000,"height":4,"shapes":[{"rect":[0,0,6,4]}]}`,
		"both": `{"width":6,"height":4,"shapes":[{"rect":[0,0,6,4],"polygon":[[0,0],[1,1],[2,2]]}]}`, "three numbers": `{"width":6,"height":4,"shapes":[{"rect":[3,2,6]}]}`, "five numbers": `{"width":6,"height":4,"shapes":[{"rect":[0,0,3,3,6]}]}`,
		"short point": `{"width":6,"height":4,"shapes":[{"polygon":[[0,2],[6],[6,4]]}]}`, "long point": `{"width":6,"height":4,"shapes":[{"polygon":[[0,0],[6,0,1],[6,4]]}]}`,
		"neither":    `{"width":6,"height":4,"shapes":[{}]}`,
		"two points": `{"width":6,"height":4,"shapes":[{"polygon":[[0,0],[1,1]]}]}`, "far": `{"width":6,"height":4,"shapes":[{"rect":[0,0,6,70000]}]}`,
		"farthest": `{"width":6,"height":4,"shapes":[{"polygon":[[-9223372036854775808,2],[6,0],[6,4]]}]}`,
		"unknown":  `{"width":6,"height":4,"shapes":[{"circle":[0,0,6]}]}`, "nothing": `{"width":6,"height":4,"shapes":[{"rect":[0,0,0,0]}]}`,
		"fraction": `{"width":6,"height":4,"shapes":[{"rect":[0,0,1.5,4]}]}`, "more": `{"width":6,"height":4,"shapes":[{"rect":[0,0,1,4]}]} 1`,
		"many": `{"width":6,"height":4,"shapes":[{"polygon":[` + strings.Repeat("[0,0],", maxPoints) + `[0,1]]}]}`, "huge": strings.Repeat(" ", maxFile+1),
	} {
		_, err := Shapes([]byte(bad), 6, 4)
		assert.Error(t, err, name)
	}
}

func TestPicture(t *testing.T) {
	pix := make([]uint8, 3*4*2*2*2) // 4 x 2 patches of 2 x 2 pixels
	set := func(x, y int, v uint8) {
		for c := range 3 {
			pix[3*(y*8+x)+c] = v
		}
	}
	set(0, 0, 255) // half of the patch
	set(1, 1, 255)
	set(2, 0, 255) // less
	set(3, 0, 250)
	for _, p := range [][2]int{{6, 2}, {7, 2}, {6, 3}, {7, 3}} {
		set(p[0], p[1], 128)
	}
	m, err := Picture(pix, 4, 2, 2)
	require.NoError(t, err)
	assert.Equal(t, read("#...", "...#"), m)
	_, err = Picture(make([]uint8, len(pix)), 4, 2, 2)
	assert.ErrorIs(t, err, ErrEmpty)
	_, err = Picture(pix[1:], 4, 2, 2)
	assert.Error(t, err)
}

func FuzzShapes(f *testing.F) {
	f.Add([]byte(`{"width":60,"height":40,"shapes":[{"rect":[10,10,50,40]},{"polygon":[[20,20],[40,20],[40,40]],"outside":true}]}`))
	f.Add([]byte(`{"width":1,"height":65536,"shapes":[{"polygon":[[-65536,65536],[65536,65536],[0,-65536]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Shapes(data, 8, 4)
		if err == nil {
			require.NoError(t, m.Validate(32))
			back, err := Parse(m.String())
			require.NoError(t, err)
			require.Equal(t, m, back)
		}
	})
}

// FuzzPolygon: two halves of a frame share no patch and leave none out, wherever the line between them lies, and the order of the points does not matter.
func FuzzPolygon(f *testing.F) {
	f.Add(uint16(3), uint16(700), uint16(800), uint8(9), uint8(7))
	f.Fuzz(func(t *testing.T, a, b, frame uint16, w, h uint8) {
		if frame == 0 || w == 0 || h == 0 {
			return
		}
		n, x, y := int(frame), int(a%frame), int(b%frame)
		left, right := []Point{{0, 0}, {x, 0}, {y, n}, {0, n}}, []Point{{n, n}, {y, n}, {x, 0}, {n, 0}}
		l, r := Polygon(left, n, n, int(w), int(h)), Polygon(right, n, n, int(w), int(h))
		for i := range l {
			if l[i]+r[i] != 1 {
				t.Fatalf("patch %d is in %d halves", i, l[i]+r[i])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("AAE=")
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := Parse(s); err == nil {
			require.Equal(t, s, m.String())
		}
	})
}

// FuzzPicture: a picture of a region gives a mask that fits, or an error.
func FuzzPicture(f *testing.F) {
	f.Add(uint8(4), uint8(2), uint8(2), make([]byte, 3*8*4))
	f.Fuzz(func(t *testing.T, w, h, stride uint8, pix []byte) {
		if m, err := Picture(pix, int(w), int(h), int(stride)); err == nil {
			require.NoError(t, m.Validate(int(w)*int(h)))
		}
	})
}
