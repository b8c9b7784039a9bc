package distill

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/trainer/importer"
)

func FuzzDecodeState(f *testing.F) {
	a := tinyArch()
	list := params(a, nil, false)
	w := fresh(list, a, 1)
	data, err := (&state{step: 1, plan: "{}", weights: w, m: w, v: w}).encode()
	require.NoError(f, err)
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		st, file, err := decodeState(data)
		if err != nil {
			return
		}
		if st.take(file, list, nil) != nil {
			return
		}
		again, err := st.encode()
		require.NoError(t, err)
		back, file, err := decodeState(again)
		require.NoError(t, err)
		require.NoError(t, back.take(file, list, nil))
		require.Equal(t, st.step, back.step)
		require.Equal(t, st.plan, back.plan)
	})
}

// FuzzReadArch: a description of a student that is accepted is one that the importer accepts too, and takes its initial weights or says why not.
func FuzzReadArch(f *testing.F) {
	text, err := describe(tinyArch(), nil, nil, nil)
	require.NoError(f, err)
	list := params(tinyArch(), nil, false)
	weights, err := encode(list, fresh(list, tinyArch(), 1))
	require.NoError(f, err)
	f.Add(text, weights)
	f.Add([]byte(`{"layers":[{"name":"a","kind":"conv9999999x9999999","cin":3,"cout":99999999,"relu":true}]}`), weights)
	f.Fuzz(func(t *testing.T, description, weights []byte) {
		a, err := ReadArch(description)
		if err != nil {
			return
		}
		require.NotEmpty(t, a.Taps)
		require.NotZero(t, a.MultiplyAdds(256))
		if w, err := readInit(weights, a, nil); err == nil {
			require.NotEmpty(t, w)
		}
		_, _ = importer.ReadFloat(weights, importer.ArchPlain, description, nil)
	})
}

// FuzzPhotos opens a cache of photographs that was damaged: the records that are whole are read, the rest is made again.
func FuzzPhotos(f *testing.F) {
	dir := f.TempDir()
	var file bytes.Buffer
	require.NoError(f, png.Encode(&file, image.NewGray(image.Rect(0, 0, 3, 2))))
	for _, name := range []string{"a.png", "b.png"} {
		require.NoError(f, os.WriteFile(filepath.Join(dir, name), file.Bytes(), 0o644))
	}
	require.NoError(f, os.WriteFile(filepath.Join(dir, "c.png"), []byte("none"), 0o644))
	paths := []string{filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png"), filepath.Join(dir, "c.png")}
	var whole []byte
	for _, p := range paths {
		whole = append(whole, record(p)...)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(photoHeader{W: 65535, H: 21845, N: 65535 * 65535}.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "photos.bin")
		require.NoError(t, os.WriteFile(name, data, 0o600))
		c, err := os.OpenFile(name, os.O_RDWR, 0)
		require.NoError(t, err)
		defer c.Close()
		p := &photos{f: c}
		if p.scan(paths) == nil {
			for i := range p.list {
				_, err := p.read(i)
				require.NoError(t, err)
			}
		}
		done, err := keepWhole(c, len(paths))
		require.NoError(t, err)
		info, err := c.Stat()
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(len(data)))
		require.LessOrEqual(t, done, len(paths))
	})
}
