package imaging_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"anomnet/core/imaging"
)

func Example() {
	var file bytes.Buffer
	_ = png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480)))

	m, err := imaging.Decode(file.Bytes(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := imaging.Prepare(m, imaging.Preprocess{Width: 256, Height: 256, Mode: imaging.Fit})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.W, m.H, in.W, in.H)

	_, err = imaging.Decode(file.Bytes()[:200], nil)
	fmt.Println(err)
	// Output:
	// 640 480 256 256
	// imaging: png: corrupt: 200 bytes cannot hold 640 x 480 pixels: unexpected EOF
}
