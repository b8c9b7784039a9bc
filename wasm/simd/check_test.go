package simd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

// wrong is a tier with a fault.
type wrong struct {
	engine.Kernels
	search, wide bool
}

func (w wrong) Name() string { return "wrong" }

func (w wrong) NewConv(c *engine.Conv) (engine.ConvKernel, error) {
	k := *c
	switch wide := c.Weight16 != nil; {
	case w.search || w.wide != wide:
	case wide:
		k.Weight16 = append([]int16{c.Weight16[0] / 2}, c.Weight16[1:]...)
	default:
		k.Weight = append([]int8{c.Weight[0] / 2}, c.Weight[1:]...)
	}
	return w.Kernels.NewConv(&k)
}

func (w wrong) NewSearch(d int) (engine.Search, error) {
	s, err := w.Kernels.NewSearch(d)
	if w.search {
		s.Append(make([]int8, d))
	}
	return s, err
}

// TestWrongTiersAreLeftOut: one wrong weight, or one row too many, is found.
func TestWrongTiersAreLeftOut(t *testing.T) {
	good := engine.Generic()
	tiers, err := right([]engine.Kernels{wrong{good, false, false}, wrong{good, false, true}, good, wrong{good, true, false}}, engine.Ref())
	require.ErrorContains(t, err, "tier wrong is not used")
	assert.Equal(t, []engine.Kernels{good}, tiers)

	tiers, err = right([]engine.Kernels{good}, engine.Ref())
	require.NoError(t, err)
	assert.Len(t, tiers, 1)
}

// TestNothingIsAskedOfModulesThatTheyCannotHold: they check nothing.
func TestNothingIsAskedOfModulesThatTheyCannotHold(t *testing.T) {
	plane := func(n, at, row, col int) func() {
		return func() { first(&engine.Plane{Data: make([]uint8, n), At: at, Row: row, Col: col}, 2, 3, 4) }
	}
	assert.NotPanics(t, plane(20, 1, 9, 3))
	for _, short := range []func(){plane(19, 1, 9, 3), plane(20, 2, 9, 3), plane(20, 1, 10, 3), plane(20, 1, 9, 4), plane(20, 10, -9, 3), plane(20, 10, 3, -3)} {
		assert.Panics(t, short)
	}
	for _, d := range []int{0, -1, maxRow + 1} {
		_, err := newRows(d, kernels.SearchDotOf(kernels.Int16))
		assert.Error(t, err, d)
	}
}
