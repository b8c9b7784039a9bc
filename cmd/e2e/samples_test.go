//go:build e2e

package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestSamplesThatDoNotCome stalls or refuses one sample: the page inspects without waiting for it, and gives the samples up.
func TestSamplesThatDoNotCome(t *testing.T) {
	for _, stalls := range []bool{true, false} {
		srv := serve(t, siteDir(t))
		near := srv.Config.Handler
		srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			bad := strings.HasSuffix(r.URL.Path, firstSample(t))
			switch late := strings.HasPrefix(r.URL.Path, "/samples/") && strings.HasSuffix(r.URL.Path, ".jpg"); {
			case bad && !stalls:
				http.NotFound(w, r)
				return
			case bad || late && !stalls: // given up, or on its way while the first is refused
				select {
				case <-r.Context().Done():
				case <-time.After(30 * time.Second):
				}
				return
			}
			near.ServeHTTP(w, r)
		})
		p := load(t, srv, desktop)
		p.waitFor(`document.querySelector("[data-phase=ready]")`)
		if stalls {
			assert.Equal(t, "loading", p.str(`document.documentElement.dataset.state`))
			assert.Equal(t, "null", p.str(`document.querySelector(".requests")`), "not counted yet")
		}
		sample := filepath.Join(siteDir(t), "samples", firstSample(t))
		p.choose(sample)
		assert.NotEmpty(t, p.results(1)[0].Verdict)
		p.waitFor(`document.documentElement.dataset.state === "ready"`)
		p.mu.Lock()
		p.ready = true
		if !stalls {
			p.problems = nil // the browser reports the sample that is not there
		}
		p.mu.Unlock()
		p.hits = srv.hits.Load()
		p.choose(sample)
		p.results(2)
		p.click("#clear")
		p.waitFor(`document.querySelector("input[type=file]") && !document.querySelector("#items")`)
		assert.Equal(t, "null", p.str(`document.querySelector("#samples")`))
		assert.Contains(t, p.str(`document.querySelector(".requests .term").textContent`), "0 requests")
		p.requireClean()

		p.str(`fetch("samples/index.json")`)
		p.waitFor(`document.querySelector(".requests .term").textContent.startsWith("1 request ")`) // the count can rise
	}
}
