//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestIdlePage: a page in which nobody does anything asks for no frames, so that it costs nothing.
func TestIdlePage(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	frames := p.async(`(async () => {
		const wait = (ms) => new Promise((r) => setTimeout(r, ms)), ask = requestAnimationFrame;
		await wait(1500); // what follows the last result
		let n = 0;
		globalThis.requestAnimationFrame = (f) => { n++; return ask(f); };
		await wait(2000);
		globalThis.requestAnimationFrame = ask;
		return String(n);
	})()`)
	assert.Equal(t, "0", frames, "frames in two seconds")
}
