package distill

import (
	"encoding/json"
	"fmt"
	"strings"

	"anomnet/core/engine"
	"anomnet/trainer/importer"
)

// Layer is a convolution with ReLU, padded by Kernel/2.
type Layer struct {
	Name, From              string // From is a layer above, or empty for the image
	Kernel, In, Out, Stride int
}

// Arch is a student: layers in order and the two that are read.
type Arch struct {
	Layers []Layer
	Taps   []string
}

// chain makes layers of 3x3 convolutions, each reading the one above.
func chain(rows ...[3]int) []Layer {
	var layers []Layer
	from := ""
	for i, r := range rows {
		name := fmt.Sprintf("conv%d", i)
		layers = append(layers, Layer{Name: name, From: from, Kernel: 3, In: r[0], Out: r[1], Stride: r[2]})
		from = name
	}
	return layers
}

// Base is the default student: nine 3x3 convolutions, 563 million multiply-adds at 256 x 256.
func Base() *Arch {
	return &Arch{Taps: []string{"conv5", "conv8"}, Layers: chain([3]int{3, 24, 2}, [3]int{24, 48, 2}, [3]int{48, 48, 1}, [3]int{48, 96, 2},
		[3]int{96, 96, 1}, [3]int{96, 96, 1}, [3]int{96, 192, 2}, [3]int{192, 192, 1}, [3]int{192, 192, 1})}
}

// Small is Base without one layer at stride 4 and one at stride 16: 393 million multiply-adds.
func Small() *Arch {
	return &Arch{Taps: []string{"conv4", "conv6"}, Layers: chain([3]int{3, 24, 2}, [3]int{24, 48, 2}, [3]int{48, 96, 2}, [3]int{96, 96, 1},
		[3]int{96, 96, 1}, [3]int{96, 192, 2}, [3]int{192, 192, 1})}
}

// ReadArch reads a description as importer.Description has it; layers without ReLU (heads) are left out.
func ReadArch(description []byte) (*Arch, error) {
	var d importer.Description
	if err := json.Unmarshal(description, &d); err != nil {
		return nil, fmt.Errorf("distill: student: %w", err)
	}
	a := &Arch{Taps: d.Taps}
	above := ""
	for i := range d.Layers {
		l := &d.Layers[i]
		if !l.ReLU {
			continue
		}
		if l.Residual != "" || l.BN != "" || !strings.HasPrefix(l.Kind, "conv") {
			return nil, fmt.Errorf("distill: student: layer %q: want a convolution without residual and batch norm", l.Name)
		}
		var k, k2 int
		if n, err := fmt.Sscanf(l.Kind, "conv%dx%d", &k, &k2); n != 2 || err != nil || k != k2 {
			return nil, fmt.Errorf("distill: student: layer %q: kind %q", l.Name, l.Kind)
		}
		from := l.From
		if from == "" {
			from = above
		} else if from == engine.ImageInput {
			from = ""
		}
		a.Layers = append(a.Layers, Layer{Name: l.Name, From: from, Kernel: k, In: l.In, Out: l.Out, Stride: max(l.Stride, 1)})
		above = l.Name
	}
	if a.Taps == nil {
		a.Taps = a.lastAt(8, 16)
	}
	return a, a.check()
}

// strides gives the total stride of every layer.
func (a *Arch) strides() map[string]int {
	s := map[string]int{"": 1}
	for _, l := range a.Layers {
		s[l.Name] = s[l.From] * l.Stride
	}
	return s
}

// lastAt names the last layer at each stride.
func (a *Arch) lastAt(strides ...int) []string {
	of := a.strides()
	var names []string
	for _, s := range strides {
		last := ""
		for _, l := range a.Layers {
			if of[l.Name] == s {
				last = l.Name
			}
		}
		if last != "" {
			names = append(names, last)
		}
	}
	return names
}

func (a *Arch) find(name string) *Layer {
	for i := range a.Layers {
		if a.Layers[i].Name == name {
			return &a.Layers[i]
		}
	}
	return nil
}

// check demands what the engine will: layers in order, channels that fit, taps at strides 8 and 16.
func (a *Arch) check() error {
	channels := map[string]int{"": 3}
	for _, l := range a.Layers {
		in, ok := channels[l.From]
		if _, dup := channels[l.Name]; dup || !ok || l.Name == engine.ImageInput || strings.HasPrefix(l.Name, "head") {
			return fmt.Errorf("distill: student: layer %q from %q: names are unique, not %q or head..., and come after what they read", l.Name, l.From, engine.ImageInput)
		}
		if in != l.In || l.Out < 1 || l.Out > 4096 || l.Kernel < 1 || l.Kernel > 7 || l.Kernel%2 == 0 || l.Stride < 1 || l.Stride > 2 {
			return fmt.Errorf("distill: student: layer %q: %dx%d, %d -> %d, stride %d, and its input has %d channels", l.Name, l.Kernel, l.Kernel, l.In, l.Out, l.Stride, in)
		}
		channels[l.Name] = l.Out
	}
	strides := a.strides()
	seen := map[int]bool{}
	for _, t := range a.Taps {
		s := strides[t]
		if a.find(t) == nil || (s != 8 && s != 16) || seen[s] {
			return fmt.Errorf("distill: student: tap %q at stride %d: want one layer at stride 8 and one at 16", t, s)
		}
		seen[s] = true
	}
	if len(a.Taps) == 0 {
		return fmt.Errorf("distill: student: no taps")
	}
	return a.checkUse()
}

// checkUse demands that every layer leads to a tap: one that does not would learn nothing.
func (a *Arch) checkUse() error {
	used := map[string]bool{}
	for _, t := range a.Taps {
		used[t] = true
	}
	for i := len(a.Layers) - 1; i >= 0; i-- { // those that read a layer come after it
		l := a.Layers[i]
		if !used[l.Name] {
			return fmt.Errorf("distill: student: layer %q leads to no tap", l.Name)
		}
		used[l.From] = true
	}
	return nil
}

// MultiplyAdds counts the multiply-adds of the layers for an image of side x side pixels.
func (a *Arch) MultiplyAdds(side int) int64 {
	strides := a.strides()
	var n int64
	for _, l := range a.Layers {
		out := int64(side / strides[l.Name])
		n += out * out * int64(l.Kernel*l.Kernel*l.In) * int64(l.Out)
	}
	return n
}

// head names the head of the tap at a stride: head2 at 8, where ResNets have layer2, and head3 at 16.
func head(stride int) string {
	if stride == 8 {
		return "head2"
	}
	return "head3"
}
