//go:build e2e

package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTonesBeforeAClick: a browser that stays silent until somebody clicks does not play a night's verdicts at once then.
func TestTonesBeforeAClick(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => {
		globalThis.notes = 0;
		const create = AudioContext.prototype.createOscillator;
		AudioContext.prototype.createOscillator = function () { notes++; return create.call(this); };
		for (let i = 0; i < 50; i++) anomnet.kiosk.tone("ng");
	})()`)
	assert.Equal(t, "0", p.str(`notes`))
	p.waitFor(`document.querySelector("#help-open")`)
	p.async(`new Promise((r) => setTimeout(r, 600, ""))`) // the last one is too late now
	p.click("#help-open")
	p.waitFor(`navigator.userActivation.hasBeenActive`)
	p.str(`anomnet.kiosk.tone("ok")`)
	p.waitFor(`notes > 0`)
	p.str(`anomnet.kiosk.tone("review")`)
	assert.Equal(t, "3", p.str(`notes`), "one for OK, two for REVIEW")
	p.requireClean()
}

// TestSlowDisk: a state that comes late, as after a cold start, is waited for and not written over.
func TestSlowDisk(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop)
	p.click("#kiosk-menu")
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `{
		const open = IDBFactory.prototype.open;
		IDBFactory.prototype.open = function (name, version) {
			if (name !== "anomnet-kiosk") return open.call(this, name, version);
			const request = {};
			setTimeout(() => {
				const real = open.call(this, name, version);
				real.onsuccess = () => { request.result = real.result; request.onsuccess(); };
			}, 4000);
			return request;
		};
	}`})
	p.goTo("/?kiosk")
	p.waitFor(`document.querySelector("#kiosk")?.dataset.kind`)
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.put("a", 2)
	p.waitFor(counted + ` === 2`)
	require.Empty(t, p.problemList())
}

// TestFolderWithinTheFolder: one that is moved away while it is looked at is no trouble; one that cannot be read is said, and holds up nothing else.
func TestFolderWithinTheFolder(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop)
	p.click("#kiosk-menu")
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.run(`const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("anomnet-watch", { create: true });
		await dir.getDirectoryHandle("tray", { create: true });
		const entries = FileSystemDirectoryHandle.prototype.entries;
		globalThis.taken = 0;
		FileSystemDirectoryHandle.prototype.entries = async function* () {
			if (this.name === "tray") { taken++; await dir.removeEntry("tray"); }
			yield* entries.call(this);
		};`)
	p.waitFor(`taken > 0`)
	p.put("a", 2)
	p.waitFor(`document.querySelector("#trouble-folder") || ` + counted + ` === 2`)
	assert.Equal(t, "null", p.str(`document.querySelector("#trouble-folder")`))

	p.run(`const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("anomnet-watch");
		await dir.getDirectoryHandle("shut", { create: true });
		const entries = FileSystemDirectoryHandle.prototype.entries;
		globalThis.shut = true;
		FileSystemDirectoryHandle.prototype.entries = async function* () {
			if (this.name === "shut" && shut) throw new DOMException("not yours", "NotAllowedError");
			yield* entries.call(this);
		};`)
	p.waitFor(`document.querySelector("#trouble-folder")?.textContent.includes("A folder within anomnet-watch")`)
	p.put("b", 2)
	p.waitFor(counted + ` === 4`)
	p.str(`(shut = false)`)
	p.waitFor(`!document.querySelector("#trouble-folder")`)
	p.requireClean()
}

// TestScreenMaySleepAgain: the browser takes a while to keep the screen on, and people may have left meanwhile.
func TestScreenMaySleepAgain(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => {
		globalThis.awake = 0;
		WakeLock.prototype.request = async () => {
			await new Promise((r) => setTimeout(r, 50));
			awake++;
			return { released: false, async release() { if (!this.released) awake--; this.released = true; } };
		};
	})()`)
	assert.Equal(t, "0 1 0", p.async(`(async () => {
		const { wake } = anomnet.kiosk, out = [];
		for (const list of [[true, false], [true, true], [false]]) {
			await Promise.all(list.map(wake));
			out.push(awake);
		}
		return out.join(" ");
	})()`))
}

// TestBrowserWithoutFolders, such as Firefox: the button says why nothing happens.
func TestBrowserWithoutFolders(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop)
	p.str(`delete globalThis.showDirectoryPicker`)
	p.click("#kiosk-menu")
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-said")?.textContent.includes("cannot give a folder")`)
	p.requireClean()
}

// TestSameVerdictIsSaidAgain: of two images that are OK only score and name differ on the screen; a screen reader says all of it all the same.
func TestSameVerdictIsSaidAgain(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop)
	p.click("#kiosk-menu")
	p.click("#kiosk-folder")
	p.click("#kiosk-close")
	p.put("a", 1) // good
	p.waitFor(counted + ` === 1`)
	p.str(`(() => { globalThis.changed = []; new MutationObserver((list) => { for (const m of list) changed.push(m.target); })
		.observe(document.querySelector("#kiosk-verdict"), { childList: true, characterData: true, subtree: true }); })()`)
	p.put("b", 1)
	p.waitFor(counted + ` === 2 && document.querySelector(".kiosk-name").textContent.startsWith("b")`)
	assert.Equal(t, "false", p.str(`changed.some((n) => document.querySelector("#kiosk-word").contains(n))`))
	assert.Equal(t, "true", p.str(`changed.length > 0 && Boolean(document.querySelector("#kiosk-word").closest("[aria-live][aria-atomic=true]"))`))
}

// TestAnotherCamera: when the chosen camera was taken away for good, the one that came in its place can be chosen.
func TestAnotherCamera(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop, chromedp.Flag("use-fake-device-for-media-stream", "device-count=1"), chromedp.Flag("use-fake-ui-for-media-stream", true))
	p.run(`await anomnet.kiosk.keep("state", JSON.stringify({ on: true, camera: true, device: "gone", lockout: {} }))`)
	p.goTo("/?kiosk")
	p.waitFor(`document.querySelector("#trouble-camera")`)
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-device")?.length === 1`)
	p.run(`const s = document.querySelector("#kiosk-device"); s.selectedIndex = 0; s.dispatchEvent(new Event("change", { bubbles: true }))`)
	p.waitFor(`!document.querySelector("#trouble-camera") && document.querySelector("#kiosk-film")?.videoWidth > 0`)
}

// TestLargeFolder: the names of a folder are put in order without making the page wait.
func TestLargeFolder(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	assert.Equal(t, "part-2.png part-10.png true", p.async(`(async () => {
		const all = Array.from({ length: 5000 }, (_, i) => ({ name: "part-" + (i * 7919) % 5000 + ".png", isFile: true, fullPath: "" })), found = [];
		const folder = { isDirectory: true, createReader() { let some = all.slice(); return { readEntries(tell) { tell(some); some = []; } }; } };
		const compare = new Intl.Collator("en", { numeric: true }).compare, began = performance.now();
		all.slice().sort((a, b) => compare(a.name, b.name));
		const sorted = performance.now();
		let longest = 0, last = sorted; // from one portion to the next
		await anomnet.files.walk([folder], (list) => {
			longest = Math.max(longest, performance.now() - last);
			last = performance.now();
			found.push(...list);
			return true;
		});
		return found[2].name + " " + found[10].name + " " + (longest < 5 * (sorted - began) + 100);
	})()`))
}
