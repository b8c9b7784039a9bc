//go:build e2e && unix

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/audit/payload"
)

const (
	perKill  = 16 // files that are put into the folder before each kill
	killSeed = 11 // of the moments
)

// TestKills kills the whole browser at random moments of a batch from a watched folder, 12 times (KILLS; 50 in make soak), with one profile. Whatever was begun
// when it died, in the end every file stands in the history once, and the chain is in order.
func TestKills(t *testing.T) {
	t.Parallel()
	kills := 12
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil {
		kills = n
	}
	srv, dir, rng := station(t, "null"), t.TempDir(), rand.New(rand.NewPCG(killSeed, 0))
	killed, midway, begun := 0, 0, time.Now()
	for i := range kills {
		t.Run(fmt.Sprintf("kill-%02d", i), func(t *testing.T) {
			p, kill := killable(t, srv, dir)
			if i == 0 {
				p.click("#kiosk-menu")
				p.waitFor(`document.querySelector("#kiosk-folder")`)
				p.click("#kiosk-folder")
				p.waitFor(`document.querySelector("#kiosk-watching")`)
			}
			p.put(fmt.Sprintf("%02d-", i), perKill)
			p.waitFor(`document.querySelector("#kiosk-verdict").dataset.recorded`)
			first, err := strconv.Atoi(p.str(`document.querySelector("#kiosk-verdict").dataset.recorded`))
			require.NoError(t, err)
			more, wait := rng.IntN(5), time.Duration(rng.IntN(80))*time.Millisecond
			p.waitFor(fmt.Sprintf(`Number(document.querySelector("#kiosk-verdict").dataset.recorded) >= %d || !/ to go$/.test(document.querySelector("#kiosk-watching").textContent)`, first+more))
			if strings.HasSuffix(p.str(`document.querySelector("#kiosk-watching").textContent`), " to go") {
				midway++
			}
			time.Sleep(wait) // the random moment
			kill()
			killed++
		})
	}
	t.Logf("%d kills in %.0f s, %d of them with files to go", killed, time.Since(begun).Seconds(), midway)
	assert.GreaterOrEqual(t, midway, kills/2, "the kills came too late to mean anything")

	p, _ := killable(t, srv, dir)
	want := kills * perKill
	p.waitFor(fmt.Sprintf(`(!globalThis.asking && (asking = true, anomnet.history.last().then(async ({ seq }) => {
		globalThis.lines = await anomnet.history.range(1, seq); asking = false; })), globalThis.lines?.filter((l) => l.includes('"kind":"inspected"')).length >= %d)`, want))
	text := p.str(`JSON.stringify(lines)`)
	var lines []string
	require.NoError(t, json.Unmarshal([]byte(text), &lines))
	sum, err := audit.Verify(strings.NewReader(strings.Join(lines, "")), nil)
	require.NoError(t, err)
	assert.EqualValues(t, want, sum.Kinds[payload.Inspected])
	seen := map[string]int{}
	for _, line := range lines {
		var e struct {
			Kind    string
			Payload struct{ Path, Verdict, Error string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Kind == payload.Inspected {
			seen[e.Payload.Path]++
			assert.Empty(t, e.Payload.Error, e.Payload.Path)
		}
	}
	assert.Len(t, seen, want)
	for name, n := range seen {
		assert.Equal(t, 1, n, name)
	}
	t.Logf("%d files, each once, in a chain of %d entries", len(seen), sum.Entries)
}

// killable opens the kiosk in a browser with a profile that stays; kill ends all of its processes at once.
func killable(t *testing.T, srv *server, dir string) (p *tab, kill func()) {
	t.Helper()
	var cmd *exec.Cmd
	p = blank(t, srv, desktop, chromedp.UserDataDir(dir), chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
		if c.SysProcAttr == nil {
			c.SysProcAttr = &syscall.SysProcAttr{}
		}
		c.SysProcAttr.Setpgid = true
		cmd = c
	}))
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: picker})
	p.goTo("/?kiosk")
	p.waitFor(`document.querySelector("#kiosk")`)
	return p, func() { require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)) }
}
