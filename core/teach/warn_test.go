package teach

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
)

// dark are pictures of another part.
func dark(seed uint64) *imaging.RGB {
	img := tiny.Image(64, 32, seed)
	for i, v := range img.Pix {
		img.Pix[i] = v / 8
	}
	return img
}

// setOf makes a set of pictures.
func setOf(t *testing.T, pictures ...*imaging.RGB) *Set {
	t.Helper()
	src := Source{Len: len(pictures), Image: func(i int) (*imaging.RGB, error) { return pictures[i], nil }}
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, src, &Options{Copies: AugmentNone})
	require.NoError(t, err)
	return set
}

func pictures(n int) (list []*imaging.RGB) {
	for i := range n {
		list = append(list, tiny.Image(64, 32, uint64(i)))
	}
	return list
}

func TestSamePictures(t *testing.T) {
	list := pictures(10)
	assert.Empty(t, setOf(t, list...).same())
	near := &imaging.RGB{W: 64, H: 32, Pix: append([]uint8(nil), list[6].Pix...)}
	near.Pix[0] ^= 2 // as a file that was saved again
	assert.Equal(t, [][2]int{{3, 10}, {6, 11}}, setOf(t, append(list, list[3], near)...).same())
}

func TestTwoParts(t *testing.T) {
	list := pictures(8)
	assert.Empty(t, setOf(t, list...).groups())
	mixed := append([]*imaging.RGB{dark(1), dark(2), dark(3)}, list...)
	assert.Equal(t, [][]int{{3, 4, 5, 6, 7, 8, 9, 10}, {0, 1, 2}}, setOf(t, mixed...).groups())
	assert.Empty(t, setOf(t, append(list, dark(1))...).groups(), "one odd image is no part")
}

// TestOddImageIsFlagged: an image of another part among the good ones has the highest held-out score, and is called odd.
func TestOddImageIsFlagged(t *testing.T) {
	board := imaging.NewRGB(64, 32)
	for i := range board.Pix {
		board.Pix[i] = uint8(i/3/64/4+i/3%64/4) % 2 * 255
	}
	fit := tinyFit
	fit.Centroids = 300
	_, rep, err := setOf(t, append(pictures(20), board)...).Fit(context.Background(), fit, nil)
	require.NoError(t, err)
	assert.Equal(t, 20, rep.Images[rep.LeastNormal(1)[0]])
	assert.Contains(t, rep.Odd, 20)
	assert.Equal(t, 20, rep.Look[0])
	assert.Len(t, rep.Look, flaggedImages)
}

// TestAnotherPartIsOdd: two images of another part in one set, which know each other.
func TestAnotherPartIsOdd(t *testing.T) {
	s := setOf(t, append(pictures(20), dark(1), dark(2))...)
	rep := &Report{Images: []int{0, 1, 2}, Scores: []float32{1, 2, 3}}
	odd, look := rep.odd(s)
	assert.Equal(t, []int{20, 21}, slices.Sorted(slices.Values(look[:2])))
	assert.Subset(t, odd, []int{20, 21})
}

func TestSizes(t *testing.T) {
	s := setOf(t, pictures(6)...)
	assert.Empty(t, s.sizes())
	s.Features[1].Width, s.Features[1].Height = 640, 320
	s.Features[4].Width, s.Features[4].Height = 32, 64
	assert.Equal(t, []int{1, 4}, s.sizes())
}

// TestFoldsKeepRelatedImagesTogether: a copy of a held-out image among the others would make its score 0.
func TestFoldsKeepRelatedImagesTogether(t *testing.T) {
	list := pictures(15)
	list[14] = list[0]
	s := setOf(t, list...)
	assert.Equal(t, s.fold[0], s.fold[14])
	size := map[int]int{}
	for _, f := range s.fold {
		size[f]++
	}
	assert.Len(t, size, folds)
	assert.Equal(t, []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}, assignFolds([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
	assert.Equal(t, []int{0, 1, 2, 3, 0}, assignFolds([]int{0, 1, 2, 3, 0})[:5])
}
