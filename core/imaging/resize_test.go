package imaging

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func random(w, h int, seed uint64) *RGB {
	r := rand.New(rand.NewPCG(seed, 1))
	m := NewRGB(w, h)
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

// triangle is the filter's definition in real numbers: height at distance d, half width s.
func triangle(d, s float64) float64 { return max(0, 1-max(d, -d)/s) }

func TestFilterIsTheTriangle(t *testing.T) {
	sizes := []int{1, 2, 3, 5, 7, 16, 31, 32, 33, 100, 255, 256, 257, 1000, 2048, 16384}
	for _, in := range sizes {
		for _, out := range sizes {
			if in*out > 1<<22 {
				continue
			}
			scale := float64(in) / float64(out)
			for i, tp := range filter(in, out) {
				require.GreaterOrEqual(t, tp.start, 0)
				require.LessOrEqual(t, tp.start+len(tp.weights), in)
				centre, sum, total := (float64(i)+0.5)*scale, 0.0, uint32(0)
				for x := range in {
					sum += triangle(float64(x)+0.5-centre, max(scale, 1))
				}
				inside := 0.0
				for k, w := range tp.weights {
					want := triangle(float64(tp.start+k)+0.5-centre, max(scale, 1)) / sum
					inside += want
					total += w
					if d := float64(w) - want*weightOne; d > 1.001 || d < -1.001 {
						t.Fatalf("in %d out %d pixel %d tap %d: weight %d, want %.3f", in, out, i, k, w, want*weightOne)
					}
				}
				require.Equal(t, uint32(weightOne), total, "in %d out %d pixel %d", in, out, i)
				require.InDelta(t, 1, inside, 1e-9, "in %d out %d pixel %d: taps missing", in, out, i)
			}
		}
	}
}

func TestResizeKeepsConstants(t *testing.T) {
	for _, v := range []uint8{0, 1, 127, 254, 255} {
		src := NewRGB(75, 41)
		for i := range src.Pix {
			src.Pix[i] = v
		}
		for _, s := range [][2]int{{32, 32}, {1, 1}, {200, 96}, {75, 40}} {
			for i, got := range Resize(src, s[0], s[1]).Pix {
				require.Equal(t, v, got, "sample %d of %v", i, s)
			}
		}
	}
}

func TestResizeSameSizeIsACopy(t *testing.T) {
	src := random(9, 4, 3)
	got := Resize(src, 9, 4)
	assert.Equal(t, src, got)
	got.Pix[0]++
	assert.NotEqual(t, src.Pix[0], got.Pix[0])
}

func TestResizePanicsOnSize(t *testing.T) {
	assert.Panics(t, func() { Resize(NewRGB(1, 1), 0, 1) })
	assert.Panics(t, func() { Resize(NewRGB(0, 0), 1, 1) })
}

// The digests pin the exact bits on every platform; they change only with the format version.
func TestResizeBits(t *testing.T) {
	tests := []struct {
		w, h int
		want string
	}{
		{256, 256, "bed50b493e5f08c0"},
		{32, 64, "6c91a61006acaf67"},
		{640, 96, "27cef3516ef70b78"},
	}
	src := random(513, 387, 11)
	for _, tt := range tests {
		sum := sha256.Sum256(Resize(src, tt.w, tt.h).Pix)
		assert.Equal(t, tt.want, hex.EncodeToString(sum[:8]), "%d x %d", tt.w, tt.h)
	}
}
