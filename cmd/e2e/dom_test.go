//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// domSite builds testdata/dom into a page of its own, under the same security policy as the real one.
func domSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "dom.wasm"), "./testdata/dom")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	support, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	require.NoError(t, err)
	for name, content := range map[string]string{
		"wasm_exec.js": string(support),
		"index.html":   `<!doctype html><title>dom</title><link rel="icon" href="icon.svg"><div id="app">old</div><script type="module" src="boot.mjs"></script>`,
		"icon.svg":     `<svg xmlns="http://www.w3.org/2000/svg"></svg>`,
		"boot.mjs": `import "./wasm_exec.js"; const go = new Go();
			const { instance } = await WebAssembly.instantiateStreaming(fetch("dom.wasm"), go.importObject);
			go.run(instance).then(() => { document.documentElement.dataset.state = "exited"; });`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return dir
}

// TestRenderer does what kills renderers that hold a lock while the browser runs, and what loses people's focus and selection.
func TestRenderer(t *testing.T) {
	p := load(t, serve(t, domSite(t)), desktop)
	p.waitFor(`document.querySelector("#out")`)
	out := func(want string) {
		t.Helper()
		p.waitFor(`document.querySelector("#out").textContent.endsWith(` + "`" + want + "`)")
	}
	numbers := func() string { return p.str(`document.querySelector("#numbers").textContent`) }

	p.str(`(() => { for (let i = 0; i < 30; i++) document.querySelector("#count").click(); })()`)
	p.waitFor(`document.querySelector("#numbers").textContent.startsWith("30/")`)
	assert.Equal(t, "30/2", numbers(), "30 clicks in one task make one render")

	p.str(`document.querySelector("#focus").click()`)
	out("focus")
	p.str(`document.querySelector("#remove").click()`)
	out("focus,blur")
	assert.Equal(t, "null", p.str(`document.querySelector("#field")`))

	p.str(`document.querySelector("#panic").click()`)
	out("panic dom: panic in a handler of click: boom in handler")
	p.str(`document.querySelector("#build").click()`)
	p.str(`document.querySelector("#count").click()`)
	p.waitFor(`document.querySelector("#numbers")?.textContent.startsWith("31/")`)
	assert.Contains(t, p.str(`document.querySelector("#out").textContent`), "panic in render: boom in build")

	p.str(`(() => { document.activeElement.blur(); document.querySelector("#in-e").value = "kept"; getSelection().selectAllChildren(document.querySelector("#still")); })()`)
	p.str(`document.querySelector("#reverse").click()`)
	p.waitFor(`document.querySelector("#list").firstChild.dataset.key === "e"`)
	assert.Equal(t, "edcba", p.str(`[...document.querySelectorAll("#list li")].map((e) => e.dataset.key).join("")`))
	assert.Equal(t, "kept", p.str(`document.querySelector("#in-e").value`), "elements move, they are not made again")
	assert.Equal(t, "select me", p.str(`getSelection().toString()`), "a render keeps the selection")

	p.str(`document.querySelector("#in-e").focus()`)
	p.str(`document.querySelector("#reverse").click()`)
	p.waitFor(`document.querySelector("#list").firstChild.dataset.key === "a"`)
	assert.Equal(t, "in-e", p.str(`document.activeElement.id`), "an element that moves keeps the focus")

	p.str(`update()`)
	out("update")
	assert.Equal(t, "20000", p.str(`document.querySelector("#big").dataset.x.length`))
	assert.NotEqual(t, "exited", p.str(`document.documentElement.dataset.state`))
	assert.Empty(t, p.problemList())
}

// TestRendererFuzz renders random trees on top of each other and compares each with a fresh render, in the real document, with and without
// moveBefore. A field among them keeps its focus, its text and its selection.
func TestRendererFuzz(t *testing.T) {
	t.Parallel()
	dir := domSite(t)
	for _, moves := range []bool{true, false} {
		p := load(t, serve(t, dir), desktop)
		p.waitFor(`document.querySelector("#out")`)
		p.str(`(() => {
			globalThis.reports = [];
			globalThis.fuzzReport = (s) => reports.push(s);
			const look = (n) => n.nodeType === 3 ? n.data : n.namespaceURI.slice(-3) + n.localName + [...n.attributes].map((a) => a.name + "=" + a.value).sort() +
				(n.id === "held" ? "" : n.value ?? "") + "<" + [...n.childNodes].map(look) + ">";
			globalThis.fuzzLook = (box) => look(box.firstChild);
			if (!` + strconv.FormatBool(moves) + `) delete Element.prototype.moveBefore;
			fuzz(1, 150);
		})()`)
		p.waitFor(`reports.includes("done") || reports.length > 5`)
		assert.Equal(t, "done", p.str(`reports.join("\n")`), "moveBefore %v", moves)
		assert.Empty(t, p.problemList())
	}
}
