package dataset

import (
	"fmt"
	"slices"

	"anomnet/core/imaging"
)

// fullMask is the value from which a pixel of a mask counts where the mask is a picture, black and white; small numbers are kinds of defects.
const fullMask = 128

// MaskFiles lists the files of the item's mask.
func (i Item) MaskFiles() ([]string, error) {
	if isFolder(i.Mask) {
		return Images(i.Mask)
	}
	return []string{i.Mask}, nil
}

// LoadMask reads the item's mask and returns where it is set, at the size and in the way of pre, as Load brings the image: a pixel counts when the resized mask,
// made of the pixels from MaskLevel on where that is given, is at least half. Of several masks a pixel counts where it does in one. A mask of another shape than
// the item's picture would mark other places, and is refused.
func (i Item) LoadMask(pre imaging.Preprocess) ([]bool, error) {
	files, err := i.MaskFiles()
	if err != nil {
		return nil, err
	}
	mask := make([]bool, pre.Width*pre.Height)
	add := func(img *imaging.RGB) {
		img = imaging.PrepareMask(img, pre)
		for k := range mask {
			mask[k] = mask[k] || img.Pix[3*k] >= fullMask
		}
	}
	var all *imaging.RGB
	for _, path := range files {
		img, err := readMask(path, i.MaskLevel)
		if err == nil {
			err = i.fits(path, img)
		}
		switch {
		case err != nil:
			return nil, err
		case all == nil:
			all = img
		case all.W == img.W && all.H == img.H: // before the sizes change: no seam between parts of one defect
			for k, v := range img.Pix {
				all.Pix[k] = max(all.Pix[k], v)
			}
		default:
			add(img)
		}
	}
	if all != nil {
		add(all)
	}
	return mask, nil
}

// fits holds the shape of a mask against that of the item's picture, which stands upright; half the size is as good.
func (i Item) fits(path string, mask *imaging.RGB) error {
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
		return fmt.Errorf("dataset: mask %s has %d x %d pixels, its picture %d x %d: want the same shape", path, mask.W, mask.H, p.W, p.H)
	}
	return nil
}

// readMask reads a mask as a gray picture: of a coloured one the brightest sample of a pixel.
func readMask(path string, level uint8) (*imaging.RGB, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	img, err := imaging.Decode(data, nil)
	if err != nil {
		return nil, fmt.Errorf("dataset: mask %s: %w", path, err)
	}
	for pix := range slices.Chunk(img.Pix, 3) {
		v := slices.Max(pix)
		pix[0], pix[1], pix[2] = v, v, v
	}
	if level == 0 && slices.Max(img.Pix) < fullMask {
		level = 1
	}
	if level > 0 { // a level belongs to the pixels as they are, before they are mixed
		for k, v := range img.Pix {
			if img.Pix[k] = 0; v >= level {
				img.Pix[k] = 255
			}
		}
	}
	return img, nil
}
