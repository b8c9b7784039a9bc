//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The film: two parts come, lie still and go, one after the other; Chromium shows it again and again.
const (
	filmW, filmH, filmRate = 320, 240, 10
	filmEmpty, filmMove    = 20, 4
	filmStill              = 25 // frames, 2.5 s
)

// film writes the film as Y4M, in grey.
func film(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", filmW, filmH, filmRate)
	noise := uint32(1)
	frame := func(x int, tone byte) {
		b.WriteString("FRAME\n")
		y := make([]byte, filmW*filmH)
		for i := range y {
			noise = noise*1664525 + 1013904223
			y[i] = 110 + byte(noise>>29)
			if px, py := i%filmW, i/filmW; px >= x && px < x+60 && py >= 90 && py < 150 {
				y[i] = tone + byte(noise>>29)
			}
		}
		b.Write(y)
		b.Write(bytes.Repeat([]byte{128}, filmW*filmH/2))
	}
	for _, tone := range []byte{30, 220} {
		for range filmEmpty {
			frame(-100, tone)
		}
		for i := range filmMove {
			frame(i*30, tone)
		}
		for range filmStill {
			frame(130, tone)
		}
		for i := range filmMove {
			frame(160+i*40, tone)
		}
	}
	file := filepath.Join(t.TempDir(), "parts.y4m")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o644))
	return file
}

// TestKioskCamera lets a film take the place of the camera: each part is inspected once, the empty place never. Then the camera is pulled out and comes
// back. The permission comes from the flag that anomnet kiosk gives.
func TestKioskCamera(t *testing.T) {
	t.Parallel()
	p := kiosk(t, station(t, "null"), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film(t)),
		chromedp.Flag("auto-accept-camera-and-microphone-capture", true))
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-camera")`)
	p.click("#kiosk-camera")
	p.waitFor(`document.querySelector("#kiosk-film")?.videoWidth > 0`) // the settings move when the camera opens
	p.click("#kiosk-still")
	p.waitFor(`document.querySelector("#kiosk-still").checked`)
	p.click("#kiosk-close")
	p.shot("kiosk-camera-first-1280-light")
	const shots = `document.querySelectorAll(".kiosk-strip li").length`
	p.waitFor(shots + ` >= 4`)
	p.shot("kiosk-camera-1280-light")
	p.checkGaps()

	p.str(`(() => { const t = document.querySelector("#kiosk-film").srcObject.getVideoTracks()[0]; t.stop(); t.dispatchEvent(new Event("ended")); })()`) // as Chromium does when a camera is pulled out
	p.waitFor(`document.querySelector("#trouble-camera")?.textContent.includes("unplugged")`)
	p.shot("kiosk-unplugged-1280-light")
	assert.Equal(t, "false", p.str(`Boolean(document.querySelector("#kiosk-film"))`))
	p.waitFor(`!document.querySelector("#trouble-camera") && document.querySelector("#kiosk-film")?.videoWidth > 0`) // tried again by itself
	before := p.str(shots)
	p.waitFor(shots + ` > ` + before)
	p.checkGaps()

	p.str(`(window.muted = document.querySelector("#kiosk-film").srcObject.getVideoTracks()[0]).dispatchEvent(new Event("mute"))`) // its last picture stands still
	p.waitFor(`document.querySelector("#trouble-camera")?.textContent.includes("gives no picture")`)
	assert.Equal(t, "false", p.str(`Boolean(document.querySelector("#kiosk-film"))`))
	p.str(`muted.dispatchEvent(new Event("unmute"))`)
	p.waitFor(`!document.querySelector("#trouble-camera") && document.querySelector("#kiosk-film")?.videoWidth > 0`)
	before = p.str(shots)
	p.waitFor(shots + ` > ` + before)

	p.str(`document.activeElement.blur()`)
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-still")`)
	p.click("#kiosk-still") // off: only the pedal takes pictures
	p.click("#kiosk-close")
	p.waitFor(`!document.querySelector("#kiosk-settings").open`)
	before = p.str(shots)
	p.press(" ")
	p.waitFor(shots + ` > ` + before)
	p.requireClean()
}

var takenAt = regexp.MustCompile(`camera-(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.\d{3})\.png`)

// checkGaps: between two parts lies the time that one lies still and the place is empty. A second picture of a part, or one of the empty place, would come
// sooner.
func (p *tab) checkGaps() {
	p.t.Helper()
	var last time.Time
	for _, m := range takenAt.FindAllStringSubmatch(p.str(`[...document.querySelectorAll(".kiosk-strip .hidden")].reverse().map((e) => e.textContent).join()`), -1) {
		at, err := time.Parse("2006-01-02_15-04-05.000", m[1])
		require.NoError(p.t, err)
		if !last.IsZero() {
			assert.Greater(p.t, at.Sub(last).Seconds(), float64(filmStill+filmMove)/filmRate+0.7, "two pictures of one scene")
		}
		last = at
	}
}
