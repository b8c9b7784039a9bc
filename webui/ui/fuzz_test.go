package ui

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRegion: a region that a worker or a model file writes is drawn, or is none.
func FuzzRegion(f *testing.F) {
	f.Add("AAEB", uint8(3), uint8(8))
	f.Add("/////w==", uint8(8), uint8(4))
	f.Fuzz(func(t *testing.T, text string, w, h uint8) {
		m := ParseRegion(text)
		if len(m) != int(w)*int(h) {
			return
		}
		path := RegionBorder(m, int(w), int(h), func(x, y int) (float64, float64) { return float64(x), float64(y) })
		require.Empty(t, strings.Trim(path, "ML0123456789 "), path)
	})
}

// FuzzViewID: any address of the page leads to a view that exists.
func FuzzViewID(f *testing.F) {
	f.Add("#/history")
	f.Add("#/../kiosk")
	f.Add("#/%00<script>")
	f.Fuzz(func(t *testing.T, hash string) {
		p, _ := judgedPage(t)
		p.Show(ViewID(hash))
		require.NotEmpty(t, p.View().ID)
	})
}
