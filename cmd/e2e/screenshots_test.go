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
	for name, take := range map[string]func(*testing.T, string){"inspect": pictureInspect, "teach": pictureTeach, "kiosk": pictureKiosk} {
		t.Run(name, func(t *testing.T) { take(t, dir) })
	}
}

// pictureInspect inspects the samples: the verdict with its map, the history.
func pictureInspect(t *testing.T, dir string) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.click("#samples")
	p.waitFor(finished + ` >= 8 && !document.querySelector("#items .working, #items .waiting")`)
	p.click(`#items [data-name="missing-hole.jpg"]`)
	p.waitFor(`document.querySelector(".facts .verdict.ng") && document.querySelector(".picture").dataset.shown && document.querySelector("#heat").width > 1`)
	p.picture(dir, "page")
	p.show("history")
	p.waitFor(`document.querySelectorAll(".entries tbody tr").length >= 8`)
	p.picture(dir, "history")
	assert.Empty(t, p.problemList())
}

// pictureTeach teaches a bracket, gives defective ones to see what the limit would find, and keeps the part.
func pictureTeach(t *testing.T, dir string) {
	good, bad := brackets(t, 30, 6)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.teachPart("Bracket", good)
	p.upload("#teach-bad", bad...)
	p.waitFor(`document.querySelector("#teach-stale")`)
	p.click("#teach-refit")
	p.waitFor(`document.querySelector("#teach-recall") && !document.querySelector("#teach-stale")`)
	p.str(`document.querySelector("#teach-result").scrollIntoView()`)
	p.picture(dir, "teach")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.show("models")
	p.waitFor(`document.querySelector(".models article[data-part=Bracket]")`)
	p.picture(dir, "models")
	assert.Empty(t, p.problemList())
}

// pictureKiosk lets the kiosk watch a folder.
func pictureKiosk(t *testing.T, dir string) {
	p := kiosk(t, station(t, "null"), desktop)
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-settings").open`)
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.put("a", 8)
	p.waitFor(counted + ` === 8`)
	p.click("#kiosk-close")
	p.waitFor(`!document.querySelector("#kiosk-settings").open`)
	p.picture(dir, "kiosk")
	assert.Empty(t, p.problemList())
}

// picture writes what is shown as a JPEG file.
func (p *tab) picture(dir, name string) {
	p.t.Helper()
	p.str(`document.activeElement.blur()`)
	time.Sleep(500 * time.Millisecond) // transitions
	quality := int64(82)
	params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatJpeg, Quality: &quality}
	res, err := chromedp.Call(p.ctx, page.CaptureScreenshot, params)
	require.NoError(p.t, err)
	require.Less(p.t, len(res.Data), maxPicture, name)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".jpg"), res.Data, 0o644))
}
