package ui

import (
	"strconv"
	"strings"

	"anomnet/core/roi"
	"anomnet/wasm/protocol"
	"anomnet/webui/chart"
)

// Region is the region of interest of the part in use, on the map of a result; nil when everything is inspected.
func (p *Page) Region(r *protocol.ScoreResult) roi.Mask {
	if m := p.mask(); len(m) == r.MapW*r.MapH {
		return m
	}
	return nil
}

func (p *Page) mask() roi.Mask {
	if p.region.text != p.Part.ROI {
		p.region = region{text: p.Part.ROI, mask: ParseRegion(p.Part.ROI)}
	}
	return p.region.mask
}

// ParseRegion reads a region that a worker has written; what cannot be read is none.
func ParseRegion(text string) roi.Mask {
	m, err := roi.Parse(text)
	if err != nil {
		return nil
	}
	return m
}

// region is LoadResult.ROI, read once.
type region struct {
	text string
	mask roi.Mask
}

// RegionBorder writes the border of a mask on a grid of w x h as a path. at says where the corners of patches are.
func RegionBorder(m roi.Mask, w, h int, at func(x, y int) (px, py float64)) string {
	var b strings.Builder
	in := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && m[y*w+x] != 0 }
	corner := func(cmd byte, x, y int) {
		px, py := at(x, y)
		b.WriteByte(cmd)
		b.WriteString(chart.Num(px) + " " + chart.Num(py))
	}
	// A side is drawn where what lies before it differs from what lies behind it, sides in a row as one line.
	sides := func(lines, n int, differs func(line, i int) bool, draw func(cmd byte, line, i int)) {
		for line := range lines + 1 {
			for i := 0; i < n; i++ {
				if !differs(line, i) {
					continue
				}
				draw('M', line, i)
				for i < n && differs(line, i) {
					i++
				}
				draw('L', line, i)
			}
		}
	}
	sides(h, w, func(y, x int) bool { return in(x, y-1) != in(x, y) }, func(cmd byte, y, x int) { corner(cmd, x, y) })
	sides(w, h, func(x, y int) bool { return in(x-1, y) != in(x, y) }, func(cmd byte, x, y int) { corner(cmd, x, y) })
	return b.String()
}

// Region is the border of the region of interest over the picture, "" when everything is inspected.
func (c *Viewer) Region() string {
	r := c.Item().Result
	m := c.Page.Region(&r)
	if m == nil {
		return ""
	}
	frame := c.Page.frame(r)
	return RegionBorder(m, r.MapW, r.MapH, func(x, y int) (float64, float64) {
		left, top, _, _ := frame.Spot(x, y, r.MapW, r.MapH)
		return left, top
	})
}

// patches is how many patches of a result are inspected.
func (p *Page) patches(r *protocol.ScoreResult) int { return p.Region(r).Count(r.MapW * r.MapH) }

// RegionText says how much a region of interest is of the picture.
func (p *Page) RegionText(m roi.Mask) string {
	if m == nil {
		return p.t("roi.whole")
	}
	return p.t("roi.share", "percent", strconv.Itoa(max(100*m.Count(0)/len(m), 1)))
}
