//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/synth"
)

// tinySize is the working size of the part that is taught here; the site's own has another.
const tinySize = 96

// taught returns the file of a head for rendered brackets, taught on the site's backbone.
func taught(t *testing.T) []byte {
	t.Helper()
	return taughtIn(t, imaging.Stretch)
}

func taughtIn(t *testing.T, mode imaging.Mode) []byte {
	t.Helper()
	raw, _ := modelFiles(t, siteDir(t))
	f, err := model.Decode(raw)
	require.NoError(t, err)
	pre := imaging.Preprocess{Width: tinySize, Height: tinySize, Mode: mode}
	src := teach.Source{Len: 8, Image: func(i int) (*imaging.RGB, error) {
		return imaging.Prepare(synth.Good(synth.Options{Kind: "bracket", Size: tinySize}, i), pre)
	}}
	set, err := teach.Collect(t.Context(), f.Backbone, pre, src, nil)
	require.NoError(t, err)
	head, _, err := set.Fit(t.Context(), teach.FitOptions{Part: "Bracket", Centroids: 64, Embedding: 32, Norm: teach.NormRaw}, nil)
	require.NoError(t, err)
	data, err := model.Encode(&model.File{Head: head})
	require.NoError(t, err)
	return data
}

// exampleParts are the worked example of docs as one file, and its head alone, which fits no other backbone.
func exampleParts(t *testing.T) (both, head []byte) {
	t.Helper()
	both, err := os.ReadFile("../../docs/example/full.anomnet")
	require.NoError(t, err)
	f, err := model.Decode(both)
	require.NoError(t, err)
	head, err = model.Encode(&model.File{Head: f.Head})
	require.NoError(t, err)
	return both, head
}

// nativeBits scores a file as the page writes it.
func nativeBits(t *testing.T, path string, models ...[]byte) string {
	t.Helper()
	in, err := inspect.Open(models, nil)
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	res, err := in.Inspect(data)
	require.NoError(t, err)
	return rawBits(res)
}

func writer(t *testing.T) func(name string, data []byte) string {
	dir := t.TempDir()
	return func(name string, data []byte) string {
		t.Helper()
		f := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(f, data, 0o644))
		return f
	}
}

// TestCarryAPart drops a part file among images, goes back and forth, and lets a worker crash.
func TestCarryAPart(t *testing.T) {
	write := writer(t)
	backbone, own := modelFiles(t, siteDir(t))
	head := taught(t)
	jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Kind: "bracket"}, 90), 90)
	require.NoError(t, err)
	bracket := write("bracket.jpg", jpg)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))

	p := open(t, serve(t, siteDir(t)), desktop)
	assert.Contains(t, p.str(`document.querySelector("input[type=file]").accept`), ".anomnet")
	p.choose(washer, washer)
	p.results(2)

	p.drag(true, bracket, write("bracket.bin", head), washer) // known by its content
	p.waitFor(`document.querySelector(".notice.loaded")`)
	res := p.results(2)
	require.Len(t, res, 2, "the images of the other part are put away")
	assert.Equal(t, nativeBits(t, bracket, backbone, head), res[0].RawBits)
	assert.Equal(t, nativeBits(t, washer, backbone, head), res[1].RawBits)
	selected := `document.querySelector(".parts").selectedOptions[0].textContent`
	assert.Equal(t, "Bracket", p.str(selected))
	assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "2 images of")
	p.waitFor(`document.querySelector(".picture").dataset.shown`)
	for name, l := range map[string]look{
		"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
		"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true},
	} {
		p.look(l)
		p.shot("part-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	p.click("#clear")
	p.waitFor(`!document.querySelector("#items")`)
	assert.Equal(t, "null", p.str(`document.querySelector("#samples")`), "samples show the site's part")
	p.shot("part-welcome-1280-light")

	p.click("#back")
	p.waitFor(selected + ` !== "Bracket" && document.querySelector("#items")`)
	res = p.results(2)
	assert.Equal(t, nativeBits(t, washer, backbone, own), res[1].RawBits, "kept")
	p.str(`(() => { const s = document.querySelector(".parts"); s.value = "1"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(selected + ` === "Bracket" && document.querySelector(".notice.loaded")?.textContent.includes("Part Bracket is loaded")`)

	p.str(`workers[0].dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true}))`)
	files := []string{bracket, bracket, bracket, bracket}
	p.choose(files...)
	for _, r := range p.results(len(files)) {
		assert.Equal(t, nativeBits(t, bracket, backbone, head), r.RawBits, "a worker that is started again has the part in use")
	}
	p.click("#dismiss")
	p.waitFor(`!document.querySelector(".notice")`)
	assert.Empty(t, p.problemList())
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests { // a worker that is started again has its script fetched, from the cache or not
		assert.Contains(t, r, ".mjs", r)
	}
}

// TestImagesAfterAPart drops a part that is known only by its slowly read content, and images right after it: they belong to it.
func TestImagesAfterAPart(t *testing.T) {
	backbone, _ := modelFiles(t, siteDir(t))
	head := taught(t)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => {
		const read = Blob.prototype.arrayBuffer;
		Blob.prototype.arrayBuffer = function () { return new Promise((r) => setTimeout(r, 1000)).then(() => read.call(this)); };
	})()`)
	p.choose(writer(t)("bracket.bin", head))
	p.choose(washer)
	res := p.results(1)
	require.Len(t, res, 1)
	assert.Equal(t, nativeBits(t, washer, backbone, head), res[0].RawBits)
	assert.Equal(t, "Bracket", p.str(`document.querySelector(".parts").selectedOptions[0].textContent`))
	p.requireClean()
}

// TestPartWithItsBackbone drops a file that holds both.
func TestPartWithItsBackbone(t *testing.T) {
	both, _ := exampleParts(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(washer, writer(t)("both.anomnet", both))
	res := p.results(1)
	assert.Equal(t, nativeBits(t, washer, both), res[0].RawBits)
	p.requireClean()
}

// TestRefusedParts drops what cannot be loaded: each is named with its reason, and the part in use goes on.
func TestRefusedParts(t *testing.T) {
	write := writer(t)
	backbone, own := modelFiles(t, siteDir(t))
	changed := taught(t)
	changed[len(changed)/2] ^= 1
	_, foreign := exampleParts(t)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))
	want := nativeBits(t, washer, backbone, own)

	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector(".partname strong")`)
	part := p.str(`document.querySelector(".partname strong").textContent`)
	for i, c := range []struct {
		file, says string
		data       []byte
	}{
		{"changed.anomnet", "damaged", changed},
		{"foreign.anomnet", "another backbone", foreign},
		{"text.anomnet", "damaged or not a model", []byte("this only has the name of a part")},
		{"empty.anomnet", "damaged or not a model", nil},
		{"backbone.anomnet", "does not hold exactly one part", backbone},
	} {
		p.drag(true, write(c.file, c.data), washer)
		p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("` + c.file + `")`)
		notice := p.str(`document.querySelector(".notice.refused [role=alert]").textContent`)
		assert.Contains(t, notice, c.says, c.file)
		assert.Contains(t, notice, part+" stays in use")
		res := p.results(i + 1)
		require.Len(t, res, i+1)
		assert.Equal(t, want, res[i].RawBits, "the image of the same drop, beside %s", c.file)
		if i == 0 {
			for name, l := range map[string]look{"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true}, "390-light": {width: 390, height: 844, mobile: true}} {
				p.look(l)
				p.shot("refused-" + name)
			}
			p.look(desktop)
		}
	}
	assert.Equal(t, part, p.str(`document.querySelector(".partname strong").textContent`))
	assert.True(t, strings.HasPrefix(p.str(`document.querySelector(".requests .term").textContent`), "0 requests"))
	p.requireClean()
}

// TestLongPartName loads a part whose name has no break, and goes back from it: nothing may be wider than a telephone.
func TestLongPartName(t *testing.T) {
	f, err := model.Decode(taught(t))
	require.NoError(t, err)
	f.Head.Part = strings.Repeat("Bracket-", 12)
	long, err := model.Encode(f)
	require.NoError(t, err)
	p := open(t, serve(t, siteDir(t)), look{width: 390, height: 844, mobile: true})
	p.drag(true, writer(t)("long.anomnet", long))
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.shot("part-long-390-light")
	assert.Equal(t, "390", p.str(`document.documentElement.scrollWidth`))
	p.click("#back")
	p.waitFor(`document.querySelector("#back")?.textContent.includes("Bracket-")`)
	p.shot("part-long-back-390-light")
	assert.Equal(t, "390", p.str(`document.documentElement.scrollWidth`))
	p.requireClean()
}
