package report

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/metrics"
)

func TestPage(t *testing.T) {
	m := &imaging.RGB{W: 16, H: 16, Pix: make([]uint8, 16*16*3)}
	mask := make([]bool, 256)
	mask[5*16+5] = true
	p := &Page{Title: "a <b>", Notes: []string{"n & m"}, Header: []string{"data"}, Rows: [][]string{{"<script>alert(1)</script>"}}, Sets: []Set{{
		Name: "set", Of: "of x",
		Curves: []Curve{{Name: "c</text>", Points: []metrics.Point{{FPR: 0, TPR: 0}, {FPR: 0, TPR: 0.5}, {FPR: 1, TPR: 1}}}},
		Scores: []Scores{{Name: "s", Good: []float32{1, 2, 2}, Bad: []float32{3}, Limit: 2.5}, {Name: "none"}, {Name: "one", Good: []float32{4}}},
		Worst:  []Picture{{Caption: "one \"q\"", Image: m, Mask: mask, Map: []float32{0, 1, 2, 3}, MapW: 2, MapH: 2}, {Caption: "lost", Map: []float32{0}, MapW: 1, MapH: 1}},
	}}}
	var b strings.Builder
	require.NoError(t, Write(&b, p))
	html := b.String()
	assert.NotContains(t, html, "<script>")
	assert.NotContains(t, html, "ZgotmplZ")
	assert.NotContains(t, html, "c</text>")
	assert.NotContains(t, html, "NaN")
	assert.Contains(t, html, `M44.0 332.0L44.0 172.0L364.0 12.0`, "the curve in the units of the view box")
	assert.Equal(t, 3, strings.Count(html, "data:image/png;base64,"), "a picture and two maps")
	assert.Contains(t, html, "The 2 images that are most wrong, of x")
	require.NoError(t, Write(&b, &Page{}))
}

// TestHistogramByHand: scores 1, 2, 2 and 3 in 40 bins of 0.05: the bars of the good ones are at the left end and in the middle.
func TestHistogramByHand(t *testing.T) {
	svg := histogram(Scores{Good: []float32{1, 2, 2}, Bad: []float32{3}})
	assert.Equal(t, 3, strings.Count(svg, "<rect"))
	assert.Contains(t, svg, `<rect x="10.0" y="66.0" width="7.0" height="58.0" fill="#0072b2"/>`, "one of two: half as high")
	assert.Contains(t, svg, `<rect x="170.0" y="8.0" width="7.0" height="116.0" fill="#0072b2"/>`)
	assert.Contains(t, svg, `<rect x="322.0" y="124.0" width="7.0" height="116.0" fill="#d55e00"/>`)
}

func TestColours(t *testing.T) {
	m := coloured([]float32{0, 1, 0.25, float32(math.NaN())}, 2, 2, 0, 1)
	for i, want := range []int{0, 4, 1} {
		assert.Equal(t, ramp[want], m.At(i%2, i/2))
	}
	assert.NotPanics(t, func() { coloured([]float32{3, 3}, 2, 1, 3, 3) })
}
