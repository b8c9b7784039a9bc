//go:build e2e

package e2e

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
	"anomnet/core/model"
	"anomnet/trainer/synth"
)

// backbones lists the backbones that the page keeps.
func (p *tab) backbones() string {
	p.t.Helper()
	return p.async(`(async () => {
		const root = await navigator.storage.getDirectory(), names = [];
		try { for await (const n of (await root.getDirectoryHandle("backbones")).keys()) names.push(n); } catch {}
		return names.sort().join(" ");
	})()`)
}

// head is the file of the head that was kept last.
func (p *tab) head() []byte {
	p.t.Helper()
	head, err := hex.DecodeString(p.storedHead())
	require.NoError(p.t, err)
	return head
}

// withBackbone is a site whose own part is another one on another backbone, listed as a build of its own.
func withBackbone(t *testing.T, backbone, head []byte) string {
	t.Helper()
	dir := siteWithModel(t, backbone, head)
	changed := map[string][]byte{}
	for _, name := range []string{"models/index.json", "models/test-backbone.anomnet", "models/test-head.anomnet"} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		changed[name] = data
	}
	files, err := site.Relist(os.DirFS(dir), changed, "")
	require.NoError(t, err)
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.WriteFile(name, data, 0o644))
		for _, suffix := range []string{".br", ".gz"} {
			os.Remove(name + suffix)
		}
	}
	return dir
}

// TestBackboneStays teaches a part, and then the site comes with another backbone: the part goes on with its own, gives the same scores, can be taught
// further, and needs no server.
func TestBackboneStays(t *testing.T) {
	t.Parallel()
	a := siteDir(t)
	old, _ := modelFiles(t, a)
	oldFile, err := model.Decode(old)
	require.NoError(t, err)
	both, otherHead := exampleParts(t)
	other, err := model.Decode(both)
	require.NoError(t, err)
	otherBackbone, err := model.Encode(&model.File{Backbone: other.Backbone})
	require.NoError(t, err)
	b := withBackbone(t, otherBackbone, otherHead)

	good, _ := brackets(t, 6, 0)
	jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Kind: "bracket"}, 70), 90)
	require.NoError(t, err)
	fresh := writer(t)("fresh.jpg", jpg)

	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	assert.Empty(t, p.backbones(), "the site's own part needs no copy")
	p.show("teach")
	p.teachPart("Bracket", good)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	assert.Equal(t, oldFile.Digest, p.backbones())
	head := p.head()
	want := nativeBits(t, fresh, old, head)
	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.choose(fresh)
	require.Equal(t, want, p.results(1)[0].RawBits)
	p.requireClean()

	// A part that an earlier version of the page kept has no copy until the next start.
	p.async(`(async () => { await (await navigator.storage.getDirectory()).removeEntry("backbones", { recursive: true }); return ""; })()`)
	p.reload()
	p.waitForAsync(`(async () => { const names = []; try { for await (const n of (await (await navigator.storage.getDirectory()).getDirectoryHandle("backbones")).keys()) names.push(n); } catch {}
		return names.join() === "` + oldFile.Digest + `"; })()`) // the browser's swap file stands beside it while it is written

	// Nor does one that was never opened again: its backbone comes from the version of the site before, when that goes.
	p.async(`(async () => { await (await navigator.storage.getDirectory()).removeEntry("backbones", { recursive: true }); return ""; })()`)
	srv.put(b)
	p.later(`await anomnet.offline.look()`)
	p.waitFor(`document.querySelector("#newer")`)
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer")`)
	require.Equal(t, buildOf(t, b), p.swState("build"))
	scores := func(when string) {
		p.waitFor(`document.querySelector(".parts")?.selectedOptions[0].textContent === "Bracket"`) // the part of the last visit
		p.choose(fresh)
		assert.Equal(t, want, p.results(1)[0].RawBits, when)
	}
	scores("on the site with another backbone")
	assert.Equal(t, oldFile.Digest, p.backbones())

	srv.Close()
	p.reload()
	scores("without a server")
	p.useParts(0)
	p.show("models")
	p.click(".models .further")
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result, #teach-problem")`)
	require.Equal(t, "null", p.str(`document.querySelector("#teach-problem")?.textContent ?? null`), "taught further while another part is in use")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	f, err := model.Decode(p.head())
	require.NoError(t, err)
	assert.Equal(t, oldFile.Digest, f.Head.BackboneDigest)
	assert.Equal(t, 1, f.Head.Provenance.Revision)
	p.show("models")
	p.click(".models .delete")
	p.click(".delete-yes")
	p.waitFor(`!document.querySelector(".models article[data-part]")`)
	assert.Empty(t, p.backbones(), "nobody needs it any more")
	require.Empty(t, p.problemList())
}

// useParts goes to a part by its place in the selector.
func (p *tab) useParts(i int) {
	p.t.Helper()
	p.str(`(() => { const s = document.querySelector(".parts"); s.value = "` + strconv.Itoa(i) + `"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`document.querySelector(".parts").selectedIndex === ` + strconv.Itoa(i) + ` && !document.querySelector(".notice.loading")`)
}
