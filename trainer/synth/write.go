package synth

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"path/filepath"

	"anomnet/core/imaging"
	"anomnet/trainer/atomicfile"
)

// Progress is told after every picture how many of all are written.
type Progress func(done, total int)

// WriteDataset renders a data set into dir in the layout of MVTec AD (Bergmann et al., 2019):
//
//	train/good/000.png               nTrain good pictures
//	test/good/000.png                nTestGood other good pictures
//	test/KIND/000.png                nDefects defective pictures, their kinds in turn
//	ground_truth/KIND/000_mask.png   8-bit gray, 255 on the defect
//
// Every file is written under a temporary name and renamed, so none is ever half there. Files that exist are
// replaced; others in dir are left alone. Cancelling ctx stops between pictures. report may be nil.
func WriteDataset(ctx context.Context, dir string, opt Options, nTrain, nTestGood, nDefects int, report Progress) error {
	if err := opt.Validate(); err != nil {
		return err
	}
	if nTrain < 0 || nTestGood < 0 || nDefects < 0 {
		return fmt.Errorf("synth: negative count: %d train, %d test, %d defects", nTrain, nTestGood, nDefects)
	}
	total := nTrain + nTestGood + nDefects
	for i := range total {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("synth: write %s: %w", dir, err)
		}
		var err error
		switch {
		case i < nTrain:
			err = writePNG(name(dir, "train", "good", i, ""), asImage(Good(opt, i)))
		case i < nTrain+nTestGood:
			err = writePNG(name(dir, "test", "good", i-nTrain, ""), asImage(Good(opt, i)))
		default:
			err = writeDefect(dir, opt, i-nTrain-nTestGood)
		}
		if err != nil {
			return err
		}
		if report != nil {
			report(i+1, total)
		}
	}
	return nil
}

func name(dir, split, kind string, i int, suffix string) string {
	return filepath.Join(dir, split, kind, fmt.Sprintf("%03d%s.png", i, suffix))
}

// writeDefect numbers the pictures of a kind from 0.
func writeDefect(dir string, opt Options, i int) error {
	img, mask, kind := Defect(opt, i)
	n := i / len(DefectKinds())
	if err := writePNG(name(dir, "ground_truth", kind, n, "_mask"), maskImage(mask, img.W, img.H)); err != nil {
		return err
	}
	return writePNG(name(dir, "test", kind, n, ""), asImage(img))
}

// writePNG writes path whole or not at all.
func writePNG(path string, img image.Image) error {
	var buf bytes.Buffer
	err := png.Encode(&buf, img)
	if err == nil {
		err = atomicfile.Write(path, buf.Bytes())
	}
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	return nil
}

// EncodeJPEG returns img as a JPEG file; quality runs from 1 to 100, 0 means 85, which makes about 30 KB of a picture of the
// default size.
func EncodeJPEG(img *imaging.RGB, quality int) ([]byte, error) {
	if img == nil || img.W <= 0 || img.H <= 0 || len(img.Pix) != img.W*img.H*3 {
		return nil, fmt.Errorf("synth: encode jpeg: no picture")
	}
	if quality == 0 {
		quality = 85
	}
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("synth: encode jpeg: quality %d outside 1..100", quality)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, asImage(img), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("synth: encode jpeg: %w", err)
	}
	return b.Bytes(), nil
}

func asImage(img *imaging.RGB) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.W * img.H {
		copy(out.Pix[i*4:], img.Pix[i*3:i*3+3])
		out.Pix[i*4+3] = 255
	}
	return out
}

func maskImage(mask []bool, w, h int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for i, m := range mask {
		if m {
			out.Pix[i] = 255
		}
	}
	return out
}
