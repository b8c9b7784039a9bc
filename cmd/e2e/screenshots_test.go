//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxPicture is what a picture of the README may have.
const maxPicture = 150 << 10

// TestScreenshots writes the pictures of the README into the folder DOCS: make screenshots. What they show follows from the built-in part, its samples
// and rendered brackets.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("DOCS")
	if dir == "" {
		t.Skip("NOT RUN: pictures are made by make screenshots")
	}
	good, bad := brackets(t, 30, 6)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.click("#samples")
	p.waitFor(finished + ` >= 10 && !document.querySelector("#items .working, #items .waiting")`)
	p.press("1") // NG only
	p.waitFor(`document.querySelector(".facts .verdict.ng") && document.querySelector(".picture").dataset.shown && document.querySelector("#heat").width > 1`)
	p.picture(dir, "page", "")
	p.picture(dir, "limits", ".threshold")

	p.show("teach")
	p.teachPart("Bracket", good)
	p.upload("#teach-bad", bad...)
	p.waitFor(`document.querySelector("#teach-stale")`)
	p.click("#teach-refit")
	p.waitFor(`document.querySelector("#teach-recall") && !document.querySelector("#teach-stale")`)
	p.str(`document.querySelector("#teach-result").scrollIntoView()`)
	p.picture(dir, "teach", "")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded") && !document.querySelector("#items .working, #items .waiting")`)

	p.show("history")
	p.waitFor(`document.querySelector("#sum")`)
	p.picture(dir, "history", "")
	p.show("models")
	p.waitFor(`document.querySelector(".models article[data-part=Bracket]")`)
	p.picture(dir, "models", "")

	k := kiosk(t, station(t, "null"), desktop)
	k.click("#kiosk-menu")
	k.waitFor(`document.querySelector("#kiosk-settings").open`)
	k.click("#kiosk-folder")
	k.waitFor(`document.querySelector("#kiosk-watching")`)
	k.put("a", 8)
	k.waitFor(counted + ` === 8`)
	k.click("#kiosk-close")
	k.waitFor(`!document.querySelector("#kiosk-settings").open`)
	k.picture(dir, "kiosk", "")
	assert.Empty(t, p.problemList()+k.problemList())
}

// picture writes what is shown, or the element of a selector, as a JPEG file.
func (p *tab) picture(dir, name, css string) {
	p.t.Helper()
	p.str(`document.activeElement.blur()`)
	time.Sleep(500 * time.Millisecond) // transitions
	quality := int64(82)
	params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatJpeg, Quality: &quality}
	if css != "" {
		box, err := chromedp.Run(p.ctx, chromedp.Evaluate[page.Viewport](`(() => { const e = document.querySelector("`+css+`"); e.scrollIntoView({block: "center"});
			const r = e.getBoundingClientRect(); return {x: r.x + scrollX - 8, y: r.y + scrollY - 8, width: r.width + 16, height: r.height + 16, scale: 1}; })()`))
		require.NoError(p.t, err)
		params.Clip = &box
	}
	res, err := chromedp.Call(p.ctx, page.CaptureScreenshot, params)
	require.NoError(p.t, err)
	require.Less(p.t, len(res.Data), maxPicture, name)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".jpg"), res.Data, 0o644))
}
