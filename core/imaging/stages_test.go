package imaging

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	xdraw "golang.org/x/image/draw"

	quickjpeg "anomnet/core/imaging/jpeg"
)

// photograph is one of shared/data's, stretched or tiled to side x side pixels. Tiling keeps the detail of a photograph, which
// decides how long decoding takes.
func photograph(b *testing.B, side int, tiled bool) *image.RGBA {
	data, err := os.ReadFile(photographs(b)[3])
	require.NoError(b, err)
	m, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(b, err)
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	if !tiled {
		xdraw.CatmullRom.Scale(out, out.Bounds(), m, m.Bounds(), draw.Src, nil)
		return out
	}
	r := m.Bounds()
	for y := 0; y < side; y += r.Dy() {
		for x := 0; x < side; x += r.Dx() {
			draw.Draw(out, r.Add(image.Pt(x, y)), m, image.Point{}, draw.Src)
		}
	}
	return out
}

// BenchmarkStages times the steps from a file's bytes to the model's pixels, the plain way and ours, in turn, and reports
// medians in milliseconds. STAGES_FILE adds a file.
func BenchmarkStages(b *testing.B) {
	asJPEG := func(m image.Image) []byte {
		return encode(b, func(w *bytes.Buffer) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 90}) })
	}
	tiled := photograph(b, 1024, true)
	gray := image.NewGray(tiled.Rect)
	draw.Draw(gray, gray.Rect, tiled, image.Point{}, draw.Src)
	type file struct {
		name string
		data []byte
	}
	files := []file{
		{"jpeg/tiled/1024", asJPEG(tiled)}, {"jpeg/stretched/1024", asJPEG(photograph(b, 1024, false))}, {"jpeg/gray/1024", asJPEG(gray)},
		{"jpeg/stretched/384", asJPEG(photograph(b, 384, false))}, {"png/tiled/1024", encode(b, func(w *bytes.Buffer) error { return png.Encode(w, tiled) })},
	}
	if name := os.Getenv("STAGES_FILE"); name != "" {
		data, err := os.ReadFile(name)
		require.NoError(b, err)
		files = append(files, file{"file", data})
	}
	for _, f := range files {
		b.Run(f.name, func(b *testing.B) { stages(b, f.data) })
	}
}

func stages(b *testing.B, data []byte) {
	pre := Preprocess{Width: 256, Height: 256, Mode: Stretch}
	c := codecFor(sniff(data))
	img, err := c.decode(bytes.NewReader(data))
	require.NoError(b, err)
	whole := rowsOf(img, false).rgb()
	steps := []struct {
		name string
		do   func()
	}{
		{"header", func() { c.size(data, (*Limits)(nil).orDefault()); c.orientation(data) }},
		{"std-decode", func() { c.decode(bytes.NewReader(data)) }},
		{"our-decode", func() { quickjpeg.Decode(data) }},
		{"plain-convert", func() { rowsOf(img, false).rgb() }},
		{"plain-resize", func() { plainPrepare(whole, pre) }},
		{"our-prepare", func() { (&Picture{W: whole.W, H: whole.H, rows: rowsOf(img, false), orientation: 1}).Prepare(pre) }},
		{"sha256", func() { sha256.Sum256(data) }},
		{"plain-all", func() {
			c.size(data, (*Limits)(nil).orDefault())
			m, _ := c.decode(bytes.NewReader(data))
			plainPrepare(rowsOf(m, false).rgb(), pre)
		}},
		{"our-all", func() { p, _ := Open(data, nil); p.Prepare(pre) }},
	}
	took := make([][]float64, len(steps))
	for b.Loop() {
		for i, s := range steps {
			start := time.Now()
			s.do()
			took[i] = append(took[i], time.Since(start).Seconds()*1000)
		}
	}
	for i, s := range steps {
		slices.Sort(took[i])
		b.ReportMetric(took[i][len(took[i])/2], s.name)
	}
	b.ReportMetric(float64(len(data)), "bytes")
}
