//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unfit makes two workers, of which the first bad get a damaged model.
const unfit = `Object.defineProperty(navigator, "hardwareConcurrency", {value: 2});
	globalThis.made = 0;
	globalThis.Worker = class extends Worker {
		constructor(...args) { super(...args); this.unfit = String(args[0]).endsWith("/worker.mjs") && made++ < bad; }
		postMessage(m, ...rest) { if (this.unfit && m.op === "load") super.postMessage({...m, bufs: [new ArrayBuffer(8)]}); else super.postMessage(m, ...rest); }
	};`

// TestOneWorkerCannotLoad gives one of two workers a damaged model: the other does the work. With two such workers the page is broken.
func TestOneWorkerCannotLoad(t *testing.T) {
	for _, c := range []struct{ bad, state string }{{"1", "ready"}, {"2", "failed"}} {
		p := blank(t, serve(t, siteDir(t)), desktop)
		call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "const bad = " + c.bad + ";" + unfit})
		p.navigate()
		p.waitFor(`document.documentElement.dataset.state !== "loading"`)
		require.Equal(t, c.state, p.str(`document.documentElement.dataset.state`), "%s of 2", c.bad)
		require.Equal(t, "2", p.str(`made`))
		if c.state != "ready" {
			p.waitFor(`document.querySelector(".failure[role=alert]")`)
			continue
		}
		sample := filepath.Join(siteDir(t), "samples", firstSample(t))
		p.choose(sample, sample, sample, sample)
		for _, r := range p.results(4) {
			assert.NotEmpty(t, r.Verdict, r.Error)
		}
		assert.Equal(t, "null", p.str(`document.querySelector(".failure")`))
	}
}

// TestAnswerOfNoJob answers for job 0 in the name of a worker whose program does not run yet: it must not be given work.
func TestAnswerOfNoJob(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(holdWorkers)
	p.str(`(() => { globalThis.before = workers.length; workers.forEach((w) => w.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true}))); })()`)
	p.waitFor(`workers.length > before`)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.waitFor(`document.querySelector("#items .working")`)
	p.str(`workers.slice(before).forEach((w) => w.dispatchEvent(new MessageEvent("message", {data: {id: 0, op: "error", meta: '{"code":"internal","message":"x"}', bufs: []}})))`)
	p.str(`release()`)
	res := p.results(1)
	assert.NotEmpty(t, res[0].Verdict, res[0].Error)
}

// TestNoWorkerIsLeft lets workers end until the page gives up. What it cannot note in the history it must not keep other tabs from noting.
func TestNoWorkerIsLeft(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(holdWorkers)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.str(`(async () => { for (let i = 0; i < workers.length; i++) {
		workers[i].dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true}));
		await new Promise((f) => setTimeout(f, 20));
	} })()`)
	p.waitFor(`document.documentElement.dataset.state === "failed"`)
	p.waitFor(`document.body.innerText.includes("The history")`)
	p.str(`navigator.locks.request("anomnet-history", {ifAvailable: true}, (lock) => { document.documentElement.dataset.lock = lock ? "free" : "held"; })`)
	p.waitFor(`document.documentElement.dataset.lock === "free"`)
}

// TestErrorWithoutAMessage is what a browser reports when it cannot load a worker's script.
func TestErrorWithoutAMessage(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample)
	p.waitFor(`document.querySelector("#items .working")`)
	p.str(`workers[0].dispatchEvent(new Event("error", {cancelable: true}))`)
	p.results(3)
	p.waitFor(`document.querySelector("#items [data-error=crashed]")`)
	p.click(`#items [data-error=crashed]`)
	p.waitFor(`document.querySelector(".viewer .details")`)
	says := p.str(`document.querySelector(".viewer .details").textContent`)
	assert.Contains(t, says, "without a message")
	assert.NotContains(t, says, "undefined")
}

// hang makes the first worker take its first image and never answer, and lets the page's seconds pass in 4 ms.
const hang = `{
	const every = globalThis.setInterval;
	globalThis.setInterval = (f, ms, ...rest) => every(f, ms === 1000 ? 4 : ms, ...rest);
	globalThis.hung = 0;
	globalThis.Worker = class extends Worker {
		postMessage(m, ...rest) { if (m.op === "score" && !hung) { hung++; this.dead = true; } if (!(this.dead && m.op === "score")) super.postMessage(m, ...rest); }
	};
}`

// TestHungFit: a fit whose worker never answers, and which a person has cancelled, is given up and can be begun again.
func TestHungFit(t *testing.T) {
	t.Parallel()
	good, _ := brackets(t, 5, 0)
	p := blank(t, serve(t, siteDir(t)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: strings.NewReplacer("score", "fit", "? 4 :", "? 60 :").Replace(hang)}) // 18 s: features take their time
	p.navigate()
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	p.show("teach")
	p.choose(good...)
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled`)
	p.click("#teach-start")
	p.waitFor(`globalThis.hung === 1`)
	p.click("#teach-cancel")
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled`)
	assert.Equal(t, "null", p.str(`document.querySelector("#teach-problem")`), "who cancelled is told nothing")
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result")`)
	assert.Equal(t, "1", p.str(`hung`))
}

// TestTasksBehindACrash ends a worker in the middle of the first of two images that are learned: the first fails, and another worker does the second.
func TestTasksBehindACrash(t *testing.T) {
	good, _ := brackets(t, 8, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => { let n = 0; const w = workers[0], post = w.postMessage;
		w.postMessage = function (m, ...rest) {
			post.call(this, m, ...rest);
			if (m.op === "features" && ++n === 2) globalThis.two = true;
		};
		w.addEventListener("message", ({ data }) => {
			if (data.op !== "progress" || !JSON.parse(data.meta).stage.startsWith("features") || globalThis.ended) return;
			globalThis.ended = true;
			setTimeout(() => w.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true})));
		});
	})()`)
	p.show("teach")
	p.choose(good...)
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled && !document.querySelector(".shot.waiting")`)
	assert.Equal(t, "true", p.str(`globalThis.two && globalThis.ended`), "one is in work and one waits")
	assert.Equal(t, "1", p.str(`document.querySelectorAll(".shot.failed").length`))
	assert.Equal(t, "7 good images.", p.str(`document.querySelector("#teach-count").textContent`))
}

// TestHungWorker: an image whose worker never answers fails, and others take over what waited behind it.
func TestHungWorker(t *testing.T) {
	p := blank(t, serve(t, siteDir(t)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: hang})
	p.navigate()
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample, sample, sample)
	failed := 0
	for _, r := range p.results(5) {
		if r.Verdict == "" {
			failed++
			assert.Contains(t, r.Error, "crashed")
		}
	}
	assert.Equal(t, 1, failed)
	assert.Equal(t, "1", p.str(`hung`))
}

// TestAnotherPartDuringAFit: a fit takes the worker that has it seconds to minutes. Another one loads the part that a person wants to see.
func TestAnotherPartDuringAFit(t *testing.T) {
	good, _ := brackets(t, 5, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	if p.str(`workers.length`) == "1" {
		t.Skip("there is one worker only")
	}
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("[data-part=Bracket]")`)
	p.show("teach")
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 5 && !document.querySelector(".shot.waiting")`)
	p.str(`(() => { for (const w of workers) { const post = w.postMessage; let fit = [];
		w.postMessage = function (m, ...rest) { // as long as the fit takes, the worker hears nothing
			if (m.op === "fit" || fit.length) fit.push(() => post.call(this, m, ...rest)); else post.call(this, m, ...rest);
			if (m.op === "fit") globalThis.end = () => { for (const f of fit) f(); fit = []; };
		}; } })()`)
	p.click("#teach-start")
	p.waitFor(`globalThis.end`)
	p.useParts(1)
	p.waitFor(`document.querySelector(".parts").selectedOptions[0].textContent === "Bracket"`) // while it is held
	p.waitFor(`document.querySelector("#teach-cancel")`)
	p.str(`(() => { end(); })()`)
	p.waitFor(`document.querySelector("#teach-result")`)
	p.show("inspect")
	p.choose(good...)
	p.results(5)
	assert.Empty(t, p.problemList())
}
