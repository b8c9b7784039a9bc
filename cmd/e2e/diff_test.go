//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/varied"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/wasm/protocol"
)

// listenScores keeps what the workers answer to each image: the fields of the message, and the SHA-256 of the map and of the picture as it was scored.
const listenScores = `globalThis.scores = []; globalThis.Worker = class extends globalThis.Worker {
	constructor(...args) {
		super(...args);
		this.addEventListener("message", ({data}) => {
			if (data.op !== "result" || !data.meta.includes('"raw_bits"')) return;
			const [map, preview] = data.bufs.map((b) => crypto.subtle.digest("SHA-256", b.slice(0)));
			scores.push({meta: data.meta, map, preview});
		});
	}
};
globalThis.hex = async (digest) => [...new Uint8Array(await digest)].map((b) => b.toString(16).padStart(2, "0")).join("");`

// TestNativeAndPageAgree drops images of every kind and size, wherever they come from, and compares all that the page's workers say with native core,
// bit for bit. DIFF is the number of images, half of them by Pillow (seeds 31 and 32). Unset, it is one of each kind, and goldens of core/imaging.
func TestNativeAndPageAgree(t *testing.T) {
	files := diffFiles(t)
	native := inspector(t, siteDir(t))
	count := map[string]int{}
	for batch := range slices.Chunk(files, 60) { // a tab has three minutes
		t.Run(filepath.Base(batch[0]), func(t *testing.T) {
			p := blank(t, serve(t, siteDir(t)), desktop)
			call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listenScores})
			p.navigate()
			p.waitFor(`document.documentElement.dataset.state === "ready"`)
			p.choose(batch...)
			said := p.scores(len(batch))
			for i, r := range p.results(len(batch)) {
				require.Equal(t, filepath.Base(batch[i]), r.Name)
				data, err := os.ReadFile(batch[i])
				require.NoError(t, err)
				want, err := native.Inspect(data)
				if err != nil {
					code, _ := inspect.ErrorCode(err)
					assert.Equal(t, code, r.Error, r.Name)
					count["refused"]++
					continue
				}
				count[string(want.Verdict)]++
				assert.Equal(t, rawBits(want), r.RawBits, r.Name)
				assert.Equal(t, string(want.Verdict), r.Verdict, r.Name)
				assert.Equal(t, scoreOf(want, r.Name), said[r.Name], r.Name)
			}
			assert.Empty(t, p.problemList())
		})
	}
	t.Logf("%d images: %v", len(files), count)
	assert.Positive(t, count["refused"])
	assert.Positive(t, count["OK"])
	assert.Greater(t, count["NG"], len(files)/2)
}

// score is what one image gives: the message, without the time that it took, and digests.
type score struct {
	protocol.ScoreResult
	Map, Preview string
}

func scoreOf(r *inspect.Result, name string) score {
	s := protocol.ScoreResult{Name: name, Raw: r.Raw, RawBits: math.Float32bits(r.Raw), Limit: r.Limit, Review: r.Review, Ratio: r.Ratio, PValue: r.PValue,
		Verdict: string(r.Verdict), Width: r.Width, Height: r.Height, MapW: r.MapW, MapH: r.MapH, MapLow: r.MapLow, MapHigh: r.MapHigh,
		WorstX: r.Worst.X, WorstY: r.Worst.Y, Worst: r.Worst.Distance, PreW: r.Preview.W, PreH: r.Preview.H, SHA256: r.SHA256}
	for _, x := range r.Regions {
		s.Regions = append(s.Regions, protocol.Region{Area: x.Area, Share: x.Share})
	}
	var rgba []byte
	for c := r.Preview.Pix; len(c) > 0; c = c[3:] {
		rgba = append(rgba, c[0], c[1], c[2], 255)
	}
	return score{s, digestOf(protocol.EncodeMap(r.Map)), digestOf(rgba)}
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// diffFiles writes the images, or finds them.
func diffFiles(t *testing.T) (files []string) {
	t.Helper()
	n, seed, dir := varied.Len(), uint64(18), t.TempDir() // of that seed none of the first is large
	if many := os.Getenv("DIFF"); many != "" {
		var err error
		n, err = strconv.Atoi(many)
		require.NoError(t, err)
		made := n / 2
		out, err := exec.Command("python3", "../internal/varied/testdata/pillow.py", "write", dir, "32", strconv.Itoa(made)).CombinedOutput()
		require.NoError(t, err, string(out))
		n, seed = n-made, 31
	} else {
		root, err := filepath.Abs("../../core/imaging/testdata")
		require.NoError(t, err)
		for _, pattern := range []string{"formats/*.webp", "formats/*.jpeg", "orientation/[368].webp"} {
			goldens, err := filepath.Glob(filepath.Join(root, pattern))
			require.NoError(t, err)
			files = append(files, goldens...)
		}
	}
	samples, err := filepath.Glob(filepath.Join(siteDir(t), "samples", "*.jpg"))
	require.NoError(t, err)
	var sources []*imaging.RGB
	for _, name := range samples {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		m, err := imaging.Decode(data, nil)
		require.NoError(t, err)
		sources = append(sources, m)
	}
	for f := range varied.Files(seed, n, sources) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
	}
	written, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return append(append(files, samples...), written...)
}

// scores returns what the workers said, by the name of the image, once all n are finished.
func (p *tab) scores(n int) map[string]score {
	p.t.Helper()
	p.waitFor(fmt.Sprintf(finished+` >= %d`, n))
	raw, err := chromedp.Run(p.ctx, chromedp.Evaluate[[][3]string](`Promise.all(scores.map(async (s) => [s.meta, await hex(s.map), await hex(s.preview)]))`, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
	out := map[string]score{}
	for _, s := range raw {
		v := score{Map: s[1], Preview: s[2]}
		require.NoError(p.t, json.Unmarshal([]byte(s[0]), &v.ScoreResult))
		v.Millis = 0
		out[v.Name] = v
	}
	return out
}
