package bench

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"

	"anomnet/cmd/internal/onnx"
	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/model"
)

// Net is a network to time, with the image that it runs on.
type Net struct {
	Name     string
	Backbone *model.Backbone
	Head     *model.Head // or nil
	Image    *imaging.RGB
	JPEG     []byte // a file of one megapixel, for the stages before the network
}

// NewNet prepares the pixels of a file for a backbone and, where there is one, its head.
func NewNet(name string, b *model.Backbone, h *model.Head, picture []byte) (*Net, error) {
	pre := imaging.Preprocess{Width: 256, Height: 256, Mode: imaging.Stretch}
	if h != nil {
		if err := h.Fits(b); err != nil {
			return nil, err
		}
		pre = h.Preprocess
	}
	img, err := imaging.Decode(picture, nil)
	if err != nil {
		return nil, fmt.Errorf("bench: picture: %w", err)
	}
	n := &Net{Name: name, Backbone: b, Head: h}
	if n.Image, err = imaging.Prepare(img, pre); err != nil {
		return nil, err
	}
	n.JPEG, err = megapixel(picture)
	return n, err
}

// megapixelSide is the side of the JPEG that is decoded.
const megapixelSide = 1024

// megapixel tiles a picture to one megapixel: the detail of a photograph, which stretching would lose, decides how long decoding takes.
func megapixel(picture []byte) ([]byte, error) {
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("bench: picture: %w", err)
	}
	b := img.Bounds()
	if b.Empty() {
		return nil, errors.New("bench: picture is empty")
	}
	out := image.NewRGBA(image.Rect(0, 0, megapixelSide, megapixelSide))
	for y := 0; y < megapixelSide; y += b.Dy() {
		for x := 0; x < megapixelSide; x += b.Dx() {
			draw.Draw(out, image.Rect(x, y, x+b.Dx(), y+b.Dy()), img, b.Min, draw.Src)
		}
	}
	var buf bytes.Buffer
	err = jpeg.Encode(&buf, out, &jpeg.Options{Quality: 90})
	return buf.Bytes(), err
}

// target is what contenders compute: a network, or a network and its head.
type target struct {
	net  *Net
	name string
	head *model.Head
	ops  int64
}

func (n *Net) targets() []target {
	ops := 2 * n.Backbone.Graph.MultiplyAdds(n.Image.H, n.Image.W)
	list := []target{{n, n.Name, nil, ops}}
	if h := n.Head; h != nil {
		patches := int64(n.Image.H / detect.GridStride * (n.Image.W / detect.GridStride))
		list = append(list, target{n, n.Name + " + head", h, ops + 2*patches*int64(h.Adapter.In*h.Adapter.Out+h.Centroids.K*h.Centroids.D)})
	}
	return list
}

// form is one of the two ways in which a peer gets a network.
type form struct {
	name string
	int8 bool
}

var forms = []form{{"f32", false}, {"int8", true}}

// export writes a target in a form to dir, and returns the names of the files without dir.
func (t *target) export(dir string, f form, serial int) (m *onnx.Model, net, input string, err error) {
	m, err = onnx.Export(t.net.Backbone.Graph, t.head, &onnx.Options{Height: t.net.Image.H, Width: t.net.Image.W, Int8: f.int8})
	if err != nil {
		return nil, "", "", err
	}
	net, input = fmt.Sprintf("net%d.onnx", serial), fmt.Sprintf("net%d.bin", serial)
	if err := os.WriteFile(filepath.Join(dir, net), m.Data, 0o644); err != nil {
		return nil, "", "", err
	}
	return m, net, input, os.WriteFile(filepath.Join(dir, input), m.Input(t.net.Image.Pix), 0o644)
}
