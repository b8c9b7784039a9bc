//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTiers opens the page with each kernel tier: it shows the tier, and the scores have the same bits.
func TestTiers(t *testing.T) {
	srv := serve(t, siteDir(t))
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	var bits []string
	for _, c := range []struct{ query, tier string }{{"", "relaxed"}, {"?tier=relaxed", "relaxed"}, {"?tier=simd128", "simd128"}, {"?tier=generic", "generic"}} {
		p := blank(t, srv, desktop)
		require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/"+c.query)))
		p.waitFor(`document.documentElement.dataset.state === "ready"`)
		p.waitFor(`document.body.textContent.includes(": ` + c.tier + `")`)
		p.choose(sample)
		r := p.results(1)[0]
		require.NotEmpty(t, r.RawBits, r.Error)
		bits = append(bits, r.RawBits)
		assert.Equal(t, bits[0], r.RawBits, c.tier)
		assert.Empty(t, p.problemList())
	}
}

// TestUnknownTier is refused, not replaced.
func TestUnknownTier(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := blank(t, srv, desktop)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/?tier=magic")))
	p.waitFor(`document.documentElement.dataset.state === "failed"`)
}
