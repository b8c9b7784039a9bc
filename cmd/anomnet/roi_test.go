package main

import (
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/model"
)

// TestRegionOfInterest teaches with the same region from shapes, from a picture and from a head, and scores with it.
func TestRegionOfInterest(t *testing.T) {
	data, whole := washers(t)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(path("roi.json"), []byte(`{"width":192,"height":192,"shapes":[{"rect":[48,48,144,144]},{"polygon":[[48,48],[96,48],[48,96]],"outside":true}]}`), 0o644))
	mask := image.NewGray(image.Rect(0, 0, 192, 192))
	for i := range mask.Pix {
		if x, y := i%192, i/192; x >= 48 && x < 144 && y >= 48 && y < 144 && (x-48)/16+(y-48)/16 >= 2 {
			mask.Pix[i] = 255
		}
	}
	out, err := os.Create(path("roi.png"))
	require.NoError(t, err)
	require.NoError(t, png.Encode(out, mask))
	require.NoError(t, out.Close())
	teach := func(region, name string, more ...string) (code int, stdout, stderr string) {
		return cli(t, append([]string{"teach", "--good", data, "--part", "Washer", "--out", path(name), "--size", "96", "--centroids", "64", "--frr", "0.1", "--roi", path(region)}, more...)...)
	}
	for _, way := range [][2]string{{"roi.json", "a.anomnet"}, {"roi.png", "b.anomnet"}, {"a.anomnet", "c.anomnet"}} {
		code, _, stderr := teach(way[0], way[1])
		require.Equal(t, exitOK, code, stderr)
		assert.Equal(t, readFile(t, path("a.anomnet")), readFile(t, path(way[1])), way[0])
	}
	f, err := model.Decode(readFile(t, path("a.anomnet")))
	require.NoError(t, err)
	inside, all := f.Head.Inspected()
	assert.Equal(t, []int{33, 144}, []int{inside, all})
	code, stdout, _ := cli(t, "model", "show", path("a.anomnet"))
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "region of interest: 33 of 144 patches (22.9 %)")
	_, stdout, _ = cli(t, "model", "show", whole)
	assert.NotContains(t, stdout, "region")

	code, stdout, stderr := cli(t, "eval", "--model", path("a.anomnet"), "--data", data, "--json")
	require.Equal(t, exitOK, code, stderr)
	var figures struct {
		Left map[string]string `json:"left_out"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &figures))
	assert.Contains(t, figures.Left["pixel"], "region of interest")

	// What is not inspected is veiled in the map.
	good := readFile(t, filepath.Join(data, "test", "good", "000.png"))
	require.NoError(t, os.WriteFile(path("good.png"), good, 0o644))
	code, stdout, stderr = cli(t, "score", "--model", path("a.anomnet"), "--json", "--maps", path("maps"), path("good.png"))
	require.Equal(t, exitOK, code, stderr)
	var row scoreRow
	require.NoError(t, json.Unmarshal([]byte(stdout), &row))
	in, err := os.Open(path("maps/0001-good.png"))
	require.NoError(t, err)
	defer in.Close()
	drawn, err := png.Decode(in)
	require.NoError(t, err)
	r, g, b, _ := drawn.At(2, 2).RGBA()
	pr, pg, pb := pixel(t, good, 2, 2)
	veiled := func(v uint32) uint32 { return (v*(255-85) + 90*85) / 255 }
	assert.Equal(t, []uint32{veiled(pr), veiled(pg), veiled(pb)}, []uint32{r >> 8, g >> 8, b >> 8}, "the veil over what is not inspected")

	for name, content := range map[string]string{"none.json": `{"width":1,"height":1,"shapes":[{"rect":[0,0,0,0]}]}`, "text.json": `hello`, "kind.json": `{"width":1}`} {
		require.NoError(t, os.WriteFile(path(name), []byte(content), 0o644))
		code, _, stderr := teach(name, "x.anomnet")
		assert.Equal(t, exitFailed, code, name)
		assert.Contains(t, stderr, name)
	}
	require.NoError(t, os.WriteFile(path("whole.anomnet"), readFile(t, whole), 0o644))
	code, _, stderr = teach("whole.anomnet", "x.anomnet")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no head with a region of interest")
	code, _, stderr = teach("a.anomnet", "x.anomnet", "--mode", "fit")
	assert.Equal(t, exitFailed, code)
	assert.True(t, strings.Contains(stderr, "stretch") && strings.Contains(stderr, "fit"), stderr)
	_, err = os.Stat(path("x.anomnet"))
	assert.Error(t, err)
}

// pixel is one of a PNG of 96 x 96, which is not scaled.
func pixel(t *testing.T, data []byte, x, y int) (r, g, b uint32) {
	t.Helper()
	img, err := png.Decode(strings.NewReader(string(data)))
	require.NoError(t, err)
	require.Equal(t, 96, img.Bounds().Dx())
	r, g, b, _ = img.At(x, y).RGBA()
	return r >> 8, g >> 8, b >> 8
}
