package chart

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAxis(t *testing.T) {
	a := Axis{Low: 0, High: 2, From: 10, To: 110}
	for v, x := range map[float64]float64{0: 10, 1: 60, 2: 110, -3: 10, 9: 110} {
		assert.Equal(t, x, a.At(v))
	}
	for x, v := range map[float64]float64{10: 0, 60: 1, 110: 2, 0: 0, 500: 2} {
		assert.Equal(t, v, a.Value(x))
	}
	up := Axis{Low: 0, High: 1, From: 100, To: 0}
	assert.Equal(t, 75.0, up.At(0.25))
	assert.Equal(t, 0.25, up.Value(75))
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		most      int
		want      []float64
	}{
		{0, 2, 5, []float64{0, 0.5, 1, 1.5, 2}}, {0, 1, 5, []float64{0, 0.5, 1}}, {0, 1, 6, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{3, 97, 4, []float64{20, 40, 60, 80}}, {0, 1000, 3, []float64{0, 500, 1000}}, {1, 1, 4, nil}, {0, 1, 0, nil}, {0, math.Inf(1), 4, nil},
	} {
		got := Axis{Low: c.low, High: c.high}.Ticks(c.most)
		assert.InDeltaSlice(t, c.want, got, 1e-9, "%v", c)
		assert.LessOrEqual(t, len(got), max(c.most, 0))
	}
}

func TestBins(t *testing.T) {
	x := Axis{Low: 0, High: 2, From: 0, To: 40}
	y := Axis{From: 100, To: 0}
	b := x.Bins(4)
	assert.Empty(t, b.Area(1, y))
	assert.Empty(t, b.Bars(1, y, 1, nil))
	for _, v := range []float64{-1, 0, 0.49, 0.5, 1.99, 2, 7, math.NaN()} {
		b.Add(v)
	}
	assert.Equal(t, []int{3, 1, 0, 3}, b.N, "what lies beyond counts at the ends")
	assert.Equal(t, 3, b.Top())
	assert.Equal(t, "M0 100L0 0L10 0L10 66.7L20 66.7L20 100zM30 100L30 0L40 0L40 100z", b.Area(3, y))
	assert.Equal(t, "M1 100L1 0L9 0L9 100zM11 100L11 66.7L19 66.7L19 100zM31 100L31 0L39 0L39 100z", b.Bars(3, y, 2, nil))
	more := x.Bins(4)
	more.Add(0.6)
	assert.Equal(t, "M10 66.7L10 33.3L20 33.3L20 66.7z", more.Bars(3, y, 0, b), "stands on the bar below")
	assert.Equal(t, "M10 100L10 99L20 99L20 100z", more.Bars(5000, y, 0, nil), "one of thousands is still seen")
	assert.Equal(t, 1, x.Bins(0).Top())
}

func TestNum(t *testing.T) {
	for v, want := range map[float64]string{0: "0", -0.01: "0", 0.04: "0", 0.05: "0.1", 12: "12", 12.34: "12.3", -3.06: "-3.1", 9.99: "10"} {
		assert.Equal(t, want, Num(v))
	}
}

func TestLoop(t *testing.T) {
	var p Path
	p.Loop(0, nil)
	p.Loop(3, func(i int) (x, y float64) { return float64(i), float64(i * i) })
	assert.Equal(t, "M0 0L1 1L2 4z", p.String())
}
