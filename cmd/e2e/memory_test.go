//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	dom "github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mega = 1 << 20

// heap is the memory of one JavaScript heap after a collection, in MB: objects, and the memories of wasm programs, which only grow.
type heap struct{ js, wasm float64 }

func (h heap) String() string { return fmt.Sprintf("%.1f+%.1f", h.js, h.wasm) }

// memory is what the page holds: its own heap, that of each worker, and the resident memory of its renderer process, of which they are parts.
type memory struct {
	page    heap
	workers []heap
	rss     float64
}

func (m memory) String() string {
	return fmt.Sprintf("page %v, workers %v (JS+wasm), renderer %.0f MB", m.page, m.workers, m.rss)
}

// all is the sum of what the page and its workers hold.
func (m memory) all() float64 {
	sum := m.page.js + m.page.wasm
	for _, w := range m.workers {
		sum += w.js + w.wasm
	}
	return sum
}

// heapOf collects garbage and measures. The wasm programs keep their memories to themselves, so the browser is asked for all there are.
func heapOf(t *testing.T, s cdp.Session, p *tab) heap {
	t.Helper()
	_, err := cdp.Call(p.ctx, s, heapprofiler.CollectGarbage, cdp.Empty{})
	require.NoError(t, err)
	use, err := cdp.Call(p.ctx, s, runtime.GetHeapUsage, cdp.Empty{})
	require.NoError(t, err)
	proto, err := cdp.Call(p.ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: "WebAssembly.Memory.prototype", ObjectGroup: "memory"})
	require.NoError(t, err)
	list, err := cdp.Call(p.ctx, s, runtime.QueryObjects, runtime.QueryObjectsParams{PrototypeObjectID: proto.Result.ObjectID, ObjectGroup: "memory"})
	require.NoError(t, err)
	sum, err := cdp.Call(p.ctx, s, runtime.CallFunctionOn, runtime.CallFunctionOnParams{ObjectID: list.Objects.ObjectID,
		FunctionDeclaration: "function () { return String(this.reduce((n, m) => n + m.buffer.byteLength, 0)); }"})
	require.NoError(t, err)
	_, err = cdp.Call(p.ctx, s, runtime.ReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: "memory"})
	require.NoError(t, err)
	wasm, err := strconv.ParseFloat(strings.Trim(string(sum.Result.Value), `"`), 64)
	require.NoError(t, err)
	return heap{use.UsedSize / mega, wasm / mega}
}

// threads are the page's inference workers, as targets of the browser.
func (p *tab) threads() []target.ID {
	p.t.Helper()
	list, err := chromedp.Targets(p.ctx)
	require.NoError(p.t, err)
	var out []target.ID
	for _, i := range list {
		if i.Type == "worker" && strings.HasSuffix(i.URL, "/worker.mjs") {
			out = append(out, i.TargetID)
		}
	}
	slices.Sort(out)
	return out
}

// inside runs f in a session of its own with a worker, as its debugger.
func (p *tab) inside(id target.ID, f func(s cdp.Session)) {
	p.t.Helper()
	ctx, leave := chromedp.NewContext(p.ctx, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	defer leave()
	require.NoError(p.t, chromedp.Do(ctx))
	f(chromedp.FromContext(ctx).Target)
}

func (p *tab) memory() memory {
	p.t.Helper()
	m := memory{page: heapOf(p.t, chromedp.FromContext(p.ctx).Target, p), rss: renderer(p.t, p)}
	for _, id := range p.threads() {
		p.inside(id, func(s cdp.Session) { m.workers = append(m.workers, heapOf(p.t, s, p)) })
	}
	return m
}

// renderer is the resident memory of the largest renderer process of the tab's browser, in MB: that of the page, with its workers.
func renderer(t *testing.T, p *tab) float64 {
	t.Helper()
	browser := strconv.Itoa(chromedp.FromContext(p.ctx).Browser.Process().Pid)
	children, pages := map[string][]string{}, map[string]float64{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, dir := range dirs {
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		pid, rest := filepath.Base(dir), strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		children[rest[1]] = append(children[rest[1]], pid)
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if resident, err := strconv.ParseFloat(rest[21], 64); err == nil && strings.Contains(string(line), "--type=renderer") {
			pages[pid] = resident * float64(os.Getpagesize()) / mega
		}
	}
	most := 0.0
	for queue := []string{browser}; len(queue) > 0; queue = queue[1:] {
		most = max(most, pages[queue[0]])
		queue = append(queue, children[queue[0]]...)
	}
	return most
}

// blobs is how many bytes the page's own large Blobs have, after a collection.
func (p *tab) blobs() float64 {
	p.t.Helper()
	s := chromedp.FromContext(p.ctx).Target
	for range 20 { // Go's collector comes every few rounds
		p.show("history")
		p.show("teach")
	}
	_, err := cdp.Call(p.ctx, s, heapprofiler.CollectGarbage, cdp.Empty{})
	require.NoError(p.t, err)
	proto, err := cdp.Call(p.ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: "Blob.prototype", ObjectGroup: "blobs"})
	require.NoError(p.t, err)
	list, err := cdp.Call(p.ctx, s, runtime.QueryObjects, runtime.QueryObjectsParams{PrototypeObjectID: proto.Result.ObjectID, ObjectGroup: "blobs"})
	require.NoError(p.t, err)
	sum, err := cdp.Call(p.ctx, s, runtime.CallFunctionOn, runtime.CallFunctionOnParams{ObjectID: list.Objects.ObjectID,
		FunctionDeclaration: "function () { return String(this.reduce((n, b) => n + (b === File.prototype || b instanceof File || b.size < 1e5 ? 0 : b.size), 0)); }"})
	require.NoError(p.t, err)
	_, err = cdp.Call(p.ctx, s, runtime.ReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: "blobs"})
	require.NoError(p.t, err)
	n, err := strconv.ParseFloat(strings.Trim(string(sum.Result.Value), `"`), 64)
	require.NoError(p.t, err)
	return n
}

// TestTeachingOnAFullDeviceIsForgotten: features that the device has no room for are in memory, until the teaching is given up.
func TestTeachingOnAFullDeviceIsForgotten(t *testing.T) {
	t.Parallel()
	good, _ := brackets(t, 5, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.quota(1)
	p.show("teach")
	before := p.blobs()
	for range 3 {
		p.choose(good...)
		p.waitFor(`document.querySelectorAll(".shot").length === 5 && !document.querySelector(".shot.waiting")`)
		p.click("#teach-clear")
		p.waitFor(`!document.querySelector(".shot")`)
	}
	after := p.blobs()
	t.Logf("%.1f MB before, %.1f after", before/mega, after/mega)
	assert.Less(t, after, before+mega)
}

// TestViewsLeaveNothing goes from view to view, and compares the nodes and listeners that the browser has with those after the first rounds. A view that
// something still holds costs hundreds of nodes each time; what has only gone waits for Go's collector, which comes every few rounds. Canvases give up
// their pixels at once.
func TestViewsLeaveNothing(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	target := chromedp.FromContext(p.ctx).Target
	least := func(rounds int) (out dom.GetDOMCountersResult) {
		for i := range rounds {
			p.waitFor(`document.querySelector(".picture")?.dataset.shown && document.querySelector("#heat").width > 1`)
			p.str(`(() => { globalThis.canvases = [...document.querySelectorAll("canvas.picture, #heat")]; location.hash = "#/history"; })()`)
			p.waitFor(`!document.querySelector(".picture")`)
			assert.Equal(t, "2 canvases, 0 pixels", p.str("`${canvases.length} canvases, ${Math.max(...canvases.map((c) => c.width * c.height))} pixels`"))
			p.str(`(() => { delete globalThis.canvases; location.hash = "#/inspect"; })()`)
			_, err := cdp.Call(p.ctx, target, heapprofiler.CollectGarbage, cdp.Empty{})
			require.NoError(t, err)
			n, err := cdp.Call(p.ctx, target, dom.GetDOMCounters, cdp.Empty{})
			require.NoError(t, err)
			if i == 0 || n.Nodes < out.Nodes {
				out = n
			}
		}
		return out
	}
	first, last := least(20), least(20)
	t.Logf("after 20 rounds %d nodes and %d listeners, after 40 %d and %d", first.Nodes, first.JsEventListeners, last.Nodes, last.JsEventListeners)
	assert.Less(t, last.Nodes, first.Nodes+4000, "nodes")
	assert.Less(t, last.JsEventListeners, first.JsEventListeners+100, "listeners")
}
