// Package dataset finds images on disk: folders in MVTec layout, folders of good images, and lists of files.
//
// MVTec layout (Bergmann et al. 2019): train/good, test/good, test/DEFECT, ground_truth/DEFECT/NAME_mask.png.
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
	Mask  string // path of the ground-truth mask, empty when there is none

	// MaskLevel is the value from which a pixel of the mask counts; 0: from half of the full value. VisA's masks hold small numbers.
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

// Open reads a folder in MVTec layout, or one that just holds good images (then Test is empty). A folder with test/good and without train/good is a test
// set alone (then Train is empty): its defective images are nothing to learn from.
func Open(dir string) (*Set, error) {
	train := filepath.Join(dir, "train", GoodLabel)
	s := &Set{}
	var err error
	switch {
	case isFolder(train):
		if s.Train, err = Images(train); err != nil {
			return nil, err
		}
	case !isFolder(filepath.Join(dir, "test", GoodLabel)):
		s.Train, err = Images(dir)
		return s, err
	}
	labels, err := os.ReadDir(filepath.Join(dir, "test"))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	for _, l := range labels {
		if !isFolder(filepath.Join(dir, "test", l.Name())) {
			continue
		}
		paths, err := Images(filepath.Join(dir, "test", l.Name()))
		if errors.Is(err, ErrNoImages) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			s.Test = append(s.Test, Item{Path: p, Label: l.Name(), Mask: maskOf(dir, l.Name(), p)})
		}
	}
	return s, nil
}

// maskOf returns the path of an image's mask if it exists.
func maskOf(dir, label, image string) string {
	name := strings.TrimSuffix(filepath.Base(image), filepath.Ext(image))
	for _, suffix := range []string{"_mask.png", ".png"} {
		p := filepath.Join(dir, "ground_truth", label, name+suffix)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
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

// LoadMask reads the item's mask and returns where it is set, at the size and in the way of pre, as Load brings the image: a pixel counts when the resized mask,
// made of the pixels from MaskLevel on where that is given, is at least half. A mask of another shape than the item's picture would mark other places, and is refused.
func (i Item) LoadMask(pre imaging.Preprocess) ([]bool, error) {
	data, err := Read(i.Mask)
	if err != nil {
		return nil, err
	}
	img, err := imaging.Decode(data, nil)
	if err != nil {
		return nil, fmt.Errorf("dataset: mask %s: %w", i.Mask, err)
	}
	if err := i.fits(img); err != nil {
		return nil, err
	}
	if level := i.MaskLevel; level > 0 { // a level belongs to the pixels as they are, before they are mixed
		for k, v := range img.Pix {
			if img.Pix[k] = 0; v >= level {
				img.Pix[k] = 255
			}
		}
	}
	img = imaging.PrepareMask(img, pre)
	mask := make([]bool, pre.Width*pre.Height)
	for k := range mask {
		mask[k] = img.Pix[3*k] >= 128
	}
	return mask, nil
}

// fits holds the shape of a mask against that of the item's picture, which stands upright; half the size is as good.
func (i Item) fits(mask *imaging.RGB) error {
	if i.Path == "" {
		return nil
	}
	data, err := Read(i.Path)
	if err != nil {
		return err
	}
	p, err := imaging.Open(data, nil)
	if err != nil {
		return fmt.Errorf("dataset: %s: %w", i.Path, err)
	}
	off := mask.W*p.H - mask.H*p.W // one pixel more or less comes from rounding
	if max(off, -off) > max(p.W, p.H) {
		return fmt.Errorf("dataset: mask %s has %d x %d pixels, its picture %d x %d: want the same shape", i.Mask, mask.W, mask.H, p.W, p.H)
	}
	return nil
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
