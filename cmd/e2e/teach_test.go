//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/synth"
)

// brackets writes n rendered brackets, good ones and then defective ones.
func brackets(t *testing.T, n, defects int) (good, bad []string) {
	t.Helper()
	write := writer(t)
	for i := range n {
		jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Kind: "bracket"}, i), 90)
		require.NoError(t, err)
		good = append(good, write(fmt.Sprintf("good-%03d.jpg", i), jpg))
	}
	for i := range defects {
		img, _, _ := synth.Defect(synth.Options{Kind: "bracket"}, i)
		jpg, err := synth.EncodeJPEG(img, 90)
		require.NoError(t, err)
		bad = append(bad, write(fmt.Sprintf("defect-%03d.jpg", i), jpg))
	}
	return good, bad
}

// realImages lists n training images of a shared data set.
func realImages(t *testing.T, set string, n int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("../../../shared/data", set, "train/good/*"))
	require.NoError(t, err)
	if len(paths) < n {
		t.Skipf("SKIPPED, NOT TESTED: the images of %s are not here", set)
	}
	slices.Sort(paths)
	return paths[:n]
}

// nativeHead is the head that `anomnet teach` makes from files.
func nativeHead(t *testing.T, part string, files []string) []byte {
	t.Helper()
	raw, _ := modelFiles(t, siteDir(t))
	f, err := model.Decode(raw)
	require.NoError(t, err)
	pre := imaging.Preprocess{Width: 256, Height: 256, Mode: imaging.Stretch}
	course, err := teach.NewSession(f.Backbone, pre)
	require.NoError(t, err)
	maker, err := teach.NewFeaturizer(f.Backbone, pre, nil)
	require.NoError(t, err)
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		x, err := maker.File(filepath.Base(path), data)
		require.NoError(t, err)
		require.NoError(t, course.Add(x))
	}
	out, err := course.Fit(t.Context(), teach.FitOptions{Part: part, FalseRejectRate: 0.01}, nil)
	require.NoError(t, err)
	return out.File
}

// fill types into a field as a person's keyboard does.
func (p *tab) fill(css, text string) {
	p.t.Helper()
	p.str(`(() => { const f = document.querySelector(` + strconv.Quote(css) + `); f.value = ` + strconv.Quote(text) +
		`; f.dispatchEvent(new Event("input", {bubbles: true})); })()`)
}

// upload gives files to one of the page's file inputs.
func (p *tab) upload(css string, files ...string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS(css), files)))
}

// show goes to a view by its link.
func (p *tab) show(view string) {
	p.t.Helper()
	p.click(`nav.views a[href="#/` + view + `"]`)
	p.waitFor(`document.querySelector("main").dataset.view === "` + view + `"`)
}

// storedFile reads a file that the page keeps, in hex.
func (p *tab) storedHead() string {
	p.t.Helper()
	hex, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => {
		const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
		let last;
		for await (const h of dir.values()) { const f = await h.getFile(); if (!last || f.lastModified >= last.lastModified) last = f; }
		return [...new Uint8Array(await last.arrayBuffer())].map((b) => b.toString(16).padStart(2, "0")).join("");
	})()`, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
	return hex
}

// teachPart teaches from files to the result and returns how long that took from the drop on.
func (p *tab) teachPart(name string, files []string) time.Duration {
	p.t.Helper()
	p.fill("#teach-name", name)
	start := time.Now()
	p.choose(files...)
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled`)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result, #teach-problem")`)
	took := time.Since(start)
	require.Equal(p.t, "null", p.str(`document.querySelector("#teach-problem")?.textContent ?? null`))
	return took
}

// TestTeachInThePage is the whole way: drop good images, teach, save, inspect with the part, correct it, go back, and find all after a reload.
func TestTeachInThePage(t *testing.T) {
	good, bad := brackets(t, 20, 4)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.shot("teach-empty-1280-light")
	took := p.teachPart("Bracket", good)
	t.Logf("20 images of 512 x 512 taught in %v", took)
	p.upload("#teach-bad", bad...)
	p.waitFor(`document.querySelector("#teach-stale")`)
	p.click("#teach-refit")
	p.waitFor(`document.querySelector("#teach-recall") && !document.querySelector("#teach-stale")`)
	for name, l := range looks() {
		p.look(l)
		p.shot("teach-result-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	native := nativeHead(t, "Bracket", good)
	assert.True(t, fmt.Sprintf("%x", native) == p.storedHead(), "the page's head is that of anomnet teach, byte for byte")

	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.choose(append([]string{good[0]}, bad...)...)
	p.results(5)
	p.requireClean()
}

func looks() map[string]look {
	return map[string]look{
		"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
		"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true},
	}
}

