// Package dataset finds images on disk: folders in MVTec layout, folders of good images, and lists of files.
//
// MVTec layout (Bergmann et al. 2019): train/good, test/good, test/DEFECT, ground_truth/DEFECT/NAME_mask.png; Open says what else it takes.
package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anomnet/core/imaging"
)

// GoodLabel is the name of the folder with good images.
const GoodLabel = "good"

// ErrNoImages is wrapped when a folder holds no image file.
var ErrNoImages = errors.New("dataset: no images")

// Item is one image of a test set.
type Item struct {
	Path  string
	Label string // GoodLabel or the kind of defect
	Mask  string // path of the ground-truth mask, or of a folder of masks that count together; empty when there is none

	// MaskLevel is the value from which a pixel of the mask counts; 0: from half of the full value, or from 1 in a mask that never reaches that.
	MaskLevel uint8
}

// Good reports whether the image shows a good part.
func (i Item) Good() bool { return i.Label == GoodLabel }

// Set is a data set. Paths are sorted, so the order is the same everywhere.
type Set struct {
	Train []string // good images
	Test  []Item
}

var extensions = []string{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}

// IsImage reports whether the name ends like an image file.
func IsImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}

// Images lists the image files in dir and below, sorted by path, without what systems hide there and the masks of a data set, as the page does. dir may be
// a link to a folder.
func Images(dir string) ([]string, error) {
	root := dir
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 && isFolder(dir) {
		root += string(filepath.Separator) // without it WalkDir looks at the link and not at what it leads to
	}
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != root && leftOut(d):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if IsImage(path) && regular(path, d) {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNoImages, dir)
	}
	slices.Sort(paths)
	return paths, nil
}

// leftOut reports whether nobody means an entry when they name the folder that it is in: ._a.png, which a Mac writes beside a.png, is no image.
func leftOut(d fs.DirEntry) bool {
	name := strings.ToLower(d.Name())
	return strings.HasPrefix(name, ".") || d.IsDir() && (name == "__macosx" || name == "ground_truth")
}

// regular reports whether an entry is a file or a link to one. Linked folders are not followed, so a loop cannot catch us.
func regular(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isFolder reports whether path is a folder, or a link to one.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Read reads an image file. One that is larger than imaging accepts is refused without reading it whole, so that a stray video or a
// device in a folder does not take all memory; that error is an *imaging.Error, as imaging's own would be.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	var buf bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= imaging.DefaultMaxBytes {
		buf.Grow(int(info.Size()) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(f, imaging.DefaultMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if n > imaging.DefaultMaxBytes {
		detail := fmt.Sprintf("the file has more than %d bytes", imaging.DefaultMaxBytes)
		return nil, fmt.Errorf("dataset: %s: %w", path, &imaging.Error{Kind: imaging.TooLarge, Detail: detail, Offset: -1})
	}
	return buf.Bytes(), nil
}

// Load decodes and prepares one image file.
func Load(path string, pre imaging.Preprocess) (*imaging.RGB, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	img, err := imaging.Open(data, nil)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return img.Prepare(pre)
}

// Digest hashes the files in order: SHA-256 over their SHA-256 sums.
func Digest(paths []string) (string, error) {
	var sums bytes.Buffer
	for _, p := range paths {
		data, err := Read(p)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(data)
		sums.Write(sum[:])
	}
	sum := sha256.Sum256(sums.Bytes())
	return hex.EncodeToString(sum[:]), nil
}
