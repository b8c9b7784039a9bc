package importer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"anomnet/core/engine"
)

// Description is the JSON file of a "plain" network. Unknown keys are ignored, so a training program can keep its own notes
// in the same file.
type Description struct {
	Input struct {
		Order string    `json:"order"` // "RGB" or nothing
		Scale float64   `json:"scale"` // the net sees (pixel >> 1) * scale; default 1/127
		Mean  []float64 `json:"mean"`  // with Std, [3]: the net sees (pixel/255 - mean) / std instead, padded with zeros
		Std   []float64 `json:"std"`
	} `json:"input"`
	// Taps are two names; by default the last layers with ReLU at stride 8 and at stride 16.
	Taps   []string           `json:"taps"`
	Layers []LayerDescription `json:"layers"`
}

// LayerDescription is a layer: y = relu(conv(x) + residual), with x from From and weights from NAME.weight and NAME.bias.
// Layers that no tap depends on (a head for training, for instance) may be described; they and their weights are ignored.
type LayerDescription struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`     // "convKxK" or "maxpoolKxK" with K of 1, 3, 5 or 7
	From     string `json:"from"`     // default: the layer above; for the first, the image
	Residual string `json:"residual"` // a layer to add before ReLU
	BN       string `json:"bn"`       // batch norm to fold in: BN.weight, .bias, .running_mean, .running_var; eps 1e-5
	In       int    `json:"cin"`
	Out      int    `json:"cout"`
	Stride   int    `json:"stride"` // 1 or 2; default 1
	Pad      *int   `json:"pad"`    // zero padding, K/2, which is also the default
	ReLU     bool   `json:"relu"`   // a layer without may only be a residual
	// Step is the value of one integer step of the output, from a training with simulated integers. All layers have one or none, and then
	// nothing is calibrated.
	Step float64 `json:"step,omitempty"`
}

func descriptionErr(layer, format string, args ...any) error {
	return fmt.Errorf("importer: description: layer %q: %s", layer, fmt.Sprintf(format, args...))
}

// plainNetwork reads a description and its weights. taps, if not nil, replaces the description's.
func plainNetwork(w *weights, description []byte, taps []string) (*network, error) {
	var d Description
	if err := json.Unmarshal(description, &d); err != nil {
		return nil, fmt.Errorf("importer: description: %w", err)
	}
	n, err := d.network()
	if err != nil {
		return nil, err
	}
	if n.taps = d.Taps; taps != nil {
		n.taps = taps
	}
	if n.taps == nil {
		n.taps = n.defaultTaps()
	}
	if len(n.taps) == 0 {
		return nil, fmt.Errorf("importer: description: no taps, and no layer with relu at stride 8 or 16")
	}
	dropped, err := n.prune()
	if err != nil {
		return nil, err
	}
	norms := map[string]string{}
	for _, l := range d.Layers {
		norms[l.Name] = l.BN
	}
	for i := range n.layers {
		if l := &n.layers[i]; l.kind == engine.KindConv {
			if err := w.conv(l, norms[l.name], false); err != nil {
				return nil, err
			}
		}
	}
	for i, name := range dropped {
		dropped[i] = name + "."
		if bn := norms[name]; bn != "" {
			dropped = append(dropped, bn+".")
		}
	}
	if err := w.unused("the description", dropped...); err != nil {
		return nil, err
	}
	return n, n.check()
}

// network returns the layers without weights.
func (d *Description) network() (*network, error) {
	n := &network{scale: d.Input.Scale}
	if n.scale == 0 {
		n.scale = 1.0 / 127
	}
	if d.Input.Order != "" && d.Input.Order != "RGB" || n.scale < 0 {
		return nil, fmt.Errorf("importer: description: input order %q scale %v, want RGB and a positive scale", d.Input.Order, n.scale)
	}
	if d.Input.Mean != nil || d.Input.Std != nil {
		if len(d.Input.Mean) != 3 || len(d.Input.Std) != 3 {
			return nil, fmt.Errorf("importer: description: input has %d means and %d deviations, want 3 and 3", len(d.Input.Mean), len(d.Input.Std))
		}
		n.raw, n.mean, n.std = true, [3]float64(d.Input.Mean), [3]float64(d.Input.Std)
		for c := range 3 {
			if !(n.std[c] > 0) || !(n.mean[c] >= 0 && n.mean[c] <= 1) {
				return nil, fmt.Errorf("importer: description: input channel %d has mean %v and deviation %v", c, n.mean[c], n.std[c])
			}
		}
	}
	above := engine.ImageInput
	known := map[string]bool{"": true, engine.ImageInput: true}
	for i := range d.Layers {
		l, err := d.Layers[i].layer(above)
		if err != nil {
			return nil, err
		}
		if known[l.name] || !known[l.input] || !known[l.residual] {
			return nil, descriptionErr(l.name, "from %q, residual %q: they must be above, and no name comes twice or is %q", l.input, l.residual, engine.ImageInput)
		}
		known[l.name] = true
		n.layers = append(n.layers, l)
		above = l.name
	}
	return n, nil
}

// layer reads one layer; above is the name of the layer before.
func (d *LayerDescription) layer(above string) (layer, error) {
	l := layer{name: d.Name, input: d.From, residual: d.Residual, in: d.In, out: d.Out, stride: d.Stride, relu: d.ReLU, step: d.Step}
	if l.input == "" {
		l.input = above
	}
	if l.stride == 0 {
		l.stride = 1
	}
	size := ""
	for _, k := range []engine.Kind{engine.KindConv, engine.KindMaxPool} {
		if rest, ok := strings.CutPrefix(d.Kind, string(k)); ok {
			l.kind, size = k, rest
		}
	}
	a, b, _ := strings.Cut(size, "x")
	k, err := strconv.Atoi(a)
	if err != nil || a != b {
		return l, descriptionErr(d.Name, `kind %q, want for instance "conv3x3" or "maxpool3x3"`, d.Kind)
	}
	l.kernel = k
	if d.Pad != nil && *d.Pad != k/2 {
		return l, descriptionErr(d.Name, "padding %d of a %d x %d window, want %d", *d.Pad, k, k, k/2)
	}
	if l.in < 1 || l.out < 1 || l.stride < 1 || l.stride > 2 {
		return l, descriptionErr(d.Name, "channels %d -> %d, stride %d, want positive channels and a stride of 1 or 2", l.in, l.out, l.stride)
	}
	if l.kind == engine.KindMaxPool {
		l.relu = true // what it reads was not negative
	}
	return l, nil
}

// defaultTaps returns the last layers with ReLU at strides 8 and 16, as far as there are any.
func (n *network) defaultTaps() []string {
	strides := map[string]int{engine.ImageInput: 1}
	last := map[int]string{}
	for i := range n.layers {
		l := &n.layers[i]
		s := strides[l.input] * l.stride
		strides[l.name] = s
		if l.relu {
			last[s] = l.name
		}
	}
	var taps []string
	for _, s := range []int{8, 16} {
		if last[s] != "" {
			taps = append(taps, last[s])
		}
	}
	return taps
}

// prune drops the layers that no tap depends on and returns their names.
func (n *network) prune() (dropped []string, err error) {
	at := n.index()
	need := map[string]bool{}
	for _, t := range n.taps {
		if i, ok := at[t]; !ok || i < 0 {
			return nil, descriptionErr(t, "tap is not described")
		}
		need[t] = true
	}
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := &n.layers[i]
		if need[l.name] {
			need[l.input] = true
			need[l.residual] = l.residual != ""
		}
	}
	var kept []layer
	for _, l := range n.layers {
		if need[l.name] {
			kept = append(kept, l)
		} else {
			dropped = append(dropped, l.name)
		}
	}
	n.layers = kept
	return dropped, nil
}
