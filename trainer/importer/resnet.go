package importer

import (
	"fmt"

	"anomnet/core/engine"
)

// resnetWidth is the number of channels of ResNet-18's stem.
const resnetWidth = 64

// resnet18 reads stem to layer3 of torchvision's ResNet-18 (He et al. 2016, table 1) with the given width of the stem.
func resnet18(w *weights, width int) (*network, error) {
	n := &network{
		raw: true, taps: []string{"layer2", "layer3"},
		mean: [3]float64{0.485, 0.456, 0.406}, std: [3]float64{0.229, 0.224, 0.225},
	}
	n.layers = append(n.layers,
		layer{name: "conv1", kind: engine.KindConv, input: engine.ImageInput, in: 3, out: width, kernel: 7, stride: 2, relu: true},
		layer{name: "maxpool", kind: engine.KindMaxPool, input: "conv1", in: width, out: width, kernel: 3, stride: 2, relu: true})
	norms := map[string]string{"conv1": "bn1"}
	input, in := "maxpool", width
	for stage := 1; stage <= 3; stage++ {
		out := width << (stage - 1)
		for block := range 2 {
			name := fmt.Sprintf("layer%d.%d", stage, block)
			n.layers = append(n.layers, basicBlock(name, input, in, out, norms)...)
			input, in = name+".conv2", out
		}
	}
	for i := range n.layers {
		if l := &n.layers[i]; l.kind == engine.KindConv {
			if err := w.conv(l, norms[l.name], true); err != nil {
				return nil, err
			}
		}
	}
	if err := w.unused(ArchResNet18, "layer4.", "fc."); err != nil {
		return nil, err
	}
	n.rename("layer2.1.conv2", "layer2")
	n.rename("layer3.1.conv2", "layer3")
	return n, n.check()
}

// basicBlock returns the layers of a block: two 3x3 convolutions and a shortcut, which is 1x1 where the shape changes. It
// puts the names of their batch norms into norms.
func basicBlock(name, input string, in, out int, norms map[string]string) []layer {
	stride, short := 1, input
	var layers []layer
	if in != out {
		stride, short = 2, name+".downsample.0"
		norms[short] = name + ".downsample.1"
		layers = append(layers, layer{name: short, kind: engine.KindConv, input: input, in: in, out: out, kernel: 1, stride: stride})
	}
	a, b := name+".conv1", name+".conv2"
	norms[a], norms[b] = name+".bn1", name+".bn2"
	return append(layers,
		layer{name: a, kind: engine.KindConv, input: input, in: in, out: out, kernel: 3, stride: stride, relu: true},
		layer{name: b, kind: engine.KindConv, input: a, residual: short, in: out, out: out, kernel: 3, stride: 1, relu: true})
}

// rename gives a layer, and whatever refers to it, another name.
func (n *network) rename(from, to string) {
	for i := range n.layers {
		l := &n.layers[i]
		for _, s := range []*string{&l.name, &l.input, &l.residual} {
			if *s == from {
				*s = to
			}
		}
	}
}
