package main

import (
	"bytes"
	"errors"
	"fmt"

	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/roi"
	"anomnet/trainer/dataset"
)

// region reads the file of --roi, nil when there is none.
func (l *learnFlags) region() (roi.Mask, error) {
	if l.roi == "" {
		return nil, nil
	}
	data, err := dataset.Read(l.roi)
	if err != nil {
		return nil, err
	}
	m, err := readRegion(data, l.preprocess())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.roi, err)
	}
	return m, nil
}

// readRegion tells by the content what a file is: JSON begins with a brace, a model file has one behind eight bytes of length.
func readRegion(data []byte, pre imaging.Preprocess) (roi.Mask, error) {
	w, h := pre.Width/detect.GridStride, pre.Height/detect.GridStride
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return roi.Shapes(data, w, h)
	case len(data) > 8 && data[8] == '{':
		f, err := model.Decode(data)
		if err != nil {
			return nil, err
		}
		if f.Head == nil || f.Head.ROI == nil {
			return nil, errors.New("no head with a region of interest")
		}
		if p := f.Head.Preprocess; p.Width != pre.Width || p.Height != pre.Height || p.Mode != pre.Mode {
			return nil, fmt.Errorf("the region is for images of %d x %d (%s), not %d x %d (%s)", p.Width, p.Height, p.Mode, pre.Width, pre.Height, pre.Mode)
		}
		return f.Head.ROI, nil
	}
	img, err := imaging.Open(data, nil)
	if err != nil {
		return nil, err
	}
	p, err := img.Prepare(pre)
	if err != nil {
		return nil, err
	}
	return roi.Picture(p.Pix, w, h, detect.GridStride)
}
