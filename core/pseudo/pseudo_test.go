package pseudo

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

var update = flag.Bool("update", false, "rewrite the checksums in testdata")

// scene is a bright disc with stripes on a dark, slightly noisy ground, made of integers only.
func scene(w, h int) *imaging.RGB {
	img := imaging.NewRGB(w, h)
	g := &rng{state: 99}
	r := min(w, h) / 3
	for y := range h {
		for x := range w {
			base := 40
			if dx, dy := x-w/2, y-h/2; dx*dx+dy*dy < r*r {
				base = 150 + (x+2*y)%16*4
			}
			for c := range 3 {
				img.Pix[(y*w+x)*3+c] = uint8(base + 5*c + g.intn(8))
			}
		}
	}
	return img
}

func grayed(src *imaging.RGB) *imaging.RGB {
	for i := 0; i < len(src.Pix); i += 3 {
		src.Pix[i+1], src.Pix[i+2] = src.Pix[i], src.Pix[i]
	}
	return src
}

func constant(w, h int, v uint8) *imaging.RGB {
	img := imaging.NewRGB(w, h)
	for i := range img.Pix {
		img.Pix[i] = v
	}
	return img
}

// requireExactMask checks the contract: true exactly where the pixel differs, and then by more than MinDiff.
func requireExactMask(t *testing.T, src, img *imaging.RGB, mask []bool) (changed int) {
	t.Helper()
	require.Equal(t, [2]int{src.W, src.H}, [2]int{img.W, img.H})
	require.Len(t, img.Pix, len(src.Pix))
	require.Len(t, mask, src.W*src.H)
	for i, m := range mask {
		diff := 0
		for c := range 3 {
			diff = max(diff, abs(int(src.Pix[i*3+c])-int(img.Pix[i*3+c])))
		}
		if m != (diff > 0) || (m && diff <= MinDiff) {
			t.Fatalf("pixel %d: mask %v, difference %d", i, m, diff)
		}
		if m {
			changed++
		}
	}
	return changed
}

func TestMakeMaskIsExactAndSourceKept(t *testing.T) {
	sizes := [][2]int{{1, 1}, {1, 7}, {9, 1}, {2, 2}, {5, 3}, {31, 33}, {32, 32}, {64, 200}, {257, 129}}
	for _, s := range sizes {
		for name, src := range map[string]*imaging.RGB{
			"scene": scene(s[0], s[1]), "black": constant(s[0], s[1], 0), "white": constant(s[0], s[1], 255),
			"grey": constant(s[0], s[1], 127),
		} {
			t.Run(fmt.Sprintf("%s %dx%d", name, s[0], s[1]), func(t *testing.T) {
				keep := slices.Clone(src.Pix)
				for seed := range uint64(40) {
					img, mask, kind := Make(src, seed)
					n := requireExactMask(t, src, img, mask)
					assert.Positive(t, n, "seed %d", seed)
					assert.Contains(t, kindNames(), kind)
				}
				assert.Equal(t, keep, src.Pix, "Make must not change its source")
			})
		}
	}
}

func kindNames() (names []string) {
	for _, k := range kindTable {
		names = append(names, k.name)
	}
	return names
}

func TestMakeWithoutPixels(t *testing.T) {
	for name, src := range map[string]*imaging.RGB{
		"nil": nil, "empty": {}, "no height": {W: 4}, "short": {W: 4, H: 4, Pix: make([]uint8, 5)}, "negative": {W: -1, H: -1},
	} {
		t.Run(name, func(t *testing.T) {
			img, mask, kind := Make(src, 1)
			require.NotNil(t, img)
			assert.Empty(t, kind)
			assert.NotContains(t, mask, true)
			if src != nil {
				assert.Equal(t, src.Pix, img.Pix)
			}
		})
	}
}

func TestMakeSpansKindsAndSizes(t *testing.T) {
	src := scene(256, 256)
	kinds := map[string]int{}
	var areas, contrast []int
	for seed := range uint64(300) {
		img, mask, kind := Make(src, seed)
		kinds[kind]++
		areas = append(areas, requireExactMask(t, src, img, mask))
		sum := 0
		for i, v := range img.Pix {
			sum += abs(int(v) - int(src.Pix[i]))
		}
		contrast = append(contrast, sum/3/areas[len(areas)-1])
	}
	for _, k := range kindNames() {
		assert.Greater(t, kinds[k], 20, "kind %s", k)
	}
	slices.Sort(areas)
	slices.Sort(contrast)
	t.Logf("kinds %v; area 10%% %d, median %d, 90%% %d; contrast 10%% %d, median %d", kinds, areas[30], areas[150], areas[270], contrast[30], contrast[150])
	assert.Less(t, areas[30], 256*256/300, "small defects must be there")
	assert.Greater(t, areas[270], 256*256/50, "large defects must be there")
	assert.Less(t, areas[299], 256*256/3, "no defect takes over the image")
	assert.Less(t, contrast[30], 16, "faint defects must be there")
}

func TestMakeKeepsGrayImagesGray(t *testing.T) {
	src := grayed(scene(96, 64))
	for seed := range uint64(60) {
		img, _, kind := Make(src, seed)
		assert.True(t, isGray(img), "seed %d, %s", seed, kind)
	}
	assert.False(t, isGray(scene(96, 64)))
}

func TestPlacerPrefersStructure(t *testing.T) {
	src := constant(128, 128, 60)
	for y := 32; y < 64; y++ {
		for x := 64; x < 96; x++ {
			src.Pix[(y*128+x)*3+1] = uint8(60 + 90*((x+y)%2))
		}
	}
	p, g, inside := newPlacer(src), &rng{state: 5}, 0
	for range 1000 {
		x, y := p.pick(g)
		require.True(t, x >= 0 && x < 128 && y >= 0 && y < 128)
		if x >= 56 && x < 104 && y >= 24 && y < 72 {
			inside++
		}
	}
	// Half go to the textured square, and of the rest the window around it gets its share of the area, 14 %.
	assert.InDelta(t, 570, inside, 60)
}

// checksums hashes images and masks of many seeds and shapes; one wrong bit anywhere changes its line.
func checksums() string {
	var b strings.Builder
	for _, s := range [][2]int{{32, 32}, {100, 75}, {256, 256}} {
		for _, name := range []string{"scene", "gray"} {
			src := scene(s[0], s[1])
			if name == "gray" {
				src = grayed(src)
			}
			for seed := range uint64(24) {
				img, mask, kind := Make(src, seed)
				h := sha256.New()
				h.Write(img.Pix)
				for _, m := range mask {
					h.Write([]byte{map[bool]byte{true: 1}[m]})
				}
				fmt.Fprintf(&b, "%s %dx%d seed %d %s %s\n", name, s[0], s[1], seed, kind, hex.EncodeToString(h.Sum(nil)[:8]))
			}
		}
	}
	return b.String()
}

func TestMakeMatchesGolden(t *testing.T) {
	const path = "testdata/checksums.txt"
	got := checksums()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "rewrite with: go test ./core/pseudo -run Golden -update")
}

func TestISqrt(t *testing.T) {
	g := &rng{state: 3}
	for i := range 2000 {
		v := int64(i)
		if i >= 1000 {
			v = int64(g.next() >> (2 + g.intn(60)))
		}
		r := isqrt(v)
		assert.LessOrEqual(t, r*r, v)
		assert.Greater(t, uint64(r+1)*uint64(r+1), uint64(v))
	}
}

func TestPerlinRangeAndMean(t *testing.T) {
	sum, worst := 0, 0
	for y := range 300 {
		for x := range 300 {
			n := perlin(x*37, y*37, 11)
			sum += n
			worst = max(worst, abs(n))
		}
	}
	assert.LessOrEqual(t, worst, 200)
	assert.Greater(t, worst, 100)
	assert.Less(t, math.Abs(float64(sum)/90000), 8.0)
}

func BenchmarkMake(b *testing.B) {
	src := scene(256, 256)
	seed := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		Make(src, seed)
		seed++
	}
}
