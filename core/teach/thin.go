package teach

import (
	"cmp"
	"math"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/engine"
)

// Of each copy of a picture, the patches kept are those that resemble the picture and the copies kept so far least: half by patch vectors as
// they are, half by vectors of one length. All of them would take eight to sixteen times the memory; centres of the others would lie beside
// centres that the picture itself gives.
const (
	keptEach  = 128 // of either kind, of each copy
	thinWidth = 64  // length of the projections that are compared
)

// thinner chooses the patches of copies. It is for one picture.
type thinner struct {
	patches, channels int
	by                []thinnerBy // raw, L2
}

type thinnerBy struct {
	embedder *detect.Embedder
	search   engine.Search
	e        []int8
	d2       []int32
}

// newThinner starts with the patch vectors x of the picture.
func newThinner(k engine.Kernels, projection []float32, x []uint8, channels int) (*thinner, error) {
	t := &thinner{patches: len(x) / channels, channels: channels}
	var sample []uint8
	for p := 0; p < t.patches; p += thinSample {
		sample = append(sample, x[p*channels:(p+1)*channels]...)
	}
	width := len(projection) / channels
	for _, l2 := range []bool{false, true} {
		a := quantizeProjection(projection, channels, l2, sample)
		em, err := detect.NewEmbedder(&a, k)
		if err != nil {
			return nil, err
		}
		search, err := k.NewSearch(width)
		if err != nil {
			return nil, err
		}
		b := thinnerBy{em, search, make([]int8, t.patches*width), make([]int32, t.patches)}
		b.embedder.Embed(x, t.patches, b.e)
		for p := range t.patches {
			search.Append(b.e[p*width : (p+1)*width])
		}
		t.by = append(t.by, b)
	}
	return t, nil
}

// thinSample is the stride of the patches from which the scale of a projection is set.
const thinSample = 17

// thin returns the places of the patches of a copy, x, that are kept, ascending, and counts them to what is known.
func (t *thinner) thin(x []uint8) []uint16 {
	kept := map[uint16]bool{}
	for _, b := range t.by {
		width := len(b.e) / t.patches
		b.embedder.Embed(x, t.patches, b.e)
		for i := range b.d2 {
			b.d2[i] = math.MaxInt32
		}
		b.search.Nearest(b.e, t.patches, 0, b.d2)
		order := make([]uint16, t.patches)
		for i := range order {
			order[i] = uint16(i)
		}
		slices.SortFunc(order, func(p, q uint16) int { return cmp.Or(cmp.Compare(b.d2[q], b.d2[p]), cmp.Compare(p, q)) })
		for _, p := range order[:min(keptEach, len(order))] {
			kept[p] = true
			b.search.Append(b.e[int(p)*width : (int(p)+1)*width])
		}
	}
	out := make([]uint16, 0, len(kept))
	for p := range kept {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}
