//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDeletedByAnotherTab deletes a part while it learns from an image, and discards unfinished teaching while it goes on.
func TestDeletedByAnotherTab(t *testing.T) {
	t.Parallel()
	good, _ := brackets(t, 6, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.teachPart("Bracket", good[:5])
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".parts")?.selectedOptions[0].textContent === "Bracket"`)
	p.choose(good[5])
	p.results(1)
	q := p.second()
	q.show("models")

	p.str(`(() => { globalThis.held = []; let fit; for (const w of workers) {
		const post = w.postMessage, on = w.onmessage;
		w.postMessage = function (m, ...rest) { if (m.op === "fit") fit = m.id; return post.call(this, m, ...rest); };
		w.onmessage = (ev) => { ev.data.id === fit && ev.data.op === "result" ? held.push(() => on(ev)) : on(ev); };
	} })()`)
	p.click("#good")
	p.waitFor(`held.length === 1`)
	q.click(".models .delete")
	q.click(".models .delete-yes")
	q.waitFor(`!document.querySelector(".models article[data-part]")`)
	p.str(`(() => { held[0](); })()`)
	p.waitFor(`document.querySelector(".correct .warning")?.textContent.includes("not on this device any more")`)
	assert.Equal(t, "[]", p.later(`JSON.stringify(await anomnet.store.records("part/"))`))

	p.show("teach")
	assert.Equal(t, "null", p.str(`document.querySelector("#teach-saved")`))
	p.click("#teach-clear")
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 6 && !document.querySelector(".shot.waiting")`)
	q.reload()
	q.show("teach")
	q.click(".resume .button:not(.resume-go)")
	q.waitFor(`!document.querySelector(".resume-go")`)
	q.show("history") // until then it can be brought back
	q.waitForAsync(`anomnet.store.list("features").then((l) => l.length === 0)`)
	p.str(`(() => { held = { push: (f) => f() }; })()`)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result, #teach-problem")`)
	require.Equal(t, "null", p.str(`document.querySelector("#teach-problem")?.textContent ?? null`))
	assert.Empty(t, p.problemList())
}

// TestTwoLooksAtTheStore: the earlier one, which another tab has called for, takes longer. It does not bring back what was deleted meanwhile.
func TestTwoLooksAtTheStore(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("[data-part=Bracket]") && document.querySelector("#models-said")`)
	p.str(`(() => {
		const estimate = StorageManager.prototype.estimate;
		globalThis.slow = 0;
		StorageManager.prototype.estimate = async function () {
			if (globalThis.slow++ === 0) { await new Promise((r) => setTimeout(r, 3000)); setTimeout(() => { slow = "over"; }, 500); }
			return estimate.call(this);
		};
		new BroadcastChannel("anomnet-store").postMessage("changed");
	})()`)
	p.waitFor(`slow === 1`)
	p.click("[data-part=Bracket] .delete")
	p.click("[data-part=Bracket] .delete-yes")
	p.waitFor(`!document.querySelector("[data-part=Bracket]")`)
	p.waitFor(`slow === "over"`)
	assert.Equal(t, "null", p.str(`document.querySelector("[data-part=Bracket]")`))
	assert.Empty(t, p.problemList())
}

// TestSettingsOfTwoTabs: what is chosen in one is not undone by another that knows nothing of it and changes something else.
func TestSettingsOfTwoTabs(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	q := p.second()
	q.show("history")
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	q.waitFor(`document.querySelector("#operator")`)
	q.fill("#operator", "Eva")
	q.str(`(() => { document.querySelector("#operator").dispatchEvent(new Event("change", {bubbles: true})); })()`)
	q.speak("de")
	p.click("#rows")
	p.waitFor(`JSON.parse(localStorage["anomnet-settings"]).grid`)
	p.reload()
	assert.Equal(t, "de", p.str(`document.querySelector(".language").value`))
	p.show("history")
	p.waitFor(`document.querySelector("#operator")?.value === "Eva"`)
}

// TestDeletedPartInUse: its images stay, and people come back to them.
func TestDeletedPartInUse(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("[data-part=Bracket]") && document.querySelector("#models-said")`)
	p.click("[data-part=Bracket] .use")
	p.waitFor(`document.querySelector(".parts")?.selectedOptions[0].textContent === "Bracket"`)
	p.show("inspect")
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	p.show("models")
	p.click("[data-part=Bracket] .delete")
	p.click("[data-part=Bracket] .delete-yes")
	p.waitFor(`document.querySelector(".others .part[aria-label=Bracket] .used")`)
	p.useParts(0)
	p.waitFor(`document.querySelector("#back")`)
	p.click("#back")
	p.waitFor(`document.querySelector(".parts").selectedOptions[0].textContent === "Bracket" && document.querySelector(".notice.loaded")`)
	p.click(".others .part[aria-label=Bracket] .keep")
	p.waitFor(`document.querySelector("[data-part=Bracket]")`)
	p.show("inspect")
	p.results(1)
	assert.Empty(t, p.problemList())
}

// TestGoOnInAnotherTab: unfinished teaching has more images by then than when it was listed.
func TestGoOnInAnotherTab(t *testing.T) {
	good, _ := brackets(t, 5, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	give := func(files []string, n string) {
		p.choose(files...)
		p.waitFor(`document.querySelectorAll(".shot").length === ` + n + ` && !document.querySelector(".shot.waiting")`)
		p.waitForAsync(`anomnet.store.records("draft/").then((l) => JSON.parse(l[0][1]).good.length === ` + n + `)`)
	}
	p.show("teach")
	give(good[:2], "2")
	q := p.second()
	q.show("teach")
	q.waitFor(`document.querySelector(".resume-go")`)
	give(good[2:], "5")
	q.click(".resume-go")
	q.waitFor(`document.querySelectorAll(".shot").length > 0`)
	assert.Equal(t, "5", q.str(`document.querySelectorAll(".shot").length`))
}

// TestUpdateBesideWhatIsNotStored: entries of the history that wait for room would go with the page.
func TestUpdateBesideWhatIsNotStored(t *testing.T) {
	srv := serveSwap(t, siteDir(t))
	p := open(t, srv.server, desktop)
	p.str(`(() => { globalThis.full = IDBObjectStore.prototype.add;
		IDBObjectStore.prototype.add = function () { this.transaction.abort(); throw new DOMException("no room", "QuotaExceededError"); }; })()`)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	p.waitFor(`document.querySelector(".notice.refused")`)
	srv.put(variant(t, "assets/css/app.css", "/* One file", "/* A second version. One file"))
	p.later(`await anomnet.offline.look()`)
	p.waitFor(`document.querySelector("#newer")`)
	assert.Equal(t, "true", p.str(`document.querySelector("#newer").disabled`))
	p.str(`(() => { IDBObjectStore.prototype.add = globalThis.full; })()`)
	p.show("history")
	p.click("#retry")
	p.waitFor(`document.querySelector("header #newer:enabled")`)
}

// TestTabClosedWhileDeleting: the next visit does not say that the browser has cleared the part.
func TestTabClosedWhileDeleting(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("[data-part=Bracket]") && JSON.parse(localStorage["anomnet-settings"]).parts === 1`)
	p.str(`(() => { FileSystemDirectoryHandle.prototype.removeEntry = () => new Promise(() => {}); })()`)
	p.click("[data-part=Bracket] .delete")
	p.click("[data-part=Bracket] .delete-yes")
	p.waitForAsync(`anomnet.store.records("part/").then((l) => l.length === 0)`)
	p.reload()
	p.waitFor(`document.querySelector("main").dataset.view === "models" && document.querySelector("#models-usage")`)
	assert.Equal(t, "null", p.str(`document.querySelector("#models-gone")?.textContent ?? null`))
}
