package teach_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
	"anomnet/core/teach"
)

// part is a picture of a good part; its light changes a little with n.
func part(n int) []byte {
	img := image.NewGray(image.Rect(0, 0, 64, 32))
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + n + i%7)
	}
	return encoded(img)
}

func encoded(img image.Image) []byte {
	var file bytes.Buffer
	_ = png.Encode(&file, img)
	return file.Bytes()
}

// Good images make a head; with the backbone it inspects others. Stripes are none of the learned patches, so they are NG.
func ExampleSession() {
	b := tiny.Backbone(1)
	pre := imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Stretch}
	course, err := teach.NewSession(b, pre)
	if err != nil {
		fmt.Println(err)
		return
	}
	maker, _ := teach.NewFeaturizer(b, pre, nil)
	for n := range 8 {
		x, err := maker.File(fmt.Sprintf("good-%d.png", n), part(n))
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = course.Add(x)
	}
	taught, err := course.Fit(context.Background(), teach.FitOptions{Part: "Plate", Embedding: 8, FalseRejectRate: 0.05}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	backbone, _ := model.Encode(&model.File{Backbone: b})
	in, _ := inspect.Open([][]byte{backbone, taught.File}, nil)
	good, _ := in.Inspect(part(3))
	img := image.NewGray(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			img.SetGray(x, y, color.Gray{Y: uint8(255 * (x / 8 % 2))})
		}
	}
	bad, _ := in.Inspect(encoded(img))
	fmt.Println(taught.Head.Part, good.Verdict, bad.Verdict)
	// Output: Plate OK NG
}
