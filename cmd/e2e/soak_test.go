//go:build e2e && unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/audit/payload"
	"anomnet/trainer/synth"
)

const (
	soakBatch = 100  // images in a batch; in each of them a worker crashes
	soakSpan  = 1000 // images that one line of the report is about
	warm      = 100  // images after which nothing grows any more

	perImage = 6.0 / 1024 // MB of the page that an image in the list may take
)

// stopwatch notes how long a worker has each image: from the moment that it could begin with it, as the page sees it, to the answer.
const stopwatch = `globalThis.laps = []; globalThis.Worker = class extends globalThis.Worker {
	constructor(...args) {
		super(...args);
		let free = 0;
		this.sent = new Map();
		this.addEventListener("message", ({data}) => {
			if (!this.sent.has(data.id)) return;
			const now = performance.now();
			laps.push(now - Math.max(free, this.sent.get(data.id)));
			free = now;
			this.sent.delete(data.id);
		});
	}
	postMessage(m, ...rest) { if (m.op === "score") this.sent.set(m.id, performance.now()); return super.postMessage(m, ...rest); }
};`

// picture is a file with the bits of its score, as computed natively.
type picture struct{ file, ext, bits string }

// pictures are files of several formats, depths and sizes.
func pictures(t *testing.T) (list []picture) {
	t.Helper()
	in, write := inspector(t, siteDir(t)), writer(t)
	keep := func(ext string, data []byte) {
		r, err := in.Inspect(data)
		require.NoError(t, err)
		list = append(list, picture{write(fmt.Sprint(len(list), ".", ext), data), ext, rawBits(r)})
	}
	for i, size := range []int{256, 384, 320, 200} {
		jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Size: size}, i), 85+i)
		require.NoError(t, err)
		keep("jpg", jpg)
		m, err := jpeg.Decode(bytes.NewReader(jpg))
		require.NoError(t, err)
		for _, to := range []draw.Image{image.NewRGBA(m.Bounds()), image.NewGray(m.Bounds()), image.NewGray16(m.Bounds())} {
			draw.Draw(to, to.Bounds(), m, image.Point{}, draw.Src)
			var b bytes.Buffer
			require.NoError(t, png.Encode(&b, to))
			keep("png", b.Bytes())
		}
	}
	return list
}

// crash ends a worker that has an image, by an error of its program that nobody catches. It answers false when none had one.
func (p *tab) crash(turn int) bool {
	p.t.Helper()
	ids := p.threads()
	if len(ids) == 0 {
		return false
	}
	p.inside(ids[turn%len(ids)], func(s cdp.Session) {
		_, err := cdp.Call(p.ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: `setTimeout(() => { throw new Error("injected crash"); })`})
		require.NoError(p.t, err)
	})
	return true
}

// soak is a run.
type soak struct {
	*tab
	pictures []picture
	dir      string
	begun    time.Time
	crashes  int
	given    int               // images so far
	cleared  int               // of them, those that are no more in the list
	keep     bool              // the list is never cleared
	bits     map[string]string // by name
	medians  []float64         // of spans
	memories []memory
}

// TestSoak sends SOAK images through the page in batches, dropped, chosen and as folders, and ends a worker in each of them; SOAK_HOURS=24 goes on for so
// long. The list is cleared after every batch, unless SOAK_KEEP is set. Memory and time for an image must not grow, and every image stands in the history
// once, with the bits of its native score or the error of the crash. docs/reliability.md has the figures.
func TestSoak(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("SOAK"))
	if err != nil {
		t.Skip("it takes minutes to hours: make soak")
	}
	hours, _ := strconv.ParseFloat(os.Getenv("SOAK_HOURS"), 64)
	p := blank(t, serve(t, siteDir(t)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: stopwatch})
	p.navigate()
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	s := &soak{tab: p, pictures: pictures(t), dir: t.TempDir(), begun: time.Now(), bits: map[string]string{}, keep: os.Getenv("SOAK_KEEP") != ""}
	for end := s.begun.Add(time.Duration(hours * float64(time.Hour))); s.given < n || time.Now().Before(end); {
		s.batch()
		if s.given == warm || s.given%soakSpan == 0 {
			s.report()
			s.checkHistory()
		}
		if !s.keep {
			s.click("#clear")
			s.waitFor(`!document.querySelector("#items")`)
			s.cleared = s.given
		}
	}
	if s.given%soakSpan != 0 {
		s.checkHistory()
	}
	s.checkFlat()
}

// batch gives images and waits for them. They are links to the pictures, under names that come once.
func (s *soak) batch() {
	s.t.Helper()
	from := s.given
	folder := filepath.Join(s.dir, fmt.Sprintf("%06d", from))
	require.NoError(s.t, os.Mkdir(folder, 0o755))
	var files []string
	for range soakBatch {
		pic := s.pictures[s.given*7%len(s.pictures)]
		name := fmt.Sprintf("part-%06d.%s", s.given, pic.ext)
		file := filepath.Join(folder, name)
		require.NoError(s.t, os.Link(pic.file, file))
		files, s.bits[name] = append(files, file), pic.bits
		s.given++
	}
	switch from / soakBatch % 3 {
	case 0:
		s.drag(true, files...)
	case 1:
		s.choose(files...)
	case 2:
		s.drag(true, folder)
	}
	s.waitFor(fmt.Sprintf(finished+` >= %d`, from-s.cleared+soakBatch/4))
	if s.crash(from / soakBatch) {
		s.crashes++
	}
	s.waitFor(fmt.Sprintf(finished+` >= %d`, s.given-s.cleared))
	require.NoError(s.t, os.RemoveAll(folder))
}

// report measures, and says how the last span went.
func (s *soak) report() {
	s.t.Helper()
	laps := s.numbers(`laps.splice(0)`)
	s.medians = append(s.medians, quantile(laps, .5))
	m := s.memory()
	s.memories = append(s.memories, m)
	load, _ := os.ReadFile("/proc/loadavg")
	s.t.Logf("%6d images, %5.0f s, %d crashes; a worker has an image for %.0f ms (median), %.0f ms (p99) of %d; %v; load %.4s", s.given, time.Since(s.begun).Seconds(), s.crashes,
		quantile(laps, .5), quantile(laps, .99), len(laps), m, load)
}

// history reads all lines.
func (p *tab) history() (lines []string) {
	p.t.Helper()
	last, err := strconv.Atoi(p.async(`anomnet.history.last().then((e) => String(e.seq))`))
	require.NoError(p.t, err)
	for at := 1; at <= last; at += 1000 {
		var part []string
		require.NoError(p.t, json.Unmarshal([]byte(p.async(fmt.Sprintf(`anomnet.history.range(%d, %d).then(JSON.stringify)`, at, min(at+999, last)))), &part))
		lines = append(lines, part...)
	}
	return lines
}

// verdict is what an entry of the history says about an image.
type verdict struct {
	Path, Error string
	RawBits     uint32 `json:"raw_bits"`
	Time        string `json:"-"`
}

// verdicts checks the chain and returns what it says about images, in order.
func verdicts(t *testing.T, lines []string) (sum *audit.Summary, list []verdict) {
	t.Helper()
	sum, err := audit.Verify(strings.NewReader(strings.Join(lines, "")), nil)
	require.NoError(t, err)
	for _, line := range lines {
		var e struct {
			Kind    string
			Time    string
			Payload json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Kind == payload.Inspected {
			v := verdict{Time: e.Time}
			require.NoError(t, json.Unmarshal(e.Payload, &v))
			list = append(list, v)
		}
	}
	return sum, list
}

// checkHistory: each image stands there once, in about the order in which it was given.
func (s *soak) checkHistory() {
	s.t.Helper()
	p := s.tab
	p.str(`(() => { globalThis.count = 0; })()`)
	p.waitForAsync(fmt.Sprintf(`anomnet.history.last().then((e) => e.seq >= %d)`, s.given+2)) // session, part, images
	sum, list := verdicts(s.t, p.history())
	seen, failed, order := map[string]bool{}, 0, 0
	for i, v := range list {
		name := filepath.Base(v.Path)
		assert.False(s.t, seen[name], "%s stands there twice", name)
		seen[name] = true
		var number int
		_, err := fmt.Sscanf(name, "part-%d", &number)
		require.NoError(s.t, err)
		if number/soakBatch != i/soakBatch {
			order++
		}
		if v.Error != "" {
			assert.Equal(s.t, "crashed", v.Error, name)
			failed++
			continue
		}
		assert.Equal(s.t, s.bits[name], fmt.Sprint(v.RawBits), name)
	}
	s.t.Logf("%d images in a chain of %d entries, %d of them failed by %d crashes; the clock went back %d times", len(list), sum.Entries, failed, s.crashes, sum.ClockBack)
	assert.Len(s.t, seen, s.given)
	assert.Zero(s.t, order, "entries outside of their batch")
	assert.LessOrEqual(s.t, failed, s.crashes, "a crash costs one image")
	assert.Equal(s.t, "null", p.str(`document.querySelector("#unstored")`))
}

// checkFlat compares memory and time at the end with those at the beginning.
func (s *soak) checkFlat() {
	s.t.Helper()
	if len(s.memories) < 3 {
		return
	}
	first, last := s.memories[0], s.memories[len(s.memories)-1]
	s.t.Logf("after %d images: %v; after %d: %v: %+.1f %%", warm, first, s.given, last, 100*(last.all()/first.all()-1))
	room := 0.15 * first.all() // MB
	if s.keep {
		room += float64(s.given-warm) * perImage
	}
	assert.LessOrEqual(s.t, last.all(), first.all()+room, "memory of page and workers")
	assert.LessOrEqual(s.t, last.rss, 1.1*first.rss+3*room, "resident memory of the renderer")
	third := max(len(s.medians)/3, 1) // the calmest span of each: what else runs on the machine makes any of them longer
	begin, end := slices.Min(s.medians[1:1+third]), slices.Min(s.medians[len(s.medians)-third:])
	s.t.Logf("time for an image: %.0f ms in the first third, %.0f ms in the last; medians of all %.0f", begin, end, s.medians)
	assert.LessOrEqual(s.t, end, 1.5*begin, "time for an image")
}
