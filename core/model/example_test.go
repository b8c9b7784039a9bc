package model_test

import (
	"errors"
	"fmt"

	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

// A head names its backbone by digest. Any changed byte is refused.
func Example() {
	b := tiny.Backbone(1)
	data, err := model.Encode(&model.File{Head: tiny.Head(b, 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := model.Decode(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Head.Part, f.Head.Centroids.K, f.Head.Fits(b), f.Head.Fits(tiny.Backbone(2)) != nil)

	data[len(data)-1] ^= 1
	_, err = model.Decode(data)
	fmt.Println(errors.Is(err, model.ErrCorrupt))
	// Output:
	// tiny part 14 <nil> true
	// true
}
