//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// holdWorkers keeps workers that are started from now on from running, until release() is called in the page.
const holdWorkers = `(() => {
	const held = [];
	globalThis.Worker = class extends Worker { postMessage(m, ...rest) { if (m.module) held.push(() => super.postMessage(m, ...rest)); else super.postMessage(m, ...rest); } };
	globalThis.release = () => held.splice(0).forEach((f) => f());
})()`

// TestClearWhileNoWorkerRuns clears an image that is not yet with a worker: the next one must be inspected all the same.
func TestClearWhileNoWorkerRuns(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.str(holdWorkers)
	p.str(`workers.forEach((w) => w.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true})))`)
	p.choose(sample)
	p.waitFor(`document.querySelector("#items .working")`)
	p.click("#clear")
	p.waitFor(`!document.querySelector("#items")`)
	p.str(`release()`)
	p.choose(sample)
	assert.NotEmpty(t, p.results(1)[0].Verdict)
}
