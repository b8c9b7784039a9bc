//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestThousandsInAFolder drops a folder of 5,000 files that are no images, so that the page is busy with files and nothing else: it must
// stay alive.
func TestThousandsInAFolder(t *testing.T) {
	const n = 5000
	root := filepath.Join(t.TempDir(), "crowd")
	for i := range n {
		dir := filepath.Join(root, fmt.Sprint("box ", i/500))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.png", i)), []byte("no image"), 0o644))
	}
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => { globalThis.longest = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) longest = Math.max(longest, e.duration); }).observe({type: "longtask"}); })()`)
	p.drag(true, root)
	p.waitFor(`document.querySelector(".notice")?.textContent.includes("5,000 images from crowd")`)
	longest, err := strconv.ParseFloat(p.str(`longest`), 64)
	require.NoError(t, err)
	t.Logf("longest task %.0f ms while a folder of %d files was looked through", longest, n)
	assert.Less(t, longest, 1000.0, "309 ms on two cores under a load of 27")
	p.waitFor(`document.querySelector(".filters").textContent.includes("5000")`)
	p.requireClean()
}
