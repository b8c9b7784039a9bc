package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

// TestFeaturesThatAreGone: another tab has deleted the part, or discarded the draft, while it was taught. Images that are at hand are computed again, once, and learned.
func TestFeaturesThatAreGone(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	v.Teach()
	stale := protocol.Error{Code: protocol.CodeStale}
	v.NotFitted(v.lastFit, stale)
	assert.Nil(t, v.problem)
	require.Len(t, b.computes, 12)
	answer(v, b)
	require.Len(t, b.fits, 2)
	v.NotFitted(v.lastFit, stale)
	require.NotNil(t, v.problem, "this device keeps nothing")
	assert.False(t, v.Busy())
	v.Teach()
	require.Len(t, b.fits, 3)
	require.True(t, v.Fitted(v.lastFit, fitResult(6, 0)))
	assert.Nil(t, v.problem)
}
