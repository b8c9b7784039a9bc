package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// tree makes files in a new folder: PNGs, or text where there is one.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if text == "" {
			write(t, path, 200)
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func TestMVTec(t *testing.T) {
	dir := tree(t, map[string]string{"bottle/train/good/000.png": "", "bottle/test/good/000.png": "", "bottle/test/broken/000.png": "",
		"bottle/ground_truth/broken/000_mask.png": "", "zipper/train/good/000.png": "", "license.txt": "text", "notes/readme.txt": "text"})
	got, err := MVTec(dir)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "bottle", got[0].Name)
	assert.Len(t, got[0].Set.Test, 2)
	assert.Equal(t, filepath.Join(dir, "bottle/ground_truth/broken/000_mask.png"), got[0].Set.Test[0].Mask)
	assert.Empty(t, got[1].Set.Test)
	_, err = MVTec(filepath.Join(dir, "notes"))
	assert.ErrorContains(t, err, "holds no category")
	_, err = MVTec(filepath.Join(dir, "absent"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestMVTec2(t *testing.T) {
	dir := tree(t, map[string]string{"can/train/good/a.png": "", "can/validation/good/v.png": "", "can/test_public/good/b.png": "", "can/test_public/bad/c.png": "",
		"can/test_public/ground_truth/bad/c_mask.png": "", "can/test_private/p.png": ""})
	got, err := MVTec2(dir)
	require.NoError(t, err)
	require.Len(t, got, 1)
	at := func(name string) string { return filepath.Join(dir, "can", filepath.FromSlash(name)) }
	assert.Equal(t, &Set{Train: []string{at("train/good/a.png")}, Test: []Item{{Path: at("test_public/good/b.png"), Label: "good"},
		{Path: at("test_public/bad/c.png"), Label: "bad", Mask: at("test_public/ground_truth/bad/c_mask.png")}}}, got[0].Set)
	_, err = MVTec2(tree(t, map[string]string{"can/test_public/good/b.png": ""}))
	assert.ErrorIs(t, err, os.ErrNotExist, "no images to train on")
}

const visaHead = "object,split,label,image,mask\n"

func TestVisA(t *testing.T) {
	dir := tree(t, map[string]string{"split_csv/1cls.csv": visaHead + "pcb1,train,normal,pcb1/Data/Images/Normal/0.png,\ncandle,train,normal,candle/0.png,\n" +
		"candle,test,normal,candle/1.png,\ncandle,test,anomaly,candle/2.png,candle/m2.png\n", "candle/m2.png": ""})
	write(t, filepath.Join(dir, "candle/m2.png"), 3) // VisA's masks hold the number of the kind of defect
	write(t, filepath.Join(dir, "candle/2.png"), 9)
	got, err := VisA(dir)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, []string{"candle", "pcb1"}, []string{got[0].Name, got[1].Name})
	s := got[0].Set
	assert.Equal(t, []string{filepath.Join(dir, "candle/0.png")}, s.Train)
	require.Len(t, s.Test, 2)
	assert.True(t, s.Test[0].Good())
	mask, err := s.Test[1].LoadMask(imaging.Preprocess{Width: 8, Height: 4})
	require.NoError(t, err)
	assert.Equal(t, []bool{true, false}, []bool{mask[0], mask[7]})
	plain, err := Item{Mask: s.Test[1].Mask}.LoadMask(imaging.Preprocess{Width: 8, Height: 4})
	require.NoError(t, err)
	assert.Equal(t, mask, plain, "half of the full value is never reached")
	half, err := s.Test[1].LoadMask(imaging.Preprocess{Width: 4, Height: 2})
	require.NoError(t, err)
	assert.True(t, half[0], "masks of another size are brought to that of the map")
}

func TestVisARefuses(t *testing.T) {
	for want, text := range map[string]string{
		"has no column \"mask\"":     "object,split,label,image\n",
		"not below the folder":       visaHead + "a,train,normal,../../etc/passwd,\n",
		"label \"odd\"":              visaHead + "a,train,odd,a/0.png,\n",
		"split \"val\"":              visaHead + "a,val,normal,a/0.png,\n",
		"split \"train\" with label": visaHead + "a,train,anomaly,a/0.png,\n",
		"to train a in":              visaHead + "a,test,normal,a/0.png,\n",
		"wrong number of fields":     visaHead + "a,test\n",
		"no images":                  visaHead,
	} {
		_, err := VisA(tree(t, map[string]string{"split_csv/1cls.csv": text}))
		assert.ErrorContains(t, err, want)
	}
	_, err := VisA(t.TempDir())
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDuplicates(t *testing.T) {
	dir := mvtec(t)
	write(t, filepath.Join(dir, "train/good/a.png"), 7)
	write(t, filepath.Join(dir, "train/good/b.png"), 8)
	write(t, filepath.Join(dir, "test/scratch/d.png"), 8)
	s, err := Open(dir)
	require.NoError(t, err)
	write(t, filepath.Join(dir, "train/good/c.png"), 7)
	s.Train = append(s.Train, filepath.Join(dir, "train/good/c.png"))
	repeated, both, err := s.Duplicates()
	require.NoError(t, err)
	assert.Equal(t, [][2]string{{filepath.Join(dir, "train/good/a.png"), filepath.Join(dir, "train/good/c.png")}}, repeated)
	assert.Equal(t, [][2]string{{filepath.Join(dir, "train/good/b.png"), filepath.Join(dir, "test/scratch/d.png")}}, both)
	assert.Equal(t, []string{filepath.Join(dir, "train/good/a.png"), filepath.Join(dir, "train/good/b.png")}, s.Train, "once each")
}
