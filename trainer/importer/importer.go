// Package importer turns float32 weights into a quantised backbone, by post-training quantisation in plain Go.
//
// Weights come as a safetensors file, or as the .pth file of a PyTorch state dict (package pth), with convolutions [out][in][kh][kw]. Three architectures are known:
//
//   - "plain": a chain or graph of convolutions that a small JSON file describes (see Description);
//   - "resnet18": torchvision's names, with separate batch norm (conv1, bn1, layer1.0.conv1, layer1.0.bn1, ...,
//     layer2.0.downsample.0 and .1) or with batch norm folded into conv weight and bias. The taps are layer2 and layer3;
//     layer4.* and fc.* may be there and are ignored, as are num_batches_tracked;
//   - "wide_resnet50_2": the same of torchvision's Wide ResNet-50-2, whose blocks have conv1 to conv3. 1,536 channels, 24 MB.
//
// The way: the float network runs on calibration images and a histogram of every activation gives its step, percentile / 127.
// Weights become int8 with one step per output channel, max|w| / 127 (12 bits, max|w| / 2047, in a stem on raw pixels). Then
// the integer network runs on the same images for the deviation of each patch channel, and on held-out images against the
// float network for the Report. The result does not depend on the number of workers.
//
// # Security considerations
//
// Weights and description are untrusted: every tensor is checked against the architecture before anything is computed, and
// errors name the tensor, its shape and the shape that was expected.
package importer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
)

// The architectures that Options.Arch may name.
const (
	ArchPlain        = "plain"
	ArchResNet18     = "resnet18"
	ArchWideResNet50 = "wide_resnet50_2"
)

// DefaultPercentile of the activations becomes the largest value that a u7 activation can hold.
const DefaultPercentile = 99.999

// defaultSide is the side of the images when Options.Preprocess is zero.
const defaultSide = 256

// Images is a list of decoded pictures that is read as it is needed. Load may be called from several goroutines at once,
// and more than once for an image.
type Images struct {
	N    int
	Load func(i int) (*imaging.RGB, error)
}

// Options say what to import. Weights, Arch, Images and HeldOut are required, and Description for "plain".
type Options struct {
	Weights     []byte   // a safetensors file, or a .pth file of PyTorch, float32
	Arch        string   // ArchPlain, ArchResNet18 or ArchWideResNet50
	Description []byte   // JSON, see Description; only for ArchPlain
	Taps        []string // only for ArchPlain: replaces the description's taps

	Images     Images             // for calibration, about 100
	HeldOut    Images             // for the report: others than Images
	Preprocess imaging.Preprocess // how pictures are prepared; zero is the largest central square at 256 x 256
	Percentile float64            // above 50, up to 100; zero is DefaultPercentile

	Name       string // of the backbone; empty is Arch
	Licence    string
	Card       string // model card; empty is a sentence about the calibration
	DataSHA256 string // digest over the calibration files, for the provenance
	Software   string // program and version, for the provenance; empty is "anomnet"

	Workers  int                                 // images in parallel, default 1
	Progress func(stage string, done, total int) // called from one goroutine at a time
}

// Import returns the quantised backbone and what quantisation cost.
func Import(ctx context.Context, opt Options) (*model.Backbone, *Report, error) {
	if err := opt.complete(); err != nil {
		return nil, nil, err
	}
	n, err := opt.network()
	if err != nil {
		return nil, nil, err
	}
	return importNetwork(ctx, &opt, n)
}

// importNetwork does the work of Import on complete options.
func importNetwork(ctx context.Context, opt *Options, n *network) (*model.Backbone, *Report, error) {
	steps, err := calibrate(ctx, opt, n)
	if err != nil {
		return nil, nil, err
	}
	g, err := quantise(n, steps)
	if err != nil {
		return nil, nil, err
	}
	net, err := engine.NewNet(g, engine.Fastest())
	if err != nil {
		return nil, nil, fmt.Errorf("importer: %w", err)
	}
	std, floored, err := deviations(ctx, opt, net)
	if err != nil {
		return nil, nil, err
	}
	rep, err := compare(ctx, opt, n, net, steps)
	if err != nil {
		return nil, nil, err
	}
	rep.FeaturesFloored = floored
	b := &model.Backbone{Name: opt.Name, Licence: opt.Licence, Graph: g, FeatureStd: std, Provenance: opt.provenance(rep)}
	if rep.BackboneSHA256, err = b.Digest(); err != nil {
		return nil, nil, fmt.Errorf("importer: %w", err)
	}
	return b, rep, nil
}

// complete checks the options and fills in defaults.
func (o *Options) complete() error {
	if o.Percentile == 0 {
		o.Percentile = DefaultPercentile
	}
	if o.Preprocess == (imaging.Preprocess{}) {
		o.Preprocess = imaging.Preprocess{Width: defaultSide, Height: defaultSide, Mode: imaging.Crop}
	}
	if o.Name == "" {
		o.Name = o.Arch
	}
	if o.Software == "" {
		o.Software = "anomnet"
	}
	if o.Card == "" {
		o.Card = fmt.Sprintf("Imported from float32 weights (%s). Activation steps were calibrated on %d images.", o.Arch, o.Images.N)
	}
	o.Workers = max(1, o.Workers)
	switch {
	case o.Images.N < 1 || o.Images.Load == nil:
		return errors.New("importer: no calibration images")
	case o.HeldOut.N < 1 || o.HeldOut.Load == nil:
		return errors.New("importer: no held-out images to measure on")
	case !(o.Percentile > 50 && o.Percentile <= 100):
		return fmt.Errorf("importer: percentile %v, want above 50 and up to 100", o.Percentile)
	}
	if err := o.Preprocess.Validate(); err != nil {
		return fmt.Errorf("importer: %w", err)
	}
	return nil
}

// network reads weights and description.
func (o *Options) network() (*network, error) {
	w, err := readWeights(o.Weights)
	if err != nil {
		return nil, err
	}
	switch o.Arch {
	case ArchPlain:
		return plainNetwork(w, o.Description, o.Taps)
	case ArchResNet18, ArchWideResNet50:
		if o.Description != nil || o.Taps != nil {
			return nil, fmt.Errorf("importer: %s takes neither description nor taps", o.Arch)
		}
		if o.Arch == ArchWideResNet50 {
			return wideResNet50(w, resnetWidth)
		}
		return resnet18(w, resnetWidth)
	}
	return nil, fmt.Errorf("importer: architecture %q, want %q, %q or %q", o.Arch, ArchPlain, ArchResNet18, ArchWideResNet50)
}

func (o *Options) provenance(r *Report) model.Provenance {
	metrics := map[string]float64{}
	for _, t := range r.Taps {
		metrics["explained_variance_"+t.Name] = math.Round(t.ExplainedVariance*1e4) / 1e4
	}
	return model.Provenance{
		Method: "import", Software: o.Software, Images: o.Images.N, DataSHA256: o.DataSHA256, Metrics: metrics, Card: o.Card,
	}
}

func (o *Options) progress(stage string, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}
