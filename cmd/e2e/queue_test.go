//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// holdWorkers keeps workers that are started from now on from running, until release() is called in the page.
const holdWorkers = `(() => {
	const held = [];
	globalThis.Worker = class extends Worker { postMessage(m, ...rest) { if (m.module) held.push(() => super.postMessage(m, ...rest)); else super.postMessage(m, ...rest); } };
	globalThis.release = () => held.splice(0).forEach((f) => f());
})()`

// TestClearWhileNoWorkerRuns clears an image that is not yet with a worker: the next one must be inspected all the same.
func TestClearWhileNoWorkerRuns(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.str(holdWorkers)
	p.str(`workers.forEach((w) => w.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true})))`)
	p.choose(sample)
	p.waitFor(`document.querySelector("#items .working")`)
	p.click("#clear")
	p.waitFor(`!document.querySelector("#items")`)
	p.str(`release()`)
	p.choose(sample)
	assert.NotEmpty(t, p.results(1)[0].Verdict)
}

// TestPictureBelongsToTheName selects an image that the browser cannot show before it was scored: the picture and the map of the
// image before must not stay there under its name.
func TestPictureBelongsToTheName(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample)
	p.results(1)
	p.waitFor(`document.querySelector(".picture").dataset.shown === "1" && document.querySelector("#heat").width > 1`)
	p.str(holdWorkers)
	p.str(`workers.forEach((w) => w.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true})))`)
	p.choose(writer(t)("photo.tiff", tiffOf(t)))
	p.waitFor(`document.querySelector("#item-2")`)
	p.click("#item-2")
	p.waitFor(`!document.querySelector(".picture").dataset.shown && document.querySelector(".picture").width === 1 && document.querySelector("#heat").width === 1`)
	p.str(`release()`)
	p.results(2)
	p.waitFor(`document.querySelector(".picture").dataset.shown === "2" && document.querySelector("#heat").width > 1`)
}

// TestForeignDrop drags a link over the page. Its default would leave the page. The browser's own drag and drop stops in a headless
// browser, so the events are made in the page.
func TestForeignDrop(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => { globalThis.link = new DataTransfer(); link.setData("text/uri-list", location.href + "elsewhere"); })()`)
	for _, kind := range []string{"dragover", "drop"} {
		assert.Equal(t, "false", p.str(`document.body.dispatchEvent(new DragEvent("`+kind+`", {dataTransfer: link, bubbles: true, cancelable: true}))`), kind)
	}
	assert.Equal(t, "null", p.str(`document.querySelector(".dropping, #items")`))
	p.requireClean()
}

// TestFocusAfterCancel presses Cancel, which goes away with the work.
func TestFocusAfterCancel(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(slices.Repeat([]string{sample}, 60)...)
	p.results(1)
	p.str(`document.querySelector("#cancel").focus()`)
	p.press("\r")
	p.waitFor(`!document.querySelector("#cancel")`)
	p.waitFor(`document.activeElement.id === "items"`)
	p.requireClean()
}

// TestPictureComesBeforeThumbnails drops a folder of pictures that are slow to decode.
func TestPictureComesBeforeThumbnails(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	data, err := os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))
	require.NoError(t, err)
	write := writer(t)
	var files []string
	for i := range 100 {
		files = append(files, write(fmt.Sprintf("%03d.jpg", i), data))
	}
	p.str(`(() => {
		const decode = createImageBitmap;
		globalThis.decoded = 0;
		globalThis.createImageBitmap = (...a) => new Promise((r) => setTimeout(r, 200)).then(() => decode(...a)).finally(() => decoded++);
	})()`)
	p.choose(files...)
	p.waitFor(`document.querySelector(".picture")?.dataset.shown`)
	n, err := strconv.Atoi(p.str(`decoded`))
	require.NoError(t, err)
	assert.Less(t, n, len(files)/2, "pictures decoded before the large one was there")
}
