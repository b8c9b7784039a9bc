//go:build js && wasm

package simd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
)

// TestTiersGiveTheSameBits runs the exactness suite over every tier of this build.
func TestTiersGiveTheSameBits(t *testing.T) {
	require.NotEmpty(t, Tiers(), "the program was started without kernel modules, see testdata/exec.mjs")
	for _, k := range append(engine.Tiers()[1:], Tiers()...) {
		t.Run(k.Name(), func(t *testing.T) { enginetest.RunAll(t, k) })
	}
}
