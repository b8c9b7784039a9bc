package simd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
)

// wrong is a tier with a fault.
type wrong struct {
	engine.Kernels
	search bool
}

func (w wrong) Name() string { return "wrong" }

func (w wrong) NewConv(c *engine.Conv) (engine.ConvKernel, error) {
	k := *c
	if !w.search && c.Weight16 == nil {
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
	tiers, err := right([]engine.Kernels{wrong{good, false}, good, wrong{good, true}}, engine.Ref())
	require.ErrorContains(t, err, "tier wrong is not used")
	assert.Equal(t, []engine.Kernels{good}, tiers)

	tiers, err = right([]engine.Kernels{good}, engine.Ref())
	require.NoError(t, err)
	assert.Len(t, tiers, 1)
}
