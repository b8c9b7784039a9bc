//go:build e2e

package e2e

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/model"
)

// TestTaughtAgainAtAnotherSize teaches a part at 256 pixels and at 128: what is learned from then on is learned at 128, and a bad image that was marked at 256 is not in the
// way.
func TestTaughtAgainAtAnotherSize(t *testing.T) {
	t.Parallel()
	good, bad := brackets(t, 7, 1)
	p := open(t, serve(t, siteDir(t)), desktop)
	side := func() int {
		data, err := hex.DecodeString(p.storedHead())
		require.NoError(t, err)
		f, err := model.Decode(data)
		require.NoError(t, err)
		return f.Head.Preprocess.Width
	}
	p.show("teach")
	p.teachPart("Bracket", good[:6])
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	assert.Equal(t, 256, side())
	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.choose(bad...)
	p.results(1)
	p.click("#bad")
	p.waitFor(`document.querySelector("#correct-recall")?.textContent.includes("of 1")`)
	p.show("teach")
	p.str(`(() => { document.querySelector("details.options:not(#roi)").open = true;
		const s = document.querySelector("#teach-side"); s.value = "128"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`document.querySelector("#teach-stale")`)
	p.click("#teach-refit")
	p.waitFor(`document.querySelector("#teach-result") && !document.querySelector("#teach-stale")`)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	assert.Equal(t, 128, side())
	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.choose(good[6])
	p.results(1)
	p.waitFor(`document.querySelector("#good") && !document.querySelector("#good").disabled`)
	p.press("g")
	p.waitFor(`document.querySelector("#correct-said")?.textContent.includes("v3")`)
	assert.Equal(t, 128, side())
	p.show("models")
	p.click(".models .further")
	p.waitFor(`document.querySelector("#teach-count")?.textContent === "7 good images."`)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result, #teach-problem")`)
	assert.Equal(t, "null", p.str(`document.querySelector("#teach-problem")`))
	p.requireClean()
}
