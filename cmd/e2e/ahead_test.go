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

// watchOpening counts, in globalThis.most, how many files of an archive were opened at most that no worker had yet.
const watchOpening = `(() => {
	globalThis.most = globalThis.opened = 0;
	globalThis.DecompressionStream = class extends DecompressionStream { constructor(...args) { super(...args); most = Math.max(most, ++opened); } };
	for (const w of workers) {
		const post = w.postMessage;
		w.postMessage = function (m, ...rest) { if (m.op === "features") opened--; return post.call(this, m, ...rest); };
	}
})()`

// TestTeachFromAnArchive opens its images when their turn comes, and not all of them at once, which may be gigabytes.
func TestTeachFromAnArchive(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t, siteDir(t)), desktop)
	sample, err := os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))
	require.NoError(t, err)
	files := map[string][]byte{}
	const n = 24
	for i := range n {
		files[fmt.Sprintf("good/%d%s", i, filepath.Ext(firstSample(t)))] = append(sample[:len(sample):len(sample)], byte(i)) // behind the end of the picture, so that none is the same file
	}
	p.show("teach")
	p.str(watchOpening)
	p.drag(true, writer(t)("parts.zip", deflated(t, files)))
	p.waitFor(fmt.Sprintf(`document.querySelectorAll(".shot:not(.waiting)").length === %d`, n))
	workers, err := strconv.Atoi(p.str(`workers.length`))
	require.NoError(t, err)
	most, err := strconv.Atoi(p.str(`most`))
	require.NoError(t, err)
	assert.LessOrEqual(t, most, 2*workers)
	assert.NotZero(t, most)
}
