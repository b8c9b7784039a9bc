package report

import "strconv"

// The histogram's measures, in units of its view box.
const (
	chartWidth  = 600
	chartHeight = 150 // of the bars
	chartLeft   = 10
	chartTop    = 16
	chartMax    = 2.0 // times the limit; scores above are in the last bin
	chartBins   = 40
)

// histogram draws the scores relative to the limit over those of the held-out good images, which are scaled to the same height.
func (p *page) histogram() {
	h := &p.batch.Header
	var ratios, good []float64
	for i := range p.batch.Records {
		if r := &p.batch.Records[i]; r.Err == nil {
			ratios = append(ratios, min(r.Ratio(), chartMax-1e-9))
		}
	}
	for _, s := range p.opt.Calibration {
		good = append(good, min(float64(s)/float64(h.Limit), chartMax-1e-9))
	}
	bars, err := NewHistogram(ratios, 0, chartMax, chartBins)
	if err != nil || len(ratios) == 0 {
		return
	}
	review := float64(h.Review) / float64(h.Limit)
	p.raw("<h2>").text(p.T("report.histogram")).raw(`</h2>` + "\n" + `<svg role="img" viewBox="0 0 620 200" xmlns="http://www.w3.org/2000/svg" aria-label="`)
	p.text(p.T("report.histogram")).raw(`">`)
	if behind, err := NewHistogram(good, 0, chartMax, chartBins); err == nil && len(good) > 0 {
		p.bars(behind, "good", 1)
	}
	p.bars(bars, "bar", 0.6)
	p.line("axis", chartLeft, chartTop+chartHeight, chartLeft+chartWidth, chartTop+chartHeight)
	p.mark("review", review, p.T("report.review"), "end", -3)
	p.mark("limit", 1, p.T("report.limit"), "start", 3)
	for i := range 5 {
		v := float64(i) / 2
		label := p.Number(v, 1)
		if i == 4 {
			label = "≥ " + label
		}
		p.label(chartX(v), chartTop+chartHeight+14, [...]string{"start", "middle", "middle", "middle", "end"}[i], label)
	}
	p.label(chartLeft+chartWidth/2, chartTop+chartHeight+30, "middle", p.T("report.histogram.axis"))
	p.raw("</svg>\n<p>").swatch("bar").text(p.T("report.histogram.batch", "highest", strconv.Itoa(bars.Highest())))
	if len(good) > 0 {
		p.raw("<br>").swatch("good").text(p.T("report.histogram.good", "n", strconv.Itoa(len(good))))
	}
	p.raw("</p>\n")
}

func chartX(ratio float64) float64 { return chartLeft + chartWidth*min(ratio, chartMax)/chartMax }

// bars draws a histogram, its highest bin as high as the chart; wide is how much of a bin a bar fills.
func (p *page) bars(h *Histogram, class string, wide float64) {
	const step = float64(chartWidth) / chartBins
	for i, n := range h.Bins {
		if n == 0 {
			continue
		}
		height := max(float64(chartHeight)*float64(n)/float64(h.Highest()), 1)
		p.raw(`<rect class="` + class + `" x="`).coord(chartLeft + step*(float64(i)+(1-wide)/2)).raw(`" y="`).coord(chartTop + chartHeight - height)
		p.raw(`" width="`).coord(step * wide).raw(`" height="`).coord(height).raw(`"/>`)
	}
}

// mark draws a vertical line with a name beside its top.
func (p *page) mark(class string, ratio float64, name, anchor string, dx float64) {
	x := chartX(ratio)
	p.line(class, x, chartTop-12, x, chartTop+chartHeight)
	p.label(x+dx, chartTop-4, anchor, name)
}

func (p *page) line(class string, x1, y1, x2, y2 float64) {
	p.raw(`<line class="` + class + `" x1="`).coord(x1).raw(`" y1="`).coord(y1).raw(`" x2="`).coord(x2).raw(`" y2="`).coord(y2).raw(`"/>`)
}

func (p *page) label(x, y float64, anchor, s string) {
	p.raw(`<text text-anchor="` + anchor + `" x="`).coord(x).raw(`" y="`).coord(y).raw(`">`).text(s).raw("</text>")
}

func (p *page) swatch(class string) *page {
	return p.raw(`<svg class="swatch" viewBox="0 0 10 7" aria-hidden="true"><rect class="` + class + `" width="10" height="7"/></svg> `)
}

func (p *page) coord(v float64) *page {
	p.out = strconv.AppendFloat(p.out, v, 'f', 2, 64)
	return p
}
