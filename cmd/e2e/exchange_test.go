//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/report"
)

// downloads has the browser put downloads into a folder.
func (p *tab) downloads() string {
	p.t.Helper()
	dir := p.t.TempDir()
	call(p, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
	return dir
}

// downloaded waits for a file whose name ends so, and takes it away.
func (p *tab) downloaded(dir, suffix string) (name string, data []byte) {
	p.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		require.NoError(p.t, err)
		if len(found) == 0 {
			continue
		}
		time.Sleep(100 * time.Millisecond) // the browser renames when it is through
		data, err := os.ReadFile(found[0])
		require.NoError(p.t, err)
		require.NoError(p.t, os.Remove(found[0]))
		return filepath.Base(found[0]), data
	}
	require.Fail(p.t, "no download", "%s; %s", suffix, p.str(`document.querySelector(".notice")?.textContent`))
	return "", nil
}

// TestMainJob goes from the empty page to the exported table, and counts what a person does.
func TestMainJob(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	dir := p.downloads()
	actions := 0
	act := func(css string) { actions++; p.click(css) }
	p.waitFor(`document.querySelector("#samples")`)
	act("#samples")
	p.results(8)
	act("#export-open")
	p.waitFor(`document.querySelector("#export").open && document.querySelector("#export-csv")`)
	p.shot("export-1280-light")
	act("#export-csv")
	name, data := p.downloaded(dir, "results.csv")
	assert.LessOrEqual(t, actions, 6)
	t.Logf("%d actions: %s", actions, name)
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 9)
	assert.Equal(t, report.Columns(), rows[0])
	col := func(row []string, name string) string {
		for i, c := range rows[0] {
			if c == name {
				return row[i]
			}
		}
		return ""
	}
	native := inspector(t, siteDir(t))
	for _, row := range rows[1:] {
		img, err := os.ReadFile(filepath.Join(siteDir(t), "samples", col(row, "path")))
		require.NoError(t, err)
		want, err := native.Inspect(img)
		require.NoError(t, err)
		assert.Equal(t, rawBits(want), col(row, "raw_bits"))
		assert.Equal(t, want.SHA256, col(row, "sha256"))
		assert.Equal(t, string(want.Verdict), col(row, "verdict"))
		assert.Equal(t, native.Info().HeadDigest, col(row, "head_sha256"))
		assert.Contains(t, []string{"good", "defect"}, col(row, "label"))
	}
	p.requireClean()
}

// exportable is a page with nine results, one of them overridden, a failure and a file with a formula for a name.
func exportable(t *testing.T, srv *server) (p *tab, dir, formula string) {
	t.Helper()
	p = open(t, srv, desktop)
	dir = p.downloads()
	write := writer(t)
	formula = write("=1+1.jpg", must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))))
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.choose(formula, write("text.png", []byte("no picture")))
	p.results(10)
	p.str(`document.querySelector(".judge details").open = true`)
	p.click("#judge-ng")
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#judge-reason"), "burr at the edge")))
	p.shot("judge-1280-light")
	p.waitFor(`document.querySelector("#judge-save").ariaDisabled === "false"`)
	p.click("#judge-save")
	p.waitFor(`document.querySelector(".said")`)
	assert.Contains(t, p.str(`document.querySelector(".said").textContent`), "burr at the edge")
	p.shot("judged-1280-light")
	p.str(`document.querySelector("#items").focus()`)
	return p, dir, formula
}

// export opens the dialog by its key and takes a form.
func (p *tab) export(form string, before ...string) {
	p.t.Helper()
	p.press("e")
	p.waitFor(`document.querySelector("#export-` + form + `")`)
	for _, css := range before {
		p.click(css)
	}
	p.click("#export-" + form)
}

// TestExports makes every export.
func TestExports(t *testing.T) {
	p, dir, _ := exportable(t, serve(t, siteDir(t)))
	name := p.str(`document.querySelector(".filename span").textContent`)
	p.export("json")
	_, raw := p.downloaded(dir, "results.json")
	b, err := report.Parse(raw)
	require.NoError(t, err)
	require.Len(t, b.Records, 10)
	assert.Contains(t, b.Header.Software, "anomnet")
	var judged *report.Record
	for i := range b.Records {
		if b.Records[i].Override != nil {
			judged = &b.Records[i]
		}
	}
	require.NotNil(t, judged)
	assert.Equal(t, name, judged.Path)
	assert.Equal(t, "burr at the edge", judged.Override.Reason)

	p.export("csv", "#export-bom")
	_, table := p.downloaded(dir, "results.csv")
	assert.True(t, bytes.HasPrefix(table, []byte("\ufeffpath,")))
	assert.Contains(t, string(table), "\r\n'=1+1.jpg,")

	p.export("report")
	_, html := p.downloaded(dir, "report.html")
	assert.Contains(t, string(html), b.Records[0].SHA256)
	assert.Equal(t, 9, strings.Count(string(html), "data:image/jpeg"), "a small picture of each image with a verdict")

	p.export("pictures")
	_, packed := p.downloaded(dir, "pictures.zip")
	if shots := os.Getenv("SHOTS"); shots != "" {
		require.NoError(t, os.WriteFile(filepath.Join(shots, "report.html"), html, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(shots, "pictures.zip"), packed, 0o644))
	}
	checkPictures(t, packed)
	p.requireClean()
}

// checkPictures reads the archive of annotated pictures with the standard library.
func checkPictures(t *testing.T, packed []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	pictures := 0
	for _, f := range z.File {
		rc, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(rc) // checks the sum
		require.NoError(t, err, f.Name)
		switch {
		case strings.HasSuffix(f.Name, ".png"):
			pictures++
			c, err := png.DecodeConfig(bytes.NewReader(content))
			require.NoError(t, err)
			assert.Greater(t, c.Height, 100, f.Name)
		case f.Name == "results.json":
			inside, err := report.Parse(content)
			require.NoError(t, err)
			assert.Len(t, inside.Records, 10)
		}
	}
	assert.Equal(t, 9, pictures)
}

// TestReviewAgain gives results to a page that has no images, then an image.
func TestReviewAgain(t *testing.T) {
	srv := serve(t, siteDir(t))
	p, dir, formula := exportable(t, srv)
	write := writer(t)
	p.export("json")
	_, raw := p.downloaded(dir, "results.json")
	b, err := report.Parse(raw)
	require.NoError(t, err)

	p = open(t, srv, desktop)
	p.choose(write("results.json", raw))
	res := p.results(10)
	require.Len(t, res, 10)
	for i, r := range res {
		if r.Error == "" {
			assert.Equal(t, string(b.Records[i].Verdict), r.Verdict)
		}
	}
	assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "are not here")
	p.shot("review-1280-light")
	p.choose(formula)
	p.waitFor(`[...document.querySelectorAll("#items [data-name]")].length === 10 && [...document.querySelectorAll("#items [data-name]")].at(-1).dataset.verdict`)
	p.waitFor(`document.querySelectorAll("#items [data-verdict]").length === 9`)
	require.Len(t, p.results(10), 10, "the image took the place of its record")

	p.choose(write("wrong.json", []byte(`{"anomnet_report":1}`)))
	p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("wrong.json")`)
	other := bytes.ReplaceAll(raw, []byte(b.Header.HeadSHA256), []byte(strings.Repeat("ab", 32)))
	p.choose(write("other.json", other))
	p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("Load that part first")`)
	p.requireClean()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// deflated makes an archive as most systems do.
func deflated(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// scored waits for n images that are all copies of the first sample, and checks their scores.
func (p *tab) scored(n int) {
	p.t.Helper()
	backbone, head := modelFiles(p.t, siteDir(p.t))
	want := nativeBits(p.t, filepath.Join(siteDir(p.t), "samples", firstSample(p.t)), backbone, head)
	for _, r := range p.results(n) {
		assert.Equal(p.t, want, r.RawBits, r.Name)
	}
}

// itemNames is an expression for the names in the list.
const itemNames = `JSON.stringify([...document.querySelectorAll("#items [data-name]")].map((e) => e.dataset.name).sort())`

// TestFolders gives a folder, chosen and dropped.
func TestFolders(t *testing.T) {
	sample := must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t))))
	root := filepath.Join(t.TempDir(), "line 1")
	for _, f := range []string{"good/a.jpg", "good/b.jpg", "defect/deep/c.jpg", "ground_truth/m.png", "notes.txt", ".hidden/x.jpg"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, f)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, f), sample, 0o644))
	}
	for _, dropped := range []bool{false, true} {
		p := open(t, serve(t, siteDir(t)), desktop)
		if dropped {
			p.drag(true, root)
		} else {
			p.waitFor(`document.querySelector("#folder")`)
			p.upload("#folder", root)
		}
		p.scored(3)
		assert.Equal(t, `["a.jpg","b.jpg","c.jpg"]`, p.str(itemNames))
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "3 images from line 1")
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "left out")
		p.waitFor(`/good|defect/.test(document.querySelector(".truth")?.textContent)`)
		p.shot("folder-1280-light")
		p.requireClean()
	}
}

// TestArchives gives archives: one as most systems make them, damaged ones, and some that were made to do harm.
func TestArchives(t *testing.T) {
	sample := must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t))))
	p := open(t, serve(t, siteDir(t)), desktop)
	write := writer(t)
	data := deflated(t, map[string][]byte{"x/good/a.jpg": sample, "x/bad/b.jpg": sample, "__MACOSX/a.jpg": []byte("x"), "x/inner.zip": []byte("PK\x03\x04"), "read.me": nil})
	p.drag(true, write("parts.zip", data))
	p.scored(2)
	p.waitFor(`document.querySelector(".notice")?.textContent.includes("2 images from parts.zip")`)
	assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "1 archive inside was not opened")
	p.shot("archive-1280-light")
	p.waitFor(`document.querySelector(".picture").dataset.shown`)

	broken := deflated(t, map[string][]byte{"a.jpg": sample})
	broken[len(broken)/2] ^= 0xff // in the data of the image
	p.click("#clear")
	p.waitFor(`!document.querySelector("#items")`)
	p.choose(write("broken.zip", broken))
	assert.Equal(t, "corrupt", p.results(1)[0].Error)

	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"up.zip":    {deflated(t, map[string][]byte{"../../a.jpg": sample}), "do harm"},
		"bomb.zip":  {bomb(t), "do harm"},
		"text.zip":  {[]byte("this is not an archive at all, believe me"), "not a ZIP"},
		"empty.zip": {nil, "not a ZIP"},
		"none.zip":  {deflated(t, map[string][]byte{"a.txt": nil}), "no image"},
	} {
		p.choose(write(name, c.data))
		p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("` + name + `")`)
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), c.says, name)
	}
	p.shot("archive-refused-1280-light")
	p.requireClean()
}

func TestPaste(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	raw, err := json.Marshal(must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))))
	require.NoError(t, err)
	p.str(`(() => {
		const d = new DataTransfer();
		d.items.add(new File([Uint8Array.from(atob(` + string(raw) + `), (c) => c.charCodeAt(0))], "image.jpg", {type: "image/jpeg"}));
		dispatchEvent(new ClipboardEvent("paste", {clipboardData: d, bubbles: true}));
	})()`)
	p.scored(1)
	p.requireClean()
}

// bomb is an archive with an entry that claims a gigabyte in a few bytes.
func bomb(t *testing.T) []byte {
	data := deflated(t, map[string][]byte{"a.jpg": []byte("a")})
	at := bytes.Index(data, []byte("PK\x01\x02"))
	copy(data[at+24:], []byte{0, 0, 0, 0x40})
	return data
}

// TestOldExportsAreRemoved: an archive of pictures is made on the disk, may be gigabytes, and nobody else removes it. One that was just made may still be
// on its way to the person.
func TestOldExportsAreRemoved(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.async(`(async () => {
		const root = await navigator.storage.getDirectory();
		for (const at of [1000, Date.now()]) await (await root.getFileHandle("export-" + at, {create: true})).createWritable().then((w) => w.close());
		return "made";
	})()`)
	p.reload()
	p.waitForAsync(`(async () => {
		const names = [];
		for await (const name of (await navigator.storage.getDirectory()).keys()) if (name.startsWith("export-")) names.push(name);
		return names.length === 1 && names[0] !== "export-1000";
	})()`)
}

// TestLimitsMovedDuringAnExport: pictures do not contradict the table that is in the archive with them.
func TestLimitsMovedDuringAnExport(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.downloads()
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.str(`(() => { const make = OffscreenCanvas.prototype.convertToBlob; globalThis.made = 0;
		OffscreenCanvas.prototype.convertToBlob = async function (...args) { made++; await new Promise((r) => setTimeout(r, 500)); return make.apply(this, args); }; })()`)
	p.str(`document.querySelector("#items").focus()`)
	p.export("pictures")
	p.waitFor(`made >= 2`)
	p.str(`document.querySelector("[data-limit=limit]").focus()`)
	p.press(kb.Home)
	p.waitFor(`document.querySelector("#limits-reset")`)
	p.waitFor(`document.querySelector(".notice details, .notice.info")`)
	assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "the limits were moved")
}
