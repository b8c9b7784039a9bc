package ui

import (
	"strconv"

	"anomnet/webui/heat"
)

// The gauge is drawn on a scale of 0 to gaugeMax limits, gaugeWidth units wide.
const (
	gaugeMax   = 2.0
	gaugeWidth = 320.0
)

// gaugeX places a ratio on the gauge, clamped to its ends.
func gaugeX(ratio float64) float64 {
	return gaugeWidth * min(max(ratio, 0), gaugeMax) / gaugeMax
}

// num writes a coordinate.
func num(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// stop is a colour of the legend.
type stop struct{ Offset, Colour string }

// legendStops samples the colour map densely enough that straight lines between the stops follow it.
func legendStops() []stop {
	const n = 16
	out := make([]stop, 0, n+1)
	for i := range n + 1 {
		t := float64(i) / n
		out = append(out, stop{Offset: strconv.FormatFloat(t, 'f', 4, 64), Colour: heat.Hex(t)})
	}
	return out
}

// legendX places the limit on the legend of an item.
func legendX(it *Item) float64 {
	r := it.Result
	return gaugeWidth * heat.Scale{Low: r.MapLow, High: r.MapHigh, Limit: r.Limit}.At(r.Limit)
}
