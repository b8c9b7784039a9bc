package engine_test

import (
	"testing"

	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
)

func TestTiersGiveTheSameBits(t *testing.T) {
	for _, k := range engine.Tiers()[1:] {
		t.Run(k.Name(), func(t *testing.T) { enginetest.RunAll(t, k) })
	}
}
