//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// coldRuns is how many fresh browsers look at each site.
const coldRuns = 5

// watchCold notes when the page's program has drawn, when the model is ready and when the first verdict is there, in
// milliseconds since the navigation began. It asks for the samples as soon as that is possible.
const watchCold = `globalThis.cold = {};
	new MutationObserver(() => {
		const seen = (name, yes) => { if (yes && !cold[name]) cold[name] = performance.now(); };
		seen("drawn", document.querySelector(".page"));
		seen("ready", document.documentElement?.dataset.state === "ready");
		seen("score", document.querySelector("[data-verdict]"));
		document.querySelector("#samples")?.click();
	}).observe(document, {subtree: true, childList: true, attributes: true});`

// TestColdStart measures the first visit with an empty cache. COLD lists finished sites, which are visited in turn, so that a
// busy machine is equally busy for all; COLD_DELAY is added to every request, for a server that is far away:
//
//	COLD=/tmp/before,/tmp/after COLD_DELAY=60ms go test -tags e2e ./cmd/e2e -run ColdStart -v
func TestColdStart(t *testing.T) {
	dirs := os.Getenv("COLD")
	if dirs == "" {
		t.Skip("a measurement; set COLD to finished sites")
	}
	var delay time.Duration
	if v := os.Getenv("COLD_DELAY"); v != "" {
		var err error
		delay, err = time.ParseDuration(v)
		require.NoError(t, err)
	}
	sites := strings.Split(dirs, ",")
	times := map[string][]float64{}
	for range coldRuns {
		for _, dir := range sites {
			t.Run("visit", func(t *testing.T) {
				srv := serve(t, dir)
				near := srv.Config.Handler
				srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(delay)
					near.ServeHTTP(w, r)
				})
				p := blank(t, srv, desktop)
				call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchCold})
				p.navigate()
				p.waitFor(`cold.score && cold.ready`)
				for _, what := range []string{"drawn", "ready", "score"} {
					ms, err := strconv.ParseFloat(p.str(`cold.`+what), 64)
					require.NoError(t, err)
					times[dir+" "+what] = append(times[dir+" "+what], ms)
				}
			})
		}
	}
	for _, dir := range sites {
		for _, what := range []string{"drawn", "ready", "score"} {
			v := times[dir+" "+what]
			slices.Sort(v)
			t.Logf("%-24s %-6s median %4.0f ms, %.0f", dir, what, v[len(v)/2], v)
		}
	}
}

// TestStoredStart measures how long a browser takes from its start of navigation to the first verdict when the page is on the device and the server
// is gone: each run installs the page in a fresh profile, ends the browser and starts it again. COLD lists sites as for TestColdStart; the first
// address parameter of COLD_QUERY, such as ?kiosk, goes to every page.
func TestStoredStart(t *testing.T) {
	dirs := os.Getenv("COLD")
	if dirs == "" {
		t.Skip("a measurement; set COLD to finished sites")
	}
	sites := strings.Split(dirs, ",")
	times := map[string][]float64{}
	for range coldRuns {
		for _, dir := range sites {
			t.Run("visit", func(t *testing.T) {
				srv := serve(t, dir)
				profile := chromedp.UserDataDir(t.TempDir())
				first := open(t, srv, desktop, profile)
				require.NoError(t, chromedp.Cancel(first.ctx))
				srv.Close()
				p := blank(t, srv, desktop, profile)
				call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchCold})
				require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/"+os.Getenv("COLD_QUERY"))))
				p.waitFor(`cold.score && cold.ready`)
				for _, what := range []string{"drawn", "ready", "score"} {
					ms, err := strconv.ParseFloat(p.str(`cold.`+what), 64)
					require.NoError(t, err)
					times[dir+" "+what] = append(times[dir+" "+what], ms)
				}
			})
		}
	}
	for _, dir := range sites {
		for _, what := range []string{"drawn", "ready", "score"} {
			v := times[dir+" "+what]
			slices.Sort(v)
			t.Logf("%-24s %-6s median %4.0f ms, %.0f", dir, what, v[len(v)/2], v)
		}
	}
}
