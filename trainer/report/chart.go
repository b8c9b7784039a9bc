package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The colours are told apart by readers with the common colour deficiencies (Okabe and Ito 2008).
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a800"}

// Sizes of the charts.
const (
	side   = 320.0 // of the ROC chart's square
	margin = 44.0
	wide   = 320.0 // of a histogram
	tall   = 120.0
	bins   = 40
)

// rocChart draws ROC curves as SVG.
func rocChart(curves []Curve) string {
	var b strings.Builder
	width := side + margin + 230
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" width="%g" role="img" aria-label="ROC curves">`, width, side+2*margin, width)
	x := func(v float64) float64 { return margin + v*side }
	y := func(v float64) float64 { return 12 + (1-v)*side }
	fmt.Fprintf(&b, `<path class="axis" d="M%g %gV%gH%g"/><path class="axis" stroke-dasharray="3 4" d="M%g %gL%g %g"/>`, x(0), y(1), y(0), x(1), x(0), y(0), x(1), y(1))
	for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">%g</text><text x="%g" y="%g" text-anchor="end">%g</text>`, x(v), y(0)+16, v, x(0)-6, y(v)+4, v)
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">good images called defective</text>`, x(0.5), y(0)+34)
	fmt.Fprintf(&b, `<text transform="translate(12 %g) rotate(-90)" text-anchor="middle">defective images found</text>`, y(0.5))
	for i, c := range curves {
		colour := colours[i%len(colours)]
		fmt.Fprintf(&b, `<path fill="none" stroke="%s" stroke-width="1.6" d="`, colour)
		for j, p := range c.Points {
			cmd := "L"
			if j == 0 {
				cmd = "M"
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", cmd, x(p.FPR), y(p.TPR))
		}
		fmt.Fprintf(&b, `"/><path stroke="%s" stroke-width="3" d="M%g %gh18"/><text x="%g" y="%g">%s</text>`, colour, x(1)+14, y(1)+8+18*float64(i), x(1)+38,
			y(1)+12+18*float64(i), html.EscapeString(c.Name))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// histogram draws the scores of good images upwards in blue, those of defective ones downwards in orange, and the limit.
func histogram(s Scores) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, list := range [][]float32{s.Good, s.Bad} {
		for _, v := range list {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	if !(high > low) {
		low, high = low-1, low+1
	}
	if math.IsInf(low, 0) || math.IsNaN(low) { // no scores
		low, high = 0, 1
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" width="%g" role="img" aria-label="Histogram of image scores">`, wide+20, 2*tall+34, wide+20)
	at := func(v float64) float64 { return 10 + (v-low)/(high-low)*wide }
	middle := tall + 4
	for k, list := range [][]float32{s.Good, s.Bad} {
		var count [bins]int
		top := 1
		for _, v := range list {
			i := min(bins-1, max(0, int((float64(v)-low)/(high-low)*bins)))
			count[i]++
			top = max(top, count[i])
		}
		for i, n := range count {
			if n == 0 {
				continue
			}
			h := max(1, float64(n)/float64(top)*(tall-4))
			y := middle - h
			if k == 1 {
				y = middle
			}
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, at(low+(high-low)*float64(i)/bins), y, wide/bins-1, h, colours[k])
		}
	}
	fmt.Fprintf(&b, `<path class="axis" d="M10 %gh%g"/>`, middle, wide)
	if s.Limit > 0 {
		fmt.Fprintf(&b, `<path class="axis" stroke-dasharray="4 3" d="M%.1f 4V%g"/>`, min(max(at(float64(s.Limit)), 10), 10+wide), 2*tall)
	}
	for _, v := range []float64{low, high} {
		anchor := "start"
		if v == high {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="%s">%.4g</text>`, at(v), 2*tall+26, anchor, v)
	}
	b.WriteString(`</svg>`)
	return b.String()
}
