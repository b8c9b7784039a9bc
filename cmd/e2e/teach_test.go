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
	root, err := filepath.Abs("../../../shared/data") // a browser wants whole paths
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(root, set, "train/good/*"))
	require.NoError(t, err)
	if len(paths) < n {
		t.Skipf("SKIPPED, NOT TESTED: the images of %s are not here", set)
	}
	slices.Sort(paths)
	return paths[:n]
}

// nativeCourse is a session as that of `anomnet teach` with files.
func nativeCourse(t *testing.T, files []string) (*teach.Session, *teach.Featurizer) {
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
		addFile(t, course, maker, path)
	}
	return course, maker
}

func addFile(t *testing.T, course *teach.Session, maker *teach.Featurizer, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	x, err := maker.File(filepath.Base(path), data)
	require.NoError(t, err)
	require.NoError(t, course.Add(x))
}

// nativeHead is the head that `anomnet teach` makes from files.
func nativeHead(t *testing.T, part string, files []string) []byte {
	t.Helper()
	course, _ := nativeCourse(t, files)
	out, err := course.Fit(t.Context(), teach.FitOptions{Part: part, FalseRejectRate: 0.01}, nil)
	require.NoError(t, err)
	return out.File
}

// fill types into a field as a person's keyboard does.
func (p *tab) fill(css, text string) {
	p.t.Helper()
	p.waitFor(`document.querySelector(` + strconv.Quote(css) + `)`)
	p.str(`(() => { const f = document.querySelector(` + strconv.Quote(css) + `); f.value = ` + strconv.Quote(text) +
		`; f.dispatchEvent(new Event("input", {bubbles: true})); })()`)
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
	t.Parallel()
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
	fresh := filepath.Join(t.TempDir(), "fresh.jpg")
	jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Kind: "bracket"}, 70), 90)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(fresh, jpg, 0o644))
	p.choose(append([]string{fresh}, bad...)...)
	before := p.results(5)
	p.requireClean()

	p.click(`#items [data-name="fresh.jpg"]`)
	start := time.Now()
	p.press("g")
	p.waitFor(`document.querySelector("#correct-said")?.textContent.includes("v2")`)
	t.Logf("refit after one click in %v", time.Since(start))
	p.waitFor(`document.querySelectorAll("#items .working, #items .waiting").length === 0`)
	after := p.results(5)
	assert.NotEqual(t, before[0].RawBits, after[0].RawBits, "the images are inspected again")
	assert.Contains(t, p.str(`document.querySelector("#correct-recall").textContent`), "of 4")
	p.shot("correct-1280-light")
	assert.True(t, fmt.Sprintf("%x", nativeChild(t, "Bracket", good, fresh)) == p.storedHead(), "the refitted head is that of a native session")
	p.click("#correct-undo")
	p.waitFor(`document.querySelector("#correct-said")?.textContent.includes("v1 is in use again")`)
	p.waitFor(`document.querySelectorAll("#items .working, #items .waiting").length === 0`)
	assert.Equal(t, before, p.results(5), "one click back")
	p.requireClean()

	p.show("models")
	p.click("#compare-go")
	p.waitFor(`document.querySelectorAll("#compare-table tbody tr").length === 5 && !document.querySelector(".models .running")`)
	for name, l := range looks() {
		p.look(l)
		p.shot("models-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	p.requireClean()

	p.reload()
	p.waitFor(`document.querySelector(".models article[data-part=Bracket]")`)
	assert.Contains(t, p.str(`document.querySelector(".models .part-line").textContent`), "v1")
	p.waitFor(`document.querySelector(".parts").selectedOptions[0].textContent === "Bracket"`) // the part of the last visit
	p.show("inspect")
	p.choose(fresh)
	assert.Equal(t, before[0].RawBits, p.results(1)[0].RawBits, "after a reload")

	p.renameAndDelete()
	assert.Equal(t, "taught Bracket 1 20, taught Bracket 2 21, deleted Angle", p.changes())
	assert.Empty(t, p.problemList())
}

// changes are the entries of the history that tell what was taught and deleted.
func (p *tab) changes() string {
	p.t.Helper()
	p.str(`(() => { globalThis.told = async () => { globalThis.changes = (await anomnet.history.range(1, 1e6)).map((l) => JSON.parse(l)).filter((e) => /taught|deleted/.test(e.kind))
		.map((e) => [e.kind, e.payload.part, e.payload.version, e.payload.images].join(" ").trim()).join(", "); }; })()`)
	p.waitFor(`told() && globalThis.changes?.includes("deleted")`)
	return p.str(`changes`)
}

// renameAndDelete changes the name of the only part, and deletes it: nothing of it is left.
func (p *tab) renameAndDelete() {
	t := p.t
	t.Helper()
	p.show("models")
	p.click(".rename")
	p.fill(".rename-field", "Angle")
	p.click(".rename-ok")
	p.waitFor(`document.querySelector(".models article[data-part=Angle]")`)
	p.waitFor(`document.querySelector(".parts").selectedOptions[0].textContent === "Angle"`)
	p.click(".models .delete")
	p.waitFor(`document.querySelector(".ask")`)
	p.shot("models-delete-1280-light")
	p.click(".delete-yes")
	p.waitFor(`!document.querySelector(".models article[data-part]")`)
	assert.Equal(t, "0", p.async(`(async () => { let n = 0; for (const f of ["models", "features"]) {
		const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle(f); for await (const _ of dir.keys()) n++; } return String(n); })()`), "no file is left")
}

// nativeChild is the head of a session that learned one image more.
func nativeChild(t *testing.T, part string, files []string, more string) []byte {
	t.Helper()
	course, maker := nativeCourse(t, files)
	first, err := course.Fit(t.Context(), teach.FitOptions{Part: part, FalseRejectRate: 0.01}, nil)
	require.NoError(t, err)
	course.Keep(first)
	addFile(t, course, maker, more)
	out, err := course.Fit(t.Context(), teach.FitOptions{Part: part, FalseRejectRate: 0.01}, nil)
	require.NoError(t, err)
	return out.File
}

// async evaluates a promise.
func (p *tab) async(js string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](js, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, js)
	return s
}

func looks() map[string]look {
	return map[string]look{
		"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
		"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true},
	}
}

// TestUnfinishedTeachingGoesOn gives images, closes the page in the middle and goes on; among the files are a copy and a broken one.
func TestUnfinishedTeachingGoesOn(t *testing.T) {
	good, _ := brackets(t, 7, 0)
	write := writer(t)
	data, err := os.ReadFile(good[0])
	require.NoError(t, err)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.fill("#teach-name", "Bracket")
	p.choose(append([]string{write("copy.jpg", data), write("broken.jpg", data[:len(data)/2]), write("text.png", []byte("no image"))}, good[:3]...)...)
	p.waitFor(`document.querySelectorAll(".shot.failed").length === 2 && !document.querySelector(".shot.waiting")`)
	assert.Contains(t, p.str(`document.querySelector(".advice").textContent`), "1 file was there already")
	assert.Contains(t, p.str(`document.querySelector(".advice").textContent`), "2 files could not be read")
	assert.Equal(t, "true", p.str(`document.querySelector("#teach-start").disabled`), "three are too few")
	p.shot("teach-bad-files-1280-light")

	p.reload()
	p.waitFor(`document.querySelector(".resume-go")`)
	p.shot("teach-resume-1280-light")
	p.click(".resume-go")
	p.waitFor(`document.querySelector("#teach-name").value === "Bracket"`)
	assert.Equal(t, "3 good images.", p.str(`document.querySelector("#teach-count").textContent`))
	p.choose(good[3:]...)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result")`)
	p.waitFor(`document.querySelector("#teach-warning")`)
	assert.Contains(t, p.str(`document.querySelector("#teach-warning").textContent`), "7 images cannot promise 1 %: that takes 99")
	p.click("#teach-odd li .shot-button")
	p.waitFor(`document.querySelector("#teach-refit")`)
	p.click("#teach-refit")
	p.waitFor(`document.querySelector("#teach-result") && !document.querySelector("#teach-refit")`)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.reload()
	p.waitFor(`document.querySelector("#teach-name")`)
	assert.Equal(t, "null", p.str(`document.querySelector(".resume-go")`), "nothing is unfinished")
	assert.Empty(t, p.problemList())
}

// TestStorageFull saves where the device has no room: it says so, keeps nothing half, and works once there is room.
func TestStorageFull(t *testing.T) {
	good, _ := brackets(t, 6, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.str(`(() => { const w = FileSystemFileHandle.prototype.createWritable; globalThis.full = true;
		FileSystemFileHandle.prototype.createWritable = function (...a) {
			if (globalThis.full) throw new DOMException("no room", "QuotaExceededError");
			return w.apply(this, a);
		}; })()`)
	p.teachPart("Bracket", good)
	assert.Contains(t, p.str(`document.querySelector(".advice").textContent`), "no room")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-full")`)
	p.shot("teach-full-1280-light")
	assert.Equal(t, "0", p.async(`(async () => { let n = 0; const root = await navigator.storage.getDirectory();
		const walk = async (d) => { for await (const h of d.values()) h.kind === "file" ? n++ : await walk(h); }; await walk(root); return String(n); })()`))
	p.str(`globalThis.full = false`)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	assert.Empty(t, p.problemList())
}

// TestRealHeadsAreEqual teaches from photographs in the page and natively.
func TestRealHeadsAreEqual(t *testing.T) {
	t.Parallel()
	for _, set := range []string{"fabric", "screw"} {
		t.Run(set, func(t *testing.T) {
			files := realImages(t, set, 20)
			p := open(t, serve(t, siteDir(t)), desktop)
			p.show("teach")
			took := p.teachPart(set, files)
			t.Logf("20 images of %s taught in %v", set, took)
			p.shot("teach-" + set + "-1280-light")
			p.click("#teach-save")
			p.waitFor(`document.querySelector("#teach-saved")`)
			assert.True(t, fmt.Sprintf("%x", nativeHead(t, set, files)) == p.storedHead(), "byte for byte")
			p.requireClean()
		})
	}
}
