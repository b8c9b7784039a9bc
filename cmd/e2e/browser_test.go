//go:build e2e

// Package e2e tests the finished page in a real Chromium:
//
//	go test -tags e2e ./cmd/e2e
//
// Environment: CHROMIUM is the browser (default /usr/bin/chromium), SITE a finished site to test (default: build one), SHOTS a
// folder for screenshots (default: none are taken).
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
)

var (
	builtOnce sync.Once
	builtDir  string
	errBuild  error
)

// siteDir returns a finished site, built once per run.
func siteDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SITE"); dir != "" {
		return dir
	}
	builtOnce.Do(func() {
		builtDir = filepath.Join(os.TempDir(), fmt.Sprintf("anomnet-e2e-%d", os.Getpid()))
		errBuild = site.Build(context.Background(), builtDir, &site.Options{Version: "e2e", NoCompress: true})
	})
	require.NoError(t, errBuild)
	return builtDir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if builtDir != "" {
		os.RemoveAll(builtDir)
	}
	os.Exit(code)
}

// siteWithModel copies a site and puts other model files in, to test with another part.
func siteWithModel(t *testing.T, backbone, head []byte) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(siteDir(t))))
	models := filepath.Join(dir, "models")
	require.NoError(t, os.WriteFile(filepath.Join(models, "test-backbone.anomnet"), backbone, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(models, "test-head.anomnet"), head, 0o644))
	for _, suffix := range []string{".br", ".gz"} {
		os.Remove(filepath.Join(models, "index.json"+suffix)) // a stale variant would win
	}
	index := `{"backbone":"test-backbone.anomnet","head":"test-head.anomnet"}`
	require.NoError(t, os.WriteFile(filepath.Join(models, "index.json"), []byte(index), 0o644))
	return dir
}

// server serves a site and counts requests, those of workers included.
type server struct {
	*httptest.Server
	hits   atomic.Int64
	checks atomic.Int64 // by the browser itself, for a new service worker; not in hits
	paths  sync.Map     // of hits, for messages
}

// count notes a request. A browser asks for the service worker's script at each visit, whether a page wants it or not, and with nothing in it.
func (s *server) count(r *http.Request) {
	if r.Header.Get("Service-Worker") == "script" {
		s.checks.Add(1)
		return
	}
	s.paths.Store(s.hits.Add(1), r.Method+" "+r.URL.RequestURI())
}

// since lists the hits after the nth.
func (s *server) since(n int64) (out []string) {
	for i := n + 1; i <= s.hits.Load(); i++ {
		if path, ok := s.paths.Load(i); ok {
			out = append(out, path.(string))
		}
	}
	return out
}

func serve(t *testing.T, dir string) *server {
	t.Helper()
	s := &server{}
	h := site.Handler(os.DirFS(dir))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(r)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// browser starts a fresh Chromium with one tab.
func browser(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	exe := os.Getenv("CHROMIUM")
	if exe == "" {
		exe = "/usr/bin/chromium"
	}
	limit := 3 * time.Minute
	if os.Getenv("SOAK") != "" {
		limit = 48 * time.Hour
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	options := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(exe), chromedp.Flag("headless", true), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("lang", "en-US"), chromedp.WindowSize(1280, 800), chromedp.UserDataDir(t.TempDir())}, flags...)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx))
	return ctx
}

// tab is the page under test with everything that it did wrong.
type tab struct {
	t   *testing.T
	ctx context.Context
	srv *server

	mu       sync.Mutex
	ready    bool
	requests []string // after ready, seen by the browser
	problems []string // exceptions, errors in the console, violations of the security policy
	hits     int64    // server requests when ready
}

// look is how a page is looked at.
type look struct {
	width, height int64
	dark, mobile  bool
}

var desktop = look{width: 1280, height: 800}

// open loads the page and waits until the model is ready.
func open(t *testing.T, srv *server, l look, flags ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	p := load(t, srv, l, flags...)
	p.waitFor(`document.documentElement.dataset.state !== "loading"`)
	if state := p.str(`document.documentElement.dataset.state`); state != "ready" {
		p.waitFor(`document.querySelector(".failure, .shell[role=alert]")`)
		require.Fail(t, "state "+state, "%s\n%s", p.problemList(), p.str(`document.body.innerText`))
	}
	p.mu.Lock()
	p.ready = true
	p.mu.Unlock()
	p.hits = srv.hits.Load()
	return p
}

// load only navigates.
func load(t *testing.T, srv *server, l look, flags ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	p := blank(t, srv, l, flags...)
	p.navigate()
	return p
}

// blank starts a browser that has not been anywhere.
func blank(t *testing.T, srv *server, l look, flags ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	p := &tab{t: t, ctx: browser(t, flags...), srv: srv}
	require.NoError(t, chromedp.Listen(p.ctx, p.event))
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	p.leaveServiceWorkers()
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `try { localStorage["anomnet-settings"] ??= '{"toured":true}'; } catch {} // hints are for TestTour
			globalThis.violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective + " " + e.blockedURI));
			globalThis.workers = [];
			globalThis.Worker = class extends globalThis.Worker { constructor(...args) { super(...args); if (String(args[0]).endsWith("/worker.mjs")) workers.push(this); } };`})
	p.look(l)
	return p
}

// leaveServiceWorkers takes the debugger off the service workers: with it Chromium may never end one, and the next one, and all its pages, wait.
func (p *tab) leaveServiceWorkers() {
	yes := true
	call(p, target.SetAutoAttach, target.SetAutoAttachParams{})
	call(p, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, Flatten: &yes, Filter: target.Filter{{Type: "service_worker", Exclude: true}, {}}})
}

func (p *tab) navigate() {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Navigate(p.srv.URL+"/")))
}

// call sends a protocol command to the tab.
func call[P, R any](p *tab, cmd cdp.Command[P, R], params P) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, cmd, params)
	require.NoError(p.t, err)
}

// event collects what must not happen. It runs in the browser's reader and only takes notes.
func (p *tab) event(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		// The icon in a date field is the browser's own, and those of the installed page come when it likes, from the service worker.
		if p.ready && !strings.HasPrefix(e.Request.URL, "data:") && !strings.Contains(e.Request.URL, "/assets/icons/") {
			p.requests = append(p.requests, e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			text, _ := json.Marshal(e.Args)
			p.problems = append(p.problems, "console: "+string(text))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.problems = append(p.problems, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (p *tab) problemList() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.problems, "\n")
}

// requireClean fails when the page made a request after ready, broke its security policy or reported an error.
func (p *tab) requireClean() {
	p.t.Helper()
	violations, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`violations`))
	require.NoError(p.t, err)
	require.Empty(p.t, violations, "security policy")
	require.Empty(p.t, p.problemList())
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Empty(p.t, p.requests, "requests after ready")
	require.Equal(p.t, p.hits, p.srv.hits.Load(), "requests after ready, seen by the server: %q", p.srv.since(p.hits))
}

func (p *tab) look(l look) {
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.mobile})
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// str evaluates an expression to a string.
func (p *tab) str(js string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`String(`+js+`)`))
	require.NoError(p.t, err, js)
	return s
}

// waitFor polls a condition; a timer, because a page in the background draws no frames.
func (p *tab) waitFor(js string) {
	p.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		if p.str(`Boolean(`+js+`)`) == "true" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.Fail(p.t, "timeout", "%s\nstate %s\n%s", js, p.str(`document.documentElement.dataset.state`), p.problemList()+p.str(`document.body.innerText`))
}

func (p *tab) click(css string) {
	p.t.Helper()
	p.settle(css)
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Click(chromedp.CSS(css))))
}

// settle waits until an element stays where it is and nothing lies over it: a click goes to a place on the screen, and the page may move, or a dialog close,
// while it is on its way. It gives up after half a second: some things never rest.
func (p *tab) settle(css string) {
	p.t.Helper()
	js := `(() => {
		const e = document.querySelector(` + strconv.Quote(css) + `), r = e?.getBoundingClientRect();
		const top = r && document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
		return !r || top && !top.contains(e) && !e.contains(top) ? "" : [r.x, r.y, r.width, r.height].join();
	})()`
	last := ""
	for range 25 {
		now := p.str(js)
		if now != "" && now == last {
			return
		}
		last = now
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *tab) press(keys string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.KeyEvent(keys)))
}

// toFirst selects the first of at most n images by the keyboard. Unless a person chooses, that one is selected which is finished first.
func (p *tab) toFirst(n int) {
	p.t.Helper()
	for range n - 1 {
		p.press("k")
	}
	p.waitFor(`document.querySelector("#items [aria-selected=true]").ariaPosInSet === "1"`)
}

// choose gives files to the page's file input.
func (p *tab) choose(files ...string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), files)))
}

// upload gives files to one of the page's file inputs.
func (p *tab) upload(css string, files ...string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS(css), files)))
}

// drag moves files over the window and, when drop is set, lets them go.
func (p *tab) drag(drop bool, files ...string) {
	p.t.Helper()
	kinds := []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver}
	if drop {
		kinds = append(kinds, input.DispatchDragEventTypeDrop)
	}
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, k := range kinds {
		call(p, input.DispatchDragEvent, input.DispatchDragEventParams{Type: k, X: 200, Y: 300, Data: data})
	}
}

// result is what the page shows for one image, read from its data attributes.
type result struct {
	Name    string `json:"name"`
	RawBits string `json:"rawBits"` // decimal uint32, "" without a verdict
	Verdict string `json:"verdict"`
	Error   string `json:"error"`
}

// finished counts the images with a verdict or an error, whether their tiles are in the document or not.
const finished = `[...document.querySelectorAll(".filter:not(.all) .count")].reduce((n, e) => n + Number(e.textContent), 0)`

// walkList scrolls through the list, which holds only the tiles in sight, and returns what all of them say, in order.
const walkList = `(async () => {
	const list = document.querySelector("#items"), side = list.classList.contains("grid") ? "Top" : "Left", seen = new Map();
	const tiles = () => [...list.querySelectorAll("[data-name]")];
	const look = () => tiles().forEach((e) => seen.set(Number(e.ariaPosInSet),
		{name: e.dataset.name, rawBits: e.dataset.rawBits ?? "", verdict: e.dataset.verdict ?? "", error: e.dataset.error ?? ""}));
	look();
	const at = list["scroll" + side], step = side === "Top" ? list.clientHeight : list.clientWidth;
	for (let x = 0; seen.size < Number(tiles()[0].ariaSetSize); x = (x + step) % (step + (side === "Top" ? list.scrollHeight : list.scrollWidth))) {
		list["scroll" + side] = x;
		await new Promise((r) => setTimeout(r, 50));
		look();
	}
	list["scroll" + side] = at;
	return [...seen.keys()].sort((a, b) => a - b).map((k) => seen.get(k));
})()`

// results waits until n images are finished and returns all that are shown, in the order of the list.
func (p *tab) results(n int) []result {
	p.t.Helper()
	p.waitFor(fmt.Sprintf(finished+` >= %d`, n))
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]result](walkList, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
	return out
}

// shot writes a screenshot when SHOTS is set.
func (p *tab) shot(name string) {
	p.t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(400 * time.Millisecond) // transitions
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	require.NoError(p.t, os.MkdirAll(dir, 0o755))
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
