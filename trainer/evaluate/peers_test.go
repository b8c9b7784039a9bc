package evaluate

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/metrics"
	"anomnet/core/safetensors"
)

// TestPeers computes our pixel figures on the maps that anomalib made, beside those of scikit-learn and anomalib's AUPRO; see testdata/peers.
func TestPeers(t *testing.T) {
	dir := os.Getenv("PEERS")
	if dir == "" {
		t.Skip("PEERS names no folder of make peers")
	}
	files, err := filepath.Glob(filepath.Join(dir, "maps-*.safetensors"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { comparePixels(t, path) })
	}
}

func comparePixels(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := safetensors.Decode(data)
	require.NoError(t, err)
	shape := f.Tensors["maps"].Shape
	require.Len(t, shape, 3)
	all, err := f.Tensors["maps"].Float32()
	require.NoError(t, err)
	require.Equal(t, shape, f.Tensors["masks"].Shape)
	n, h, w := shape[0], shape[1], shape[2]
	var maps [][]float32
	var masks []metrics.Mask
	for i := range n {
		m := metrics.Mask{W: w, H: h, Pix: make([]bool, w*h)}
		for k, v := range f.Tensors["masks"].Data[i*w*h : (i+1)*w*h] {
			m.Pix[k] = v > 0
		}
		maps, masks = append(maps, all[i*w*h:(i+1)*w*h]), append(masks, m)
	}
	auroc, aupro, err := metrics.Pixels(maps, masks, auproLimit, auproTight)
	require.NoError(t, err)
	for key, c := range map[string]struct{ got, within float64 }{"pixel_auroc": {auroc, 1e-9}, "aupro": {aupro[0], 1e-3}, "aupro_05": {aupro[1], 1e-3}} {
		want, err := strconv.ParseFloat(f.Metadata[key], 64)
		require.NoError(t, err, key)
		t.Logf("%s: theirs %.9f, ours %.9f, difference %.2g", key, want, c.got, c.got-want)
		assert.InDelta(t, want, c.got, c.within, key)
	}
}
