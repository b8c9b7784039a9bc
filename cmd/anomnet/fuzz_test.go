package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/core/imaging"
)

// FuzzReadRegion reads the file of --roi, of three kinds: shapes, a model, a picture.
func FuzzReadRegion(f *testing.F) {
	f.Add([]byte(`{"width":60,"height":40,"shapes":[{"rect":[10,10,50,40]}]}`))
	for _, name := range []string{"../../docs/example/tiny.anomnet", "../../core/imaging/testdata/formats/gray1.png", "../../core/imaging/testdata/formats/one_bit.bmp"} {
		data, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(data)
	}
	pre := imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Fit}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		if m, err := readRegion(data, pre); err == nil {
			require.NoError(t, m.Validate(pre.Width/detect.GridStride*(pre.Height/detect.GridStride)))
		}
	})
}
