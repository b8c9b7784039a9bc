package importer

import (
	"fmt"

	"anomnet/core/engine"
)

// resnetWidth is the number of channels of ResNet-18's stem.
const resnetWidth = 64

// stages are the blocks of layer1 to layer3.
var (
	stages18 = [3]int{2, 2, 2}
	stages50 = [3]int{3, 4, 6}
)

// resnet18 reads stem to layer3 of torchvision's ResNet-18 (He et al. 2016, table 1) with the given width of the stem.
func resnet18(w *weights, width int) (*network, error) {
	return resnet(w, width, ArchResNet18, stages18, 1, basicBlock)
}

// wideResNet50 reads stem to layer3 of torchvision's Wide ResNet-50-2 (Zagoruyko and Komodakis 2016): bottleneck blocks whose 3x3 convolutions are
// twice as wide as those of ResNet-50. The usual backbone of PatchCore, PaDiM, CFA and SimpleNet.
func wideResNet50(w *weights, width int) (*network, error) {
	return resnet(w, width, ArchWideResNet50, stages50, bottleneckGrowth, bottleneck)
}

// blockFunc returns the layers of a block, whose last is NAME.conv2 or NAME.conv3, and puts the names of batch norms into norms.
type blockFunc func(name, input string, in, out, stride int, norms map[string]string) []layer

// resnet reads a stem of some width and three stages of blocks; the outputs of a stage have growth times its width.
func resnet(w *weights, width int, arch string, stages [3]int, growth int, block blockFunc) (*network, error) {
	n := &network{
		raw: true, taps: []string{"layer2", "layer3"},
		mean: [3]float64{0.485, 0.456, 0.406}, std: [3]float64{0.229, 0.224, 0.225},
	}
	n.layers = append(n.layers,
		layer{name: "conv1", kind: engine.KindConv, input: engine.ImageInput, in: 3, out: width, kernel: 7, stride: 2, relu: true},
		layer{name: "maxpool", kind: engine.KindMaxPool, input: "conv1", in: width, out: width, kernel: 3, stride: 2, relu: true})
	norms := map[string]string{"conv1": "bn1"}
	input, in := "maxpool", width
	for stage, blocks := range stages {
		out, stride := growth*width<<stage, min(2, stage+1)
		for b := range blocks {
			n.layers = append(n.layers, block(fmt.Sprintf("layer%d.%d", stage+1, b), input, in, out, stride, norms)...)
			input, in, stride = n.layers[len(n.layers)-1].name, out, 1
		}
		if stage > 0 {
			n.rename(input, fmt.Sprintf("layer%d", stage+1))
			input = fmt.Sprintf("layer%d", stage+1)
		}
	}
	return n, w.read(n, norms, arch)
}

// read fills the weights of n in; the layers that became taps have other names in the file.
func (w *weights) read(n *network, norms map[string]string, arch string) error {
	for i := range n.layers {
		l := &n.layers[i]
		if l.kind != engine.KindConv {
			continue
		}
		name := l.name
		if l.file != "" {
			l.name = l.file
		}
		err := w.conv(l, norms[l.name], true)
		if l.name = name; err != nil {
			return err
		}
	}
	if err := w.unused(arch, "layer4.", "fc."); err != nil {
		return err
	}
	return n.check()
}

// shortcut returns the source of a block's residual: its input, or a 1x1 convolution of it where the shape changes.
func shortcut(name, input string, in, out, stride int, norms map[string]string) (string, []layer) {
	if in == out && stride == 1 {
		return input, nil
	}
	short := name + ".downsample.0"
	norms[short] = name + ".downsample.1"
	return short, []layer{{name: short, kind: engine.KindConv, input: input, in: in, out: out, kernel: 1, stride: stride}}
}

// basicBlock is two 3x3 convolutions and a shortcut (He et al. 2016, figure 5, left).
func basicBlock(name, input string, in, out, stride int, norms map[string]string) []layer {
	short, layers := shortcut(name, input, in, out, stride, norms)
	a, b := name+".conv1", name+".conv2"
	norms[a], norms[b] = name+".bn1", name+".bn2"
	return append(layers,
		layer{name: a, kind: engine.KindConv, input: input, in: in, out: out, kernel: 3, stride: stride, relu: true},
		layer{name: b, kind: engine.KindConv, input: a, residual: short, in: out, out: out, kernel: 3, stride: 1, relu: true})
}

// The output of a bottleneck is four times as wide as ResNet's stages are; a wide one's middle is half of the output instead of a quarter.
const (
	bottleneckGrowth = 4
	bottleneckMiddle = 2 // output channels for each of the middle
)

// bottleneck is a 1x1, a 3x3 and a 1x1 convolution and a shortcut (figure 5, right); the 3x3 has the stride, as in torchvision.
func bottleneck(name, input string, in, out, stride int, norms map[string]string) []layer {
	short, layers := shortcut(name, input, in, out, stride, norms)
	middle := out / bottleneckMiddle
	a, b, c := name+".conv1", name+".conv2", name+".conv3"
	norms[a], norms[b], norms[c] = name+".bn1", name+".bn2", name+".bn3"
	return append(layers,
		layer{name: a, kind: engine.KindConv, input: input, in: in, out: middle, kernel: 1, stride: 1, relu: true},
		layer{name: b, kind: engine.KindConv, input: a, in: middle, out: middle, kernel: 3, stride: stride, relu: true},
		layer{name: c, kind: engine.KindConv, input: b, residual: short, in: middle, out: out, kernel: 1, stride: 1, relu: true})
}

// rename gives a layer, and whatever refers to it, another name.
func (n *network) rename(from, to string) {
	for i := range n.layers {
		l := &n.layers[i]
		if l.name == from {
			l.file = from
		}
		for _, s := range []*string{&l.name, &l.input, &l.residual} {
			if *s == from {
				*s = to
			}
		}
	}
}
