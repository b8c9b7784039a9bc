//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/pack"
	"anomnet/cmd/internal/site"
	"anomnet/core/catalogue"
	"anomnet/core/signature"
)

// packed is a site whose server offers the site's own part, a taught one, and one with a backbone of its own, signed.
func packed(t *testing.T, s *signer, counter uint64) (dir string, p *pack.Pack) {
	t.Helper()
	backbone, own := modelFiles(t, siteDir(t))
	head := taught(t)
	both, _ := exampleParts(t)
	now := time.Now()
	p, err := pack.Build([]pack.File{{Name: "backbone.anomnet", Data: backbone}, {Name: "washer.anomnet", Data: own}, {Name: "example.anomnet", Data: both},
		{Name: "bracket.anomnet", Data: head, Sig: s.sign(head, counter, now, time.Time{}, "Bracket")}}, &pack.Options{Head: "washer.anomnet", Counter: counter, Date: now})
	require.NoError(t, err)
	dir = t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(siteDir(t))))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "models")))
	p.Blobs[catalogue.IndexName], p.Blobs[catalogue.KeyName] = p.Index, s.pub
	p.Blobs[catalogue.SignatureName] = s.statement(p.Index, signature.Statement{Kind: signature.Catalogue, Counter: counter, Date: p.Catalogue.Date})
	for name, data := range p.Blobs {
		path := filepath.Join(dir, "models", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	return dir, p
}

// fault is what a server does wrong with a path that has this in it.
type fault struct {
	mu         sync.Mutex
	path, does string
	asked      map[string]int
}

func (f *fault) set(path, does string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.path, f.does, f.asked = path, does, map[string]int{}
}

func (f *fault) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// faulty serves a site with a fault.
func faulty(t *testing.T, dir string) (*server, *fault) {
	t.Helper()
	f := &fault{asked: map[string]int{}}
	s := &server{}
	h := site.Handler(os.DirFS(dir))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		f.mu.Lock()
		f.asked[r.URL.Path]++
		does := ""
		if f.path != "" && strings.Contains(r.URL.Path, f.path) {
			does = f.does
		}
		f.mu.Unlock()
		switch does {
		case "":
			h.ServeHTTP(w, r)
		case "half": // the connection ends in the middle
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.Write(make([]byte, 1000))
		case "changed":
			_, _ = w.Write([]byte("something else"))
		case "hang":
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	return s, f
}

// end lets nobody in before it closes what is open: Chromium sends a request again whose connection is closed.
func (s *server) end() {
	s.Listener.Close()
	s.CloseClientConnections()
}

const offer = `document.querySelector('[data-name="bracket.anomnet"]')`

// look asks the server for its models.
func (p *tab) lookAtOffers() {
	p.t.Helper()
	p.show("models")
	p.click("#offers-look")
}

// TestOffers trusts the key of a server's signed index and gets a part, over a connection that breaks, changes a byte, and hangs.
func TestOffers(t *testing.T) {
	s := newSigner(t)
	dir, pk := packed(t, s, 5)
	srv, f := faulty(t, dir)
	m := pk.Catalogue.Models[1]
	require.Equal(t, "bracket.anomnet", m.Name)
	blob := m.Chunks[0].SHA256

	p := open(t, srv, desktop)
	p.lookAtOffers()
	p.waitFor(offer)
	assert.Contains(t, p.str(`document.querySelector("#offers-trust").textContent`), "Nobody vouches")
	assert.Equal(t, s.print, p.str(`document.querySelector("#pin-print").textContent`))
	for name, l := range looks() {
		p.look(l)
		p.shot("offers-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	axe := axeSource(t)
	p.str(`(() => { ` + axe + `; return 1; })()`)
	p.audit("models-offers")
	p.fill("#pin-label", "Head office")
	p.click("#pin-yes")
	p.waitFor(`document.querySelector("#offers-trust")?.textContent.includes("Signed by Head office")`)

	get := func(does, says string) {
		f.set(blob, does)
		p.click(`[data-name="bracket.anomnet"] .offer-get`)
		p.waitFor(problem + `?.includes("` + says + `")`)
	}
	get("half", "not to the end")
	p.shot("offers-half")
	get("changed", "came changed")
	f.set(blob, "hang")
	p.click(`[data-name="bracket.anomnet"] .offer-get`)
	p.click(`[data-name="bracket.anomnet"] .offer-stop`)
	p.waitFor(`document.querySelector("#models-said")?.textContent.includes("can go on later")`)
	f.set("", "")
	p.click(`[data-name="bracket.anomnet"] .offer-get`)
	p.waitFor(partChip + ` === "Signed: Head office"`)
	p.waitFor(offer + `.textContent.includes("on this device")`)

	p.click(`[data-name="example.anomnet"] .offer-get`)
	p.waitFor(`document.querySelector('[data-name="example.anomnet"]').textContent.includes("on this device")`)
	p.shot("offers-done")
	p.click(`[data-part="Bracket"] .use`)
	p.waitFor(chip + ` === "Signed: Head office"`)
	p.show("inspect")
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	require.Len(t, p.results(1), 1)

	older, _ := packed(t, s, 4)
	require.NoError(t, os.CopyFS(dir, os.DirFS(emptied(t, dir, older))))
	p.lookAtOffers()
	p.waitFor(problem + `?.includes("accepted a newer one")`)
	f.set("index.json", "changed")
	p.lookAtOffers()
	p.waitFor(`document.querySelector("#models-problem") && !document.querySelector("#offers-look").disabled`)
	srv.end()
	p.lookAtOffers()
	p.waitFor(problem + `?.includes("did not answer")`)
	p.show("inspect")
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	require.Len(t, p.results(2), 2, "inspection goes on without the server")
}

// emptied removes the models of a site and returns another one, for os.CopyFS, which replaces nothing.
func emptied(t *testing.T, dir, other string) string {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	return other
}

// TestOffersGoOn closes the page in the middle of a download, and goes on with the chunk that is there.
func TestOffersGoOn(t *testing.T) {
	s := newSigner(t)
	dir, pk := packed(t, s, 5)
	srv, f := faulty(t, dir)
	p := open(t, srv, desktop)
	p.lookAtOffers()
	p.waitFor(offer)
	p.click("#pin-no")
	b := pk.Catalogue.Models[1]
	f.set(b.Signature, "hang") // the chunk comes, the signature does not
	p.click(`[data-name="bracket.anomnet"] .offer-get`)
	p.waitFor(`document.querySelector('[data-name="bracket.anomnet"] progress')?.value > 0`)
	p.reload()
	f.set("", "")
	p.lookAtOffers()
	p.waitFor(offer + `?.textContent.includes("Go on")`)
	p.click("#pin-no")
	p.click(`[data-name="bracket.anomnet"] .offer-get`)
	p.waitFor(partChip + ` === "Unknown signer"`)
	assert.Zero(t, f.count("/models/sha256/"+b.Chunks[0].SHA256), "the chunk was not fetched again")
}

// TestOffersWithdrawn: what was fetched of a part that the server then withdraws goes, none of it is kept twice, and an index that was signed
// before is not held against its old signature when the server cannot be reached.
func TestOffersWithdrawn(t *testing.T) {
	s := newSigner(t)
	dir, pk := packed(t, s, 5)
	list, err := site.Relist(os.DirFS(dir), nil, "models") // without it there is no service worker
	require.NoError(t, err)
	for name, data := range list {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
		os.Remove(filepath.Join(dir, name+".br"))
		os.Remove(filepath.Join(dir, name+".gz"))
	}
	srv, f := faulty(t, dir)
	p := open(t, srv, desktop)
	require.Len(t, p.swState("current"), 64)
	p.lookAtOffers()
	p.waitFor(offer)
	p.click("#pin-no")
	b := pk.Catalogue.Models[1]
	f.set(b.Signature, "hang")
	p.click(`[data-name="bracket.anomnet"] .offer-get`)
	p.waitFor(`document.querySelector('[data-name="bracket.anomnet"] progress')?.value > 0`)
	p.click(`[data-name="bracket.anomnet"] .offer-stop`)
	p.waitFor(`document.querySelector("#models-said")?.textContent.includes("can go on later")`)
	chunks := func() string {
		return p.later(`await (async () => { let n = 0; for await (const _ of (await (await navigator.storage.getDirectory()).getDirectoryHandle("chunks")).keys()) n++; return n; })()`)
	}
	require.Equal(t, "1", chunks())
	assert.Equal(t, "false", p.later(`(await (await caches.open("anomnet-models")).keys()).some((r) => r.url.includes("`+b.Chunks[0].SHA256+`"))`), "once is enough")

	f.set("", "")
	pk.Catalogue.Models = slices.Delete(pk.Catalogue.Models, 1, 2)
	index, err := pk.Catalogue.Encode()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "models", catalogue.IndexName), index, 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "models", catalogue.SignatureName)))
	gone := `!document.querySelector("#offers-look").disabled && document.querySelector(".offer") && !` + offer
	p.click("#offers-look")
	p.waitFor(gone)
	assert.Equal(t, "0", chunks())
	srv.end()
	p.click("#offers-look")
	p.waitFor(problem)
	assert.Contains(t, p.str(problem), "did not answer")
}
