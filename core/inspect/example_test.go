package inspect_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

// A backbone and a head that were read from files give verdicts on the bytes of images.
func Example() {
	b := tiny.Backbone(1) // instead of two files that were read
	backbone, _ := model.Encode(&model.File{Backbone: b})
	head, _ := model.Encode(&model.File{Head: tiny.Head(b, 1)})
	in, err := inspect.Open([][]byte{backbone, head}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	_ = png.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 320)))
	res, err := in.Inspect(file.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(in.Info().Part, res.Verdict, len(res.Map)) // random weights: no plain picture is good

	_, err = in.Inspect([]byte("GIF89a"))
	fmt.Println(err)
	// Output:
	// tiny part NG 32
	// imaging: gif: unsupported: this image format is not read
}
