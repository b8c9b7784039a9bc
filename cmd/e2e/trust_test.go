//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/signature"
)

// signer signs files with a key of its own.
type signer struct {
	t      *testing.T
	secret minisign.PrivateKey
	pub    []byte
	print  string
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	public, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	pub, err := public.MarshalText()
	require.NoError(t, err)
	k, err := signature.ParseKey(public.String(), "", signature.FromUser)
	require.NoError(t, err)
	return &signer{t, secret, pub, k.Fingerprint()}
}

// sign returns the signature file of a model; a zero time is never.
func (s *signer) sign(data []byte, counter uint64, at, expires time.Time, name string) []byte {
	s.t.Helper()
	return s.statement(data, signature.Statement{Kind: signature.Model, Counter: counter, Date: at.UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second), Name: name})
}

func (s *signer) statement(data []byte, st signature.Statement) []byte {
	s.t.Helper()
	line, err := st.Comment()
	require.NoError(s.t, err)
	r := minisign.NewReader(bytes.NewReader(data))
	_, err = io.Copy(io.Discard, r)
	require.NoError(s.t, err)
	return r.SignWithComments(s.secret, line, signature.Untrusted)
}

const (
	chip     = `document.querySelector(".top .trust .term")?.textContent`
	problem  = `document.querySelector("#models-problem")?.textContent`
	partChip = `document.querySelector('[data-part="Bracket"] .trust')?.textContent`
)

// importFiles gives files to the button of Models.
func (p *tab) importFiles(files ...string) {
	p.t.Helper()
	p.show("models")
	p.upload("#models-import", files...)
}

// trustKey gives a public key and trusts it.
func (p *tab) trustKey(file, label, print string) {
	p.t.Helper()
	p.upload("#models-key", file)
	p.waitFor(`document.querySelector("#pin-print")`)
	assert.Equal(p.t, print, p.str(`document.querySelector("#pin-print").textContent`))
	p.fill("#pin-label", label)
	p.shot("trust-pin")
	p.click("#pin-yes")
	p.waitFor(`document.querySelector("#models-said")?.textContent.includes("` + label + `")`)
}

// TestSignedParts drops a signed part, trusts its key, takes that back, exports it, and looks at what the records say.
func TestSignedParts(t *testing.T) {
	write := writer(t)
	head, s := taught(t), newSigner(t)
	now := time.Now()
	model, sig, pub := write("bracket.anomnet", head), write("bracket.anomnet.minisig", s.sign(head, 3, now, time.Time{}, "Bracket")), write("line4.pub", s.pub)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))

	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector(".partname strong")`)
	assert.Equal(t, "null", p.str(chip+` ?? null`), "the page's own part")
	p.drag(true, model, sig, washer)
	p.waitFor(chip + ` === "Unknown signer"`)
	p.waitFor(`document.querySelector(".notice .vouch")?.textContent.includes("does not know")`)
	p.results(1)
	p.shot("trust-unknown")

	p.importFiles(model, sig)
	p.waitFor(partChip + ` === "Unknown signer"`)
	p.trustKey(pub, "Line 4", s.print)
	p.waitFor(partChip + ` === "Signed: Line 4"`)
	assert.Equal(t, s.print, p.str(`document.querySelector(".key").dataset.print`))
	for name, l := range looks() {
		p.look(l)
		p.shot("trust-models-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	axe := axeSource(t)
	p.str(`(() => { ` + axe + `; return 1; })()`)
	p.audit("models-signed")
	assert.Equal(t, "Signed: Line 4", p.str(chip), "the part that was dropped is the same")
	p.click("#models-undo")
	p.waitFor(partChip + ` === "Unknown signer"`)
	p.click("#models-undo")
	p.waitFor(partChip + ` === "Signed: Line 4"`)

	dir := p.downloads()
	p.click(`[data-part="Bracket"] .export`)
	_, gotSig := p.downloaded(dir, ".anomnet.minisig")
	_, gotModel := p.downloaded(dir, ".anomnet")
	assert.Equal(t, head, gotModel)
	assert.Equal(t, s.sign(head, 3, now, time.Time{}, "Bracket")[:60], gotSig[:60])
	assert.Equal(t, signature.Signed, signature.Verify(gotModel, gotSig, &signature.Check{Kind: signature.Model, Keys: []signature.Key{s.key()}, Now: now}).State)

	p.reload()
	p.show("models")
	p.waitFor(partChip + ` === "Signed: Line 4"`)
	p.click(`[data-part="Bracket"] .use`)
	p.waitFor(chip + ` === "Signed: Line 4"`)
	p.show("inspect")
	p.choose(washer)
	p.results(1)
	assert.Contains(t, p.str(`document.querySelector(".about").textContent`), "Signed by Line 4 (pinned here)")
	p.shot("trust-inspect")
	p.click("#export-open")
	p.click("#export-csv")
	_, table := p.downloaded(dir, "results.csv")
	assert.Contains(t, string(table), "counter=3 label=Line 4")
	p.show("history")
	p.waitFor(`/Signed: Line 4 \(key=\w+ counter=3\)/.test(document.querySelector(".entries")?.textContent)`)
	assert.Empty(t, p.problemList())
}

// TestKeyAfterTheDrop trusts the key of a part that is in use and not kept: what was said of its signer is not so any more.
func TestKeyAfterTheDrop(t *testing.T) {
	write := writer(t)
	head, s := taught(t), newSigner(t)
	model, sig, pub := write("bracket.anomnet", head), write("bracket.anomnet.minisig", s.sign(head, 3, time.Now(), time.Time{}, "Bracket")), write("line4.pub", s.pub)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.drag(true, model, sig)
	p.waitFor(chip + ` === "Unknown signer"`)
	p.show("models")
	p.trustKey(pub, "Line 4", s.print)
	p.waitFor(chip + ` === "Signed: Line 4"`)
	p.click("#models-undo")
	p.waitFor(chip + ` === "Unknown signer"`)
	assert.Empty(t, p.problemList())
}

// TestKeyOfAnotherTab removes a key in one tab: the other does not trust it any more.
func TestKeyOfAnotherTab(t *testing.T) {
	write := writer(t)
	head, s := taught(t), newSigner(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(write("bracket.anomnet", head), write("bracket.anomnet.minisig", s.sign(head, 3, time.Now(), time.Time{}, "Bracket")))
	p.waitFor(partChip + ` === "Unknown signer"`)
	q := p.second()
	q.show("models")
	p.trustKey(write("line4.pub", s.pub), "Line 4", s.print)
	q.waitFor(partChip + ` === "Signed: Line 4"`)
	p.click("#models-undo")
	p.waitFor(partChip + ` === "Unknown signer"`)
	q.waitFor(partChip + ` === "Unknown signer"`)
	assert.Equal(t, "null", q.str(`document.querySelector(".key")`))
}

func (s *signer) key() signature.Key {
	k, err := signature.ParseKey(string(s.pub), "test", signature.FromUser)
	require.NoError(s.t, err)
	return k
}

// TestRefusedSignatures: each is named with its reason, and the part in use goes on.
func TestRefusedSignatures(t *testing.T) {
	write := writer(t)
	head, s := taught(t), newSigner(t)
	now := time.Now()
	changed := s.sign(head, 9, now, time.Time{}, "Bracket")
	if c := &changed[len(changed)-20]; *c == 'A' { // another letter of base64
		*c = 'B'
	} else {
		*c = 'A'
	}
	model, pub := write("bracket.anomnet", head), write("line4.pub", s.pub)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))

	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(model, write("7.minisig", s.sign(head, 7, now, time.Time{}, "Bracket")))
	p.waitFor(partChip)
	p.trustKey(pub, "Line 4", s.print)
	p.waitFor(partChip + ` === "Signed: Line 4"`)
	for i, c := range []struct {
		name, says string
		sig        []byte
	}{
		{"older counter", "accepted a newer one", s.sign(head, 6, now, time.Time{}, "Bracket")},
		{"changed", "does not fit", changed},
		{"of another file", "does not fit", s.sign(head[1:], 9, now, time.Time{}, "Bracket")},
		{"of another part", "another part", s.sign(head, 9, now, time.Time{}, "Washer")},
		{"not a signature", "damaged or not one", []byte("text")},
	} {
		sig := write("bracket.anomnet.minisig", c.sig)
		p.importFiles(model, sig)
		p.waitFor(problem + `?.includes("` + c.says + `")`)
		p.show("inspect")
		p.drag(true, model, sig, washer)
		p.results(i + 1) // the image waits for the part before it, so what the notice says is of this drop
		notice := p.str(`document.querySelector(".notice.refused")?.textContent`)
		assert.Contains(t, notice, c.says, c.name)
		assert.Contains(t, notice, "stays in use", c.name)
	}
	p.shot("trust-refused")
	p.show("models")
	p.waitFor(partChip + ` === "Signed: Line 4"`)
	p.upload("#models-key", write("bad.pub", []byte("ssh-ed25519 AAAA")))
	p.waitFor(problem + `?.includes("not a public key")`)

	old := now.AddDate(-2, 0, 0)
	p.importFiles(model, write("8.minisig", s.sign(head, 8, old, old.AddDate(1, 0, 0), "Bracket")))
	p.waitFor(partChip + ` === "Signed: Line 4, expired"`)
	p.waitFor(`document.querySelector(".trust-line")?.textContent.includes("It still works")`)
	p.click(`[data-part="Bracket"] .use`)
	p.waitFor(chip + ` === "Signed: Line 4, expired"`)
	p.requireClean()
}

// TestWrongClock: with a clock of 1999 a part whose signature can expire is used, and the page says what is wrong.
func TestWrongClock(t *testing.T) {
	write := writer(t)
	head, s := taught(t), newSigner(t)
	p := blank(t, serve(t, siteDir(t)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `{
		const now = Date.now, off = now() - Date.UTC(1999, 0, 1);
		Date.now = () => now() - off;
	}`})
	p.navigate()
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	now := time.Now()
	p.importFiles(write("bracket.anomnet", head), write("bracket.anomnet.minisig", s.sign(head, 3, now, now.AddDate(1, 0, 0), "Bracket")))
	p.waitFor(partChip)
	p.trustKey(write("line4.pub", s.pub), "Line 4", s.print)
	p.waitFor(partChip + ` === "Signed: Line 4, check the clock"`)
	assert.Contains(t, p.str(`document.querySelector(".trust-line").textContent`), "clock of this device cannot be right")
	p.click(`[data-part="Bracket"] .use`)
	p.waitFor(chip + ` === "Signed: Line 4, check the clock"`)
	p.shot("trust-clock")
}

// TestSignedArchive drops a ZIP with a part, its signature and the key.
func TestSignedArchive(t *testing.T) {
	head, s := taught(t), newSigner(t)
	archive := deflated(t, map[string][]byte{"a/bracket.anomnet": head, "a/bracket.anomnet.minisig": s.sign(head, 1, time.Now(), time.Time{}, "Bracket"), "key/line4.pub": s.pub})
	file := writer(t)("parts.zip", archive)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.choose(file)
	p.waitFor(`document.querySelector("#pin-print")?.textContent === "` + s.print + `"`)
	p.click("#pin-yes")
	p.waitFor(`document.querySelectorAll(".key").length === 1`)
	p.importFiles(file)
	p.waitFor(partChip + ` === "Signed: line4"`)
	p.show("inspect")
	p.choose(file)
	p.waitFor(chip + ` === "Signed: line4"`)
}

// TestClearedStorage clears what the page keeps, as a browser short of space does: the page says so, and goes on.
func TestClearedStorage(t *testing.T) {
	write := writer(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(write("bracket.anomnet", taught(t)))
	p.waitFor(partChip + ` === "Not signed"`)
	washer := filepath.Join(siteDir(t), "samples", firstSample(t))
	for i, clear := range []string{
		`navigator.storage.getDirectory().then((d) => d.removeEntry("models", {recursive: true})).then(() => "done")`,
		`new Promise((r) => { const q = indexedDB.open("anomnet-store"); q.onsuccess = () => { const t = q.result.transaction("records", "readwrite"); t.objectStore("records").clear(); t.oncomplete = () => { q.result.close(); r("done"); }; }; })`,
	} {
		require.Equal(t, "done", p.async(clear))
		p.reload()
		p.waitFor(`document.querySelector(".notice")?.textContent.includes("has cleared 1 part")`)
		p.show("inspect")
		p.choose(washer)
		require.NotEmpty(t, p.results(1)[0].Verdict)
		p.show("models")
		p.waitFor(`document.querySelector("#models-gone")`)
		p.shot([]string{"trust-files-gone", "trust-all-gone"}[i])
	}
	p.importFiles(write("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("#models-said")`)
}
