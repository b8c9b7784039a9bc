//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

// workerSeconds is the processor time of all worker threads of the browsers below this process. It does not depend on what else the machine does.
func workerSeconds() float64 {
	sum := 0.0
	stats, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), "(DedicatedWorker") || !ours(strings.Split(path, "/")[2]) {
			continue
		}
		f := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		for _, i := range []int{11, 12} { // utime and stime in hundredths of a second
			n, _ := strconv.ParseFloat(f[i], 64)
			sum += n / 100
		}
	}
	return sum
}

// ours tells whether a process descends from this one.
func ours(pid string) bool {
	for range 16 {
		if pid == strconv.Itoa(os.Getpid()) {
			return true
		}
		data, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			return false
		}
		pid = strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))[1]
	}
	return false
}

// TestTeachingTime logs how long teaching takes, from the drop to the result, with the processor time of the workers beside it: on a machine
// that does other things too, only that says something. TEACH_TIMES=20,100 makes it measure with so many images; it fails on no figure.
func TestTeachingTime(t *testing.T) {
	if os.Getenv("TEACH_TIMES") == "" {
		t.Skip("SKIPPED, NOT MEASURED: set TEACH_TIMES=20,100")
	}
	for number := range strings.SplitSeq(os.Getenv("TEACH_TIMES"), ",") {
		n, err := strconv.Atoi(number)
		require.NoError(t, err)
		good, _ := brackets(t, n+1, 0)
		p := open(t, serve(t, siteDir(t)), desktop)
		p.show("teach")
		cpu := workerSeconds()
		took := p.teachPart("Bracket", good[:n])
		t.Logf("%d images: %.1f s from drop to result, %.1f s of the workers", n, took.Seconds(), workerSeconds()-cpu)
		p.click("#teach-save")
		p.waitFor(`document.querySelector("#teach-saved")`)
		p.click("#teach-inspect")
		p.waitFor(`document.querySelector(".notice.loaded")`)
		p.choose(good[n])
		p.results(1)
		cpu = workerSeconds()
		start := time.Now()
		p.press("g")
		p.waitFor(`document.querySelector("#correct-said")?.textContent.includes("v2")`)
		t.Logf("%d images: %.1f s from the click to the new version in use, %.1f s of the workers", n, time.Since(start).Seconds(), workerSeconds()-cpu)
	}
}

// TestTwoTabsKeepModels teaches and imports in two tabs of one browser at once: both are kept, and each tab shows what the other did.
func TestTwoTabsKeepModels(t *testing.T) {
	write := writer(t)
	head := taught(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("models")
	ctx, cancel := chromedp.NewContext(p.ctx)
	t.Cleanup(cancel)
	q := &tab{t: t, ctx: ctx, srv: p.srv}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(p.srv.URL+"/#/models")))
	q.waitFor(`document.documentElement.dataset.state === "ready"`)
	file := write("bracket.anomnet", head)
	p.upload("#models-import", file)
	q.upload("#models-import", file)
	for _, tab := range []*tab{p, q} {
		tab.waitFor(`document.querySelectorAll(".models article[data-part=Bracket]").length === 1`)
	}
	for i, tab := range []*tab{p, q} {
		tab.waitFor(`document.querySelector("#models-said, #models-problem")`)
		assert.Equal(t, "null", tab.str(`document.querySelector("#models-problem")?.textContent ?? null`), i)
	}
	assert.Equal(t, "1", p.async(`(async () => { let n = 0; const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
		for await (const _ of dir.keys()) n++; return String(n); })()`), "one file for one head")
	q.click(".models .delete")
	q.waitFor(`document.querySelector(".delete-yes")`)
	q.click(".delete-yes")
	for _, tab := range []*tab{q, p} {
		tab.waitFor(`!document.querySelector(".models article[data-part]")`)
	}
	assert.Empty(t, p.problemList())
}

// TestImportRefusesWhatIsNoPart imports damaged and foreign files: each is named, nothing is kept.
func TestImportRefusesWhatIsNoPart(t *testing.T) {
	write := writer(t)
	changed := taught(t)
	changed[len(changed)/2] ^= 1
	_, foreign := exampleParts(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("models")
	for code, file := range map[string]string{protocol.CodeModelCorrupt: write("changed.anomnet", changed), protocol.CodeModelMismatch: write("foreign.anomnet", foreign)} {
		p.upload("#models-import", file)
		p.waitFor(fmt.Sprintf(`document.querySelector(".models .details")?.textContent.includes(%q)`, filepath.Base(file)))
		says := map[string]string{protocol.CodeModelCorrupt: "damaged", protocol.CodeModelMismatch: "another backbone"}[code]
		assert.Contains(t, p.str(`document.querySelector("#models-problem").textContent`), says)
	}
	assert.Equal(t, "null", p.str(`document.querySelector(".models article[data-part]")`))
	p.requireClean()
}
