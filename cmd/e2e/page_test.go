//go:build e2e

package e2e

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/tiff"

	"anomnet/core/inspect"
)

// TestSamples does what a first visit does, and looks at every view.
func TestSamples(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.waitFor(`document.querySelector("#samples")`)
	p.shot("welcome-light")
	p.click("#samples")
	var index []struct{ File, Label string }
	raw, err := os.ReadFile(filepath.Join(siteDir(t), "samples", "index.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &index))
	res := p.results(len(index))
	require.Len(t, res, len(index))
	assert.Equal(t, "items", p.str(`document.activeElement.id`), "the focus is not lost with the button")

	native := inspector(t, siteDir(t))
	for i, r := range res {
		assert.Equal(t, index[i].File, r.Name)
		data, err := os.ReadFile(filepath.Join(siteDir(t), "samples", r.Name))
		require.NoError(t, err)
		want, err := native.Inspect(data)
		require.NoError(t, err)
		assert.Equal(t, rawBits(want), r.RawBits, r.Name)
		assert.Equal(t, string(want.Verdict), r.Verdict, r.Name)
	}
	p.waitFor(`document.querySelector(".picture").dataset.shown && document.querySelector("#heat").width > 1`)
	for name, l := range map[string]look{
		"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
		"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true},
		"640-light": {width: 640, height: 400}, "640-dark": {width: 640, height: 400, dark: true},
	} {
		p.look(l)
		p.shot("samples-" + name)
		assert.Empty(t, p.str(unseen), "out of sight at "+name)
		assert.Equal(t, strconv.FormatInt(l.width, 10), p.str(`document.documentElement.scrollWidth`), "nothing is wider than the window at "+name)
	}
	p.look(desktop)
	p.press("1")
	p.waitFor(`document.querySelector(".facts .verdict.ng")`)
	p.shot("ng-1280-light")
	p.requireClean()
	assert.Contains(t, p.str(`document.querySelector(".requests .term").textContent`), "0 requests")
}

// unseen lists what belongs to the answer and does not lie inside the window before anybody scrolls.
const unseen = `[".verdict", ".verdict .mark", ".verdict .word", ".verdict .relative", ".picture"].filter((css) => {
	scrollTo(0, 0);
	const r = document.querySelector(css).getBoundingClientRect();
	return r.width < 20 || r.height < 10 || r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight;
}).join(", ")`

// TestBrokenFiles drops files that cannot be inspected among one that can.
func TestBrokenFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		f := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(f, data, 0o644))
		return f
	}
	good, err := os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))
	require.NoError(t, err)
	pic := pngOf(t, 64, 48)
	files := []string{
		write("empty.png", nil), write("text.png", []byte("this is not an image, it only has the name of one")),
		write("cut.png", pic[:len(pic)*2/3]), write("huge.png", hugePNG()), write("good.jpg", good), write("shown-by-us-only.tiff", tiffOf(t)),
	}
	for name, data := range hostile() {
		files = slices.Insert(files, 1, write(name, data))
	}
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.drag(false, files...)
	p.waitFor(`document.querySelector(".dropping")`)
	p.shot("drop")
	p.drag(true, files...)
	res := p.results(len(files))
	got := map[string]string{}
	for _, r := range res {
		got[r.Name] = r.Error
	}
	assert.Equal(t, map[string]string{"bomb.png": "corrupt", "chunk.png": "corrupt", "moving.webp": "unsupported", "moving.gif": "unsupported",
		"twelve.jpg": "unsupported", "empty.png": "empty", "text.png": "not_image", "cut.png": "corrupt", "huge.png": "too_large",
		"good.jpg": "", "shown-by-us-only.tiff": ""}, got)
	assert.Equal(t, "null", p.str(`document.querySelector(".dropping")`))

	p.click(`#items [data-name="empty.png"]`)
	p.waitFor(`document.querySelector(".viewer .failure")?.textContent.includes("This file is empty")`)
	p.shot("broken-1280-light")
	p.look(look{width: 390, height: 844, dark: true, mobile: true})
	p.shot("broken-390-dark")
	p.look(desktop)

	p.press("\ue010") // no key: must do nothing
	for range len(files) - 1 {
		p.press("j")
	}
	p.waitFor(`document.querySelector("[aria-selected=true]").dataset.name === "shown-by-us-only.tiff"`)
	p.waitFor(`document.querySelector(".note")?.textContent.includes("cannot show")`)
	p.shot("tiff-1280-light")
	p.requireClean()
}

// TestKeysAndLanguage walks through the list by keyboard and changes the language.
func TestKeysAndLanguage(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample)
	p.results(3)
	p.toFirst(3)
	selected := `[...document.querySelectorAll("#items [role=option]")].findIndex((e) => e.ariaSelected === "true")`
	for _, step := range []struct {
		key  string
		want string
	}{{"j", "1"}, {"J", "2"}, {"j", "2"}, {"k", "1"}, {"k", "0"}, {"k", "0"}} {
		p.press(step.key)
		p.waitFor(selected + ` === ` + step.want)
	}
	p.waitFor(`document.querySelector("[role=status]").textContent.includes("limit")`)
	p.press("m")
	p.waitFor(`!document.querySelector("#map-on").checked && document.querySelector("#heat").style.opacity === "0"`)
	p.press("m")
	p.waitFor(`document.querySelector("#map-on").checked && document.querySelector("#heat").style.opacity !== "0"`)

	key := func(typ, init string) {
		p.str("document.body.dispatchEvent(new KeyboardEvent(\"" + typ + "\", {key: \"b\", bubbles: true, cancelable: true" + init + "}))")
	}
	key("keydown", "")
	p.waitFor(`document.querySelector("#heat").style.opacity === "0"`)
	key("keyup", ", ctrlKey: true")
	p.waitFor(`document.querySelector("#heat").style.opacity !== "0"`)

	p.look(look{width: 640, height: 400})
	p.str(`(document.activeElement.blur(), scrollTo(0, 0))`)
	p.press(kb.ArrowDown)
	p.waitFor(`scrollY > 0`)
	p.waitFor(selected + ` === 0`)
	p.str(`document.querySelector("#items").focus()`)
	p.press(kb.ArrowDown)
	p.waitFor(selected + ` === 1`)
	p.look(desktop)

	require.Equal(t, "en", p.str(`document.documentElement.lang`))
	p.str(`(() => { const s = document.querySelector(".language"); s.value = "de"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`document.documentElement.lang === "de" && document.querySelector("#clear").textContent === "Leeren"`)
	p.shot("german")
	p.click("#clear")
	p.waitFor(`document.querySelector("#samples")`)
	assert.Equal(t, "samples", p.str(`document.activeElement.id`))
	p.requireClean()
}

// TestExplanations shows that every number in the tables of Inspect explains itself to the keyboard, and all explanations within the window at every size.
func TestExplanations(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.look(look{width: 390, height: 844, mobile: true})
	p.shot("welcome-390-light")
	p.look(look{width: 390, height: 844, dark: true, mobile: true})
	p.shot("welcome-390-dark")
	p.look(desktop)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
	for name, l := range map[string]look{"1280": desktop, "640": {width: 640, height: 400}, "390": {width: 390, height: 844, mobile: true}} {
		p.look(l)
		bad := p.str(`(() => {
			const bad = [];
			for (const term of document.querySelectorAll(".term")) {
				if (!term.checkVisibility()) continue; // the engine has no room on a telephone
				term.focus();
				const tip = document.getElementById(term.getAttribute("aria-describedby"));
				const r = tip.getBoundingClientRect();
				if (getComputedStyle(tip).display === "none" || !tip.textContent || r.left < 0 || r.right > innerWidth || r.top < 0 || r.bottom > innerHeight || r.width < 60)
					bad.push(tip.id + " " + JSON.stringify(r));
			}
			for (const row of document.querySelectorAll("main .row"))
				if (!row.querySelector("dt .term")) bad.push("no explanation: " + row.textContent);
			return bad.join("; ");
		})()`)
		assert.Empty(t, bad, "at %s", name)
		assert.Equal(t, strconv.FormatInt(l.width, 10), p.str(`document.documentElement.scrollWidth`), "at %s", name)
		p.shot("tip-" + name)
	}
	p.requireClean()
}

// TestCancel drops many images and cancels: what was finished stays, the rest goes.
func TestCancel(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	files := make([]string, 200) // many: a busy machine may finish dozens before it clicks
	for i := range files {
		files[i] = sample
	}
	p.choose(files...)
	p.waitFor(finished + ` >= 2`) // results would walk the list meanwhile
	p.shot("progress-1280-light")
	p.click("#cancel")
	p.waitFor(`!document.querySelector("#cancel")`)
	p.waitFor(`!document.querySelector("#items .working, #items .waiting")`)
	n, err := strconv.Atoi(p.str(finished))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, n, 2)
	assert.Less(t, n, len(files))
	p.choose(sample)
	assert.Len(t, p.results(n+1), n+1, "it goes on after a cancel")
	p.requireClean()
}

// TestBadModel serves a head with one changed byte: the page must say so and not inspect.
func TestBadModel(t *testing.T) {
	backbone, head := modelFiles(t, siteDir(t))
	head[len(head)/2] ^= 1
	srv := serve(t, siteWithModel(t, backbone, head))
	p := load(t, srv, desktop)
	p.waitFor(`document.documentElement.dataset.state === "failed"`)
	p.waitFor(`document.querySelector(".failure[role=alert]")`)
	assert.Contains(t, p.str(`document.querySelector(".failure").textContent`), "damaged")
	p.shot("bad-model")
}

// TestOldBrowser takes away what old browsers lack: the page says what it is, and not that a file could not be loaded.
func TestOldBrowser(t *testing.T) {
	t.Parallel()
	srv := serve(t, siteDir(t))
	for lacks, script := range map[string]string{
		"WebAssembly":                              `delete globalThis.WebAssembly`,
		"WebAssembly.compileStreaming":             `delete WebAssembly.compileStreaming`,
		"WebAssembly: CompileError: invalid value": `WebAssembly.Module = function () { throw new WebAssembly.CompileError("invalid value"); }`,
		"modules in workers":                       `{ const W = Worker; globalThis.Worker = function (url) { return new W(url); }; }`,
	} {
		p := open(t, srv, desktop)
		call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		p.navigate()
		p.waitFor(`document.documentElement.dataset.state === "failed"`)
		assert.Equal(t, "AnomNet could not start", p.str(`document.querySelector(".shell h1").textContent`))
		assert.Contains(t, p.str(`document.querySelector(".shell p").textContent`), "This browser lacks something")
		assert.Equal(t, lacks, p.str(`document.querySelector(".shell pre").textContent`))
	}
}

// TestCrash lets the worker fail during a job: that image fails, another worker does the rest.
func TestCrash(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample, sample, sample, sample)
	p.waitFor(`document.querySelector("#items .working")`)
	p.str(`workers[0].dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true}))`)
	var crashed, fine int
	for _, r := range p.results(6) {
		switch {
		case r.Error == "crashed":
			crashed++
		case r.Verdict != "":
			fine++
		}
	}
	assert.Equal(t, 1, crashed)
	assert.Equal(t, 5, fine)
	p.waitFor(`!document.querySelector("#cancel")`)
}

// TestVanishedFile deletes a file between its choice and its turn.
func TestVanishedFile(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	gone := writer(t)("gone.png", pngOf(t, 64, 48))
	// The file vanishes between choosing and reading, which no timing decides: an input of ours holds it until it is gone.
	p.str(`document.body.append(Object.assign(document.createElement("input"), {type: "file", multiple: true, id: "held"}))`)
	p.upload("#held", sample, sample, sample, gone, sample)
	require.NoError(t, os.Remove(gone))
	p.str(`(() => { const held = document.querySelector("#held"), own = document.querySelector("input[type=file]:not(#held)");
		own.files = held.files; held.remove(); own.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	res := p.results(5)
	assert.Equal(t, "unreadable", res[3].Error)
	for _, i := range []int{0, 1, 2, 4} {
		assert.Empty(t, res[i].Error)
	}
	p.requireClean()
}

// inspector scores natively with the site's own model.
func inspector(t *testing.T, dir string) *inspect.Inspector {
	t.Helper()
	backbone, head := modelFiles(t, dir)
	in, err := inspect.Open([][]byte{backbone, head}, nil)
	require.NoError(t, err)
	return in
}

// modelFiles reads the model files that the site's index names.
func modelFiles(t *testing.T, dir string) (backbone, head []byte) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "models", "index.json"))
	require.NoError(t, err)
	var ix struct{ Backbone, Head string }
	require.NoError(t, json.Unmarshal(raw, &ix))
	backbone, err = os.ReadFile(filepath.Join(dir, "models", ix.Backbone))
	require.NoError(t, err)
	head, err = os.ReadFile(filepath.Join(dir, "models", ix.Head))
	require.NoError(t, err)
	return backbone, head
}

func firstSample(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(siteDir(t), "samples", "index.json"))
	require.NoError(t, err)
	var index []struct{ File string }
	require.NoError(t, json.Unmarshal(raw, &index))
	require.NotEmpty(t, index)
	return index[0].File
}

func testImage(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x * y) & 255), 255})
		}
	}
	return m
}

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, testImage(w, h)))
	return b.Bytes()
}

func tiffOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tiff.Encode(&b, testImage(160, 120), nil))
	return b.Bytes()
}

// hostile are files that ask for more than they are, or are of a kind that is not read: 64 MB of pixels behind a picture of 10 x 10, a chunk of
// 2 GB, animations, a JPEG of 12 bits.
func hostile() map[string][]byte {
	chunk := func(kind string, claim int, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(claim))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	png := func(w, h byte, rest ...[]byte) []byte {
		b := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", 13, []byte{0, 0, 0, w, 0, 0, 0, h, 8, 0, 0, 0, 0})...)
		return append(append(b, bytes.Join(rest, nil)...), chunk("IEND", 0, nil)...)
	}
	var zeros bytes.Buffer
	w := zlib.NewWriter(&zeros)
	_, _ = w.Write(make([]byte, 64<<20)) // into memory: nothing can fail
	_ = w.Close()
	return map[string][]byte{
		"bomb.png": png(10, 10, chunk("IDAT", zeros.Len(), zeros.Bytes())), "chunk.png": png(10, 10, chunk("IDAT", 1<<31-1, []byte("x"))),
		"moving.webp": append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), make([]byte, 6)...),
		"moving.gif":  []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"),
		"twelve.jpg":  {0xff, 0xd8, 0xff, 0xc1, 0, 11, 12, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8},
	}
}

// hugePNG is a header that promises 30,000 x 30,000 pixels and nothing more.
func hugePNG() []byte {
	ihdr := append([]byte("IHDR"), 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, ihdr...)
	sum := crc32.ChecksumIEEE(ihdr)
	return append(b, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// rawBits is a native score as the page writes it.
func rawBits(r *inspect.Result) string {
	return strconv.FormatUint(uint64(math.Float32bits(r.Raw)), 10)
}
