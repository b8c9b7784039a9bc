package ui

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/roi"
)

func TestRegionBorder(t *testing.T) {
	at := func(x, y int) (float64, float64) { return float64(10 * x), float64(y) }
	m := roi.Mask{0, 1, 1, 0, 1, 0}
	assert.Equal(t, "M10 0L30 0M20 1L30 1M10 2L20 2M10 0L10 2M20 1L20 2M30 0L30 1", RegionBorder(m, 3, 2, at))
	assert.Empty(t, RegionBorder(make(roi.Mask, 6), 3, 2, at))
}

// TestRegionOfThePart: regions above the limit lie inside of it, and it is outlined and told.
func TestRegionOfThePart(t *testing.T) {
	p, _ := spotted(t)
	v := newView(t, p)
	assert.Empty(t, find(v.tree(), "class", "roi"))
	about := &About{Page: p}
	without := len(about.Rows())
	it := p.Selected()
	assert.Len(t, p.Found(it).Regions, 2)
	m := roi.Polygon(roi.Rectangle(roi.Point{X: 0, Y: 2}, roi.Point{X: 3, Y: 4}), 4, 4, 4, 4)
	p.Part.ROI = m.String()
	p.Look.found = findings{}
	require.Len(t, p.Found(it).Regions, 1)
	assert.GreaterOrEqual(t, p.Found(it).Regions[0].Top, 200)
	assert.Equal(t, "M0 200L300 200M0 400L300 400M0 200L0 400M300 200L300 400", attrOf(find(v.tree(), "class", "roi")[0], "d"))
	assert.Contains(t, text(v.tree()), "of 6 patches")
	rows := about.Rows()
	assert.Len(t, rows, without+1)
	assert.Equal(t, "37 % of the image", rows[without].Value)
	assert.Equal(t, "whole image", p.RegionText(nil))
	assert.Equal(t, "1 % of the image", p.RegionText(append(make(roi.Mask, 999), 1)), "not nothing")

	it.Result.MapW = 2
	assert.Nil(t, p.Region(&it.Result), "a result of another part")
	p.Part.ROI = "?"
	assert.Nil(t, p.Region(&it.Result))
}
