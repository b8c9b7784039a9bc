package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// TestBackboneOfADraft: unfinished teaching goes on with its backbone, a new part begins with the site's.
func TestBackboneOfADraft(t *testing.T) {
	v, b, _ := newView(t)
	v.Resume(store.Draft{ID: "d9", Backbone: "old", Shape: v.Shape, Good: []store.Shot{{Key: "k1"}}})
	v.Take(sources(0, 1))
	assert.Equal(t, "old", b.backbones[0])
	v.Clear()
	v.Take(sources(1, 1))
	assert.Equal(t, "bb", b.backbones[1])
}

// TestBackboneThatIsGone: when the backbone of unfinished teaching is not on this device, the images are computed anew with the site's, and those that
// are not at hand say that they must be given again.
func TestBackboneThatIsGone(t *testing.T) {
	for _, when := range []string{"computing", "fitting"} {
		v, b, _ := newView(t)
		v.Resume(store.Draft{ID: "d9", Backbone: "gone", Shape: v.Shape, Good: []store.Shot{{Key: "k1", Name: "early.png"}}})
		v.Take(sources(0, 2))
		require.Equal(t, []string{"gone", "gone"}, b.backbones)
		stale := protocol.Error{Code: protocol.CodeStale}
		old := b.computes[0]
		if when == "computing" {
			v.NotComputed(old, stale)
		} else {
			for i, id := range b.computes {
				v.Computed(id, protocol.FeaturesResult{SHA256: string(rune('a' + i))}, v.Shape, false)
			}
			v.NotFitted(v.lastFit, stale)
		}
		require.Equal(t, []string{"gone", "gone", "bb", "bb"}, b.backbones, when)
		require.NotNil(t, v.problem)
		assert.Equal(t, protocol.CodeStale, v.problem.Code)
		assert.Equal(t, Failed, v.shots[0].State)
		if when == "computing" {
			v.NotComputed(b.computes[1], stale) // late, of the other backbone
		}
		for i, id := range b.computes[2:] {
			v.Computed(id, protocol.FeaturesResult{SHA256: string(rune('x' + i))}, v.Shape, false)
		}
		assert.False(t, v.Computing(), when)
		assert.Len(t, v.pick(false), 2)
		assert.Equal(t, "bb", b.drafts[len(b.drafts)-1].Backbone)
		v.NotComputed(b.computes[3], stale)
		assert.Len(t, b.backbones, 4, "only once")
	}
}

// TestFeaturesOfAnotherVersion: what is stored of images was made by an older program. With the site's own backbone, too, the images of this visit are computed anew, once.
func TestFeaturesOfAnotherVersion(t *testing.T) {
	v, b, _ := newView(t)
	v.Resume(store.Draft{ID: "d9", Backbone: "bb", Shape: v.Shape, Good: []store.Shot{{Key: "k1", Name: "early.png"}}})
	v.Take(sources(0, 1))
	v.Computed(b.computes[0], protocol.FeaturesResult{SHA256: "a"}, v.Shape, false)
	v.NotFitted(v.lastFit, protocol.Error{Code: protocol.CodeStale})
	assert.Equal(t, Failed, v.shots[0].State)
	require.Equal(t, []string{"bb", "bb"}, b.backbones)
	v.Computed(b.computes[1], protocol.FeaturesResult{SHA256: "a"}, v.Shape, false)
	assert.Len(t, v.pick(false), 1)
	v.NotFitted(v.lastFit, protocol.Error{Code: protocol.CodeStale})
	assert.Len(t, b.backbones, 2, "only once")
}
