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

// TestExports makes every export, and reviews the JSON on an empty page.
func TestExports(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	dir := p.downloads()
	write := writer(t)
	formula := write("=1+1.jpg", must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t)))))
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.choose(formula, write("text.png", []byte("no picture")))
	p.results(10)

	p.str(`document.querySelector(".judge details").open = true`)
	p.click("#judge-ng")
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#judge-reason"), "burr at the edge")))
	p.shot("judge-1280-light")
	p.click("#judge-save")
	p.waitFor(`document.querySelector(".said")`)
	assert.Contains(t, p.str(`document.querySelector(".said").textContent`), "burr at the edge")
	p.shot("judged-1280-light")
	name := p.str(`document.querySelector(".filename span").textContent`)
	p.str(`document.querySelector("#items").focus()`)

	p.press("e")
	p.waitFor(`document.querySelector("#export-json")`)
	p.click("#export-json")
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

	p.press("e")
	p.waitFor(`document.querySelector("#export-csv")`)
	p.click("#export-bom")
	p.click("#export-csv")
	_, table := p.downloaded(dir, "results.csv")
	assert.True(t, bytes.HasPrefix(table, []byte("\ufeffpath,")))
	assert.Contains(t, string(table), "\r\n'=1+1.jpg,")

	p.press("e")
	p.waitFor(`document.querySelector("#export-report")`)
	p.click("#export-report")
	_, html := p.downloaded(dir, "report.html")
	assert.Contains(t, string(html), b.Records[0].SHA256)
	assert.Equal(t, 9, strings.Count(string(html), "data:image/jpeg"), "a small picture of each image with a verdict")

	p.press("e")
	p.waitFor(`document.querySelector("#export-pictures")`)
	p.click("#export-pictures")
	zipName, packed := p.downloaded(dir, "pictures.zip")
	if shots := os.Getenv("SHOTS"); shots != "" {
		require.NoError(t, os.WriteFile(filepath.Join(shots, "report.html"), html, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(shots, "pictures.zip"), packed, 0o644))
	}
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err, zipName)
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
	p.requireClean()

	// The results again, on a page that has no images; then the images.
	p = open(t, srv, desktop)
	saved := write("results.json", raw)
	p.choose(saved)
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

// TestFoldersAndArchives gives a folder and archives, in every way.
func TestFoldersAndArchives(t *testing.T) {
	sample := must(os.ReadFile(filepath.Join(siteDir(t), "samples", firstSample(t))))
	want := nativeBits(t, filepath.Join(siteDir(t), "samples", firstSample(t)), must2(modelFiles(t, siteDir(t)))...)
	root := filepath.Join(t.TempDir(), "line 1")
	for _, f := range []string{"good/a.jpg", "good/b.jpg", "defect/deep/c.jpg", "ground_truth/m.png", "notes.txt", ".hidden/x.jpg"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, f)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, f), sample, 0o644))
	}
	labels := `JSON.stringify([...document.querySelectorAll("#items [data-name]")].map((e) => e.dataset.name).sort())`
	check := func(p *tab, n int) {
		t.Helper()
		for _, r := range p.results(n) {
			assert.Equal(t, want, r.RawBits, r.Name)
		}
	}
	t.Run("chosen folder", func(t *testing.T) {
		p := open(t, serve(t, siteDir(t)), desktop)
		p.waitFor(`document.querySelector("#folder")`)
		p.upload("#folder", root)
		check(p, 3)
		assert.Equal(t, `["a.jpg","b.jpg","c.jpg"]`, p.str(labels))
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "left out")
		p.waitFor(`document.querySelector(".truth")?.textContent.includes("good") || document.querySelector(".truth")?.textContent.includes("defect")`)
		p.shot("folder-1280-light")
		p.requireClean()
	})
	t.Run("dropped folder", func(t *testing.T) {
		p := open(t, serve(t, siteDir(t)), desktop)
		p.drag(true, root)
		check(p, 3)
		assert.Equal(t, `["a.jpg","b.jpg","c.jpg"]`, p.str(labels))
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "3 images from line 1")
		p.requireClean()
	})
	t.Run("archive", func(t *testing.T) {
		p := open(t, serve(t, siteDir(t)), desktop)
		write := writer(t)
		data := deflated(t, map[string][]byte{"x/good/a.jpg": sample, "x/bad/b.jpg": sample, "__MACOSX/a.jpg": []byte("x"), "x/inner.zip": []byte("PK\x03\x04"), "read.me": nil})
		p.drag(true, write("parts.zip", data))
		check(p, 2)
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "2 images from parts.zip")
		assert.Contains(t, p.str(`document.querySelector(".notice").textContent`), "1 archive inside was not opened")
		p.shot("archive-1280-light")
		p.waitFor(`document.querySelector(".picture").dataset.shown`)

		broken := bytes.Clone(data)
		at := bytes.Index(broken, []byte("PK\x01\x02"))
		broken[at-300] ^= 0xff // in the data of an image
		p.click("#clear")
		p.waitFor(`!document.querySelector("#items")`)
		p.choose(write("broken.zip", broken))
		res := p.results(2)
		failed := 0
		for _, r := range res {
			if r.Error == "corrupt" {
				failed++
			}
		}
		assert.LessOrEqual(t, failed, 1)

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
	})
	t.Run("paste", func(t *testing.T) {
		p := open(t, serve(t, siteDir(t)), desktop)
		raw, err := json.Marshal(sample)
		require.NoError(t, err)
		p.str(`(() => {
			const d = new DataTransfer();
			d.items.add(new File([Uint8Array.from(atob(` + string(raw) + `), (c) => c.charCodeAt(0))], "image.jpg", {type: "image/jpeg"}));
			dispatchEvent(new ClipboardEvent("paste", {clipboardData: d, bubbles: true}));
		})()`)
		check(p, 1)
		p.requireClean()
	})
}

func must2(a, b []byte) [][]byte { return [][]byte{a, b} }

// bomb is an archive with an entry that claims a gigabyte in a few bytes.
func bomb(t *testing.T) []byte {
	data := deflated(t, map[string][]byte{"a.jpg": []byte("a")})
	at := bytes.Index(data, []byte("PK\x01\x02"))
	copy(data[at+24:], []byte{0, 0, 0, 0x40})
	return data
}
