package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// write makes a gray PNG whose left half has the value v, the right half 0.
func write(t *testing.T, path string, v uint8) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 4))
	for y := range 4 {
		for x := range 4 {
			img.SetGray(x, y, color.Gray{Y: v})
		}
	}
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, img))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o644))
}

func mvtec(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"train/good/b.png", "train/good/a.png", "test/good/c.png", "test/scratch/d.png", "test/dent/e.png", "test/empty/.keep",
		"ground_truth/scratch/d_mask.png", "ground_truth/dent/e.png"} {
		if filepath.Base(name) == ".keep" {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
			continue
		}
		write(t, filepath.Join(dir, name), 255)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test", "license.txt"), []byte("text"), 0o644))
	return dir
}

func TestOpenMVTecLayout(t *testing.T) {
	dir := mvtec(t)
	s, err := Open(dir)
	require.NoError(t, err)
	at := func(name string) string { return filepath.Join(dir, name) }
	assert.Equal(t, []string{at("train/good/a.png"), at("train/good/b.png")}, s.Train)
	assert.Equal(t, []Item{
		{Path: at("test/dent/e.png"), Label: "dent", Mask: at("ground_truth/dent/e.png")}, {Path: at("test/good/c.png"), Label: "good"},
		{Path: at("test/scratch/d.png"), Label: "scratch", Mask: at("ground_truth/scratch/d_mask.png")},
	}, s.Test)
	assert.True(t, s.Test[1].Good())
	assert.False(t, s.Test[0].Good())
}

func TestOpenFolderOfGoodImages(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.PNG"), 9)
	write(t, filepath.Join(dir, "deep", "y.png"), 9)
	require.NoError(t, os.Symlink(filepath.Join(dir, "x.PNG"), filepath.Join(dir, "link.png")))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "loop")))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "folder.png")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling.png")))
	s, err := Open(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "deep", "y.png"), filepath.Join(dir, "link.png"), filepath.Join(dir, "x.PNG")}, s.Train)
	assert.Empty(t, s.Test)
}

// TestOpenFollowsLinksToItsFolders: data that lies on another disk, or a split made of links, is the same data.
func TestOpenFollowsLinksToItsFolders(t *testing.T) {
	dir := mvtec(t)
	for _, name := range []string{"train/good", "test/dent"} {
		require.NoError(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, filepath.Base(name))))
		require.NoError(t, os.Symlink(filepath.Join("..", filepath.Base(name)), filepath.Join(dir, name)))
	}
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	s, err := Open(link)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(link, "train/good/a.png"), filepath.Join(link, "train/good/b.png")}, s.Train)
	require.Len(t, s.Test, 3)
	assert.Equal(t, filepath.Join(link, "test/dent/e.png"), s.Test[0].Path)
	good := filepath.Join(t.TempDir(), "good")
	require.NoError(t, os.Symlink(filepath.Join(dir, "good"), good))
	paths, err := Images(good)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(good, "a.png"), filepath.Join(good, "b.png")}, paths)
}

// TestImagesLeavesOut what the page leaves out of a dropped folder (webui/ui, Choose), so that both learn the same.
func TestImagesLeavesOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".given")
	for _, name := range []string{"a.png", "._a.png", ".git/b.png", "__MACOSX/a.png", "x/ground_truth/a_mask.png", "x/ground_truth.png"} {
		write(t, filepath.Join(dir, name), 9)
	}
	paths, err := Images(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "a.png"), filepath.Join(dir, "x/ground_truth.png")}, paths)
	paths, err = Images(filepath.Join(dir, "x", "ground_truth"))
	require.NoError(t, err)
	assert.Len(t, paths, 1, "named, it is meant")
}

// TestOpenTestSet: without train/good nothing of a test set is taken for good.
func TestOpenTestSet(t *testing.T) {
	dir := mvtec(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "train")))
	s, err := Open(dir)
	require.NoError(t, err)
	assert.Empty(t, s.Train)
	assert.Len(t, s.Test, 3)
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open(t.TempDir())
	assert.ErrorIs(t, err, ErrNoImages)
	_, err = Open(filepath.Join(t.TempDir(), "absent"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestLoadNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	pre := imaging.Preprocess{Width: 32, Height: 32, Mode: imaging.Stretch}
	path := filepath.Join(dir, "broken.png")
	require.NoError(t, os.WriteFile(path, []byte("\x89PNG\r\n\x1a\nbroken"), 0o644))
	_, err := Load(path, pre)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "broken.png")
	write(t, path, 200)
	img, err := Load(path, pre)
	require.NoError(t, err)
	assert.Equal(t, []int{32, 32}, []int{img.W, img.H})
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video.png")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o644))
	data, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(data))
	require.NoError(t, os.Truncate(path, 1<<40)) // a hole: it takes no room on the disk
	_, err = Read(path)
	var e *imaging.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, imaging.TooLarge, e.Kind)
	assert.Contains(t, err.Error(), "video.png")
	_, err = Read(path + ".absent")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestLoadMaskTakesAnotherSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.png")
	write(t, path, 255)
	mask, err := Item{Mask: path}.LoadMask(imaging.Preprocess{Width: 4, Height: 2})
	require.NoError(t, err)
	assert.Equal(t, []bool{true, true, false, false, true, true, false, false}, mask)
}

func TestLoadMaskWantsTheShapeOfItsPicture(t *testing.T) {
	dir := t.TempDir()
	it := Item{Path: filepath.Join(dir, "picture.png"), Mask: filepath.Join(dir, "m.png")}
	for _, c := range []struct {
		picture, mask [2]int
		ok            bool
	}{
		{[2]int{300, 200}, [2]int{300, 200}, true},
		{[2]int{300, 200}, [2]int{150, 100}, true},
		{[2]int{1000, 700}, [2]int{333, 233}, true},
		{[2]int{300, 200}, [2]int{200, 300}, false},
		{[2]int{300, 200}, [2]int{200, 200}, false},
		{[2]int{1000, 700}, [2]int{1000, 690}, false},
	} {
		for path, size := range map[string][2]int{it.Path: c.picture, it.Mask: c.mask} {
			var buf bytes.Buffer
			require.NoError(t, png.Encode(&buf, image.NewGray(image.Rect(0, 0, size[0], size[1]))))
			require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o644))
		}
		_, err := it.LoadMask(imaging.Preprocess{Width: 32, Height: 32})
		if c.ok {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, fmt.Sprintf("m.png has %d x %d pixels, its picture %d x %d", c.mask[0], c.mask[1], c.picture[0], c.picture[1]))
	}
	require.NoError(t, os.Remove(it.Path))
	_, err := it.LoadMask(imaging.Preprocess{Width: 32, Height: 32})
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDigestDependsOnContentAndOrderOnly(t *testing.T) {
	dir := t.TempDir()
	for name, v := range map[string]uint8{"a.png": 1, "b.png": 2, "c.png": 1} {
		write(t, filepath.Join(dir, name), v)
	}
	digest := func(names ...string) string {
		var paths []string
		for _, n := range names {
			paths = append(paths, filepath.Join(dir, n))
		}
		d, err := Digest(paths)
		require.NoError(t, err)
		return d
	}
	assert.Equal(t, digest("a.png", "b.png"), digest("c.png", "b.png"))
	assert.NotEqual(t, digest("a.png", "b.png"), digest("b.png", "a.png"))
	_, err := Digest([]string{filepath.Join(dir, "absent")})
	assert.Error(t, err)
}
