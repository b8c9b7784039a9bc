// Package inspect is the whole path from the bytes of an image file to a verdict. The command line, the browser worker and
// the end-to-end tests all score through it, so there is no second inference path that could disagree.
//
//	in, err := inspect.Open([][]byte{backbone, head}, nil)
//	res, err := in.Inspect(file)
//	fmt.Println(res.Verdict, res.Ratio)
package inspect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/regions"
	"anomnet/core/roi"
)

// Options of an Inspector; nil means defaults.
type Options struct {
	Kernels engine.Kernels  // tier, nil for the fastest of this machine
	Limits  *imaging.Limits // of the images, nil for imaging's defaults
}

// Info describes an Inspector.
type Info struct {
	Part            string
	BackboneName    string
	BackboneDigest  string
	HeadDigest      string // of the file that held the head
	Centroids       int
	CalibrationSize int      // held-out good images behind the limits
	TopK            int      // patches whose mean distance is the score
	ROI             roi.Mask // patches that are inspected, nil for all
	FalseRejectRate float64
	Promised        bool // whether so many images can promise that rate
	Width, Height   int
	Mode            imaging.Mode // how pictures come to that size
	Method          string
	Tier            string
}

// Result is what is known about one image. Map is [MapH][MapW], in the unit of Raw; MapLow and MapHigh are the fixed ends of
// its display scale.
type Result struct {
	Raw, Limit, Review float32
	Ratio, PValue      float64
	Verdict            calibrate.Verdict
	Map                []float32
	MapW, MapH         int
	MapLow, MapHigh    float32
	ROI                roi.Mask         // where Map has values, nil for all; 0 elsewhere
	Worst              Spot             // the patch that weighs most in the score
	Regions            []regions.Region // of the map above Edge, see regions.Mark
	Edge               float32          // Limit, or less where an NG image has nothing above it
	Width, Height      int              // of the image after orientation
	Preview            *imaging.RGB     // the pixels that were scored
	SHA256             string           // of the file
}

// Spot is a patch: its place on the map, and its distance from the good patch that is most like it.
type Spot struct {
	X, Y     int
	Distance float32
}

// Inspector scores images with one head. It is for one goroutine; Clone makes another that shares the weights.
type Inspector struct {
	net      *engine.Net
	head     *model.Head
	info     Info
	limits   *imaging.Limits
	extract  *detect.Extractor
	embedder *detect.Embedder
	scorer   *detect.Scorer
	mapper   *detect.Mapper
	x        []uint8
	e        []int8
}

// Open decodes model files, a backbone and a head or one file with both, and prepares to score with them. Errors wrap
// model.ErrCorrupt or model.ErrMismatch.
func Open(files [][]byte, opt *Options) (*Inspector, error) {
	var b *model.Backbone
	var h *model.Head
	var digest string
	for i, data := range files {
		f, err := model.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("inspect: model file %d: %w", i+1, err)
		}
		if f.Backbone != nil {
			b = f.Backbone
		}
		if f.Head != nil {
			h, digest = f.Head, f.Digest
		}
	}
	if b == nil || h == nil {
		return nil, fmt.Errorf("inspect: %w: want a backbone and a head, got backbone %v, head %v", model.ErrMismatch, b != nil, h != nil)
	}
	return New(b, h, digest, opt)
}

// New prepares to score with a head on its backbone. headDigest is only reported.
func New(b *model.Backbone, h *model.Head, headDigest string, opt *Options) (*Inspector, error) {
	if opt == nil {
		opt = &Options{}
	}
	kernels := opt.Kernels
	if kernels == nil {
		kernels = engine.Fastest()
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if err := h.Fits(b); err != nil {
		return nil, err
	}
	if err := checkWork(b, h); err != nil {
		return nil, err
	}
	net, err := engine.NewNet(b.Graph, kernels)
	if err != nil {
		return nil, err
	}
	in := &Inspector{net: net, head: h, limits: opt.Limits, info: Info{
		Part: h.Part, BackboneName: b.Name, BackboneDigest: h.BackboneDigest, HeadDigest: headDigest, Centroids: h.Centroids.K,
		CalibrationSize: len(h.Calibration.Scores), TopK: h.TopK, FalseRejectRate: h.Calibration.FalseRejectRate, Promised: h.Calibration.Promised(),
		Width: h.Preprocess.Width, Height: h.Preprocess.Height, Mode: h.Preprocess.Mode, Method: h.Provenance.Method, Tier: kernels.Name(), ROI: h.ROI,
	}}
	if in.embedder, err = detect.NewEmbedder(&h.Adapter, kernels); err != nil {
		return nil, err
	}
	if in.scorer, err = detect.NewScorer(&h.Centroids, kernels); err != nil {
		return nil, err
	}
	if err := in.prepare(); err != nil {
		return nil, fmt.Errorf("inspect: part %q: %w: %w", h.Part, model.ErrCorrupt, err)
	}
	return in, nil
}

// checkWork bounds the time of an image: the network, the embeddings of its patches, and their distances from all centroids.
func checkWork(b *model.Backbone, h *model.Head) error {
	inside, _ := h.Inspected()
	search := int64(inside) * (int64(h.Adapter.In)*int64(h.Adapter.Out) + int64(h.Centroids.K)*int64(h.Centroids.D))
	if err := engine.CheckWork(b.Graph.Work(h.Preprocess.Height, h.Preprocess.Width) + search); err != nil {
		return fmt.Errorf("inspect: part %q: %w: %w", h.Part, model.ErrCorrupt, err)
	}
	return nil
}

// prepare makes the buffers.
func (in *Inspector) prepare() (err error) {
	h := in.head
	if in.extract, err = detect.NewExtractor(in.net, h.Preprocess.Height, h.Preprocess.Width, h.ZeroPadding, h.FeatureScale, nil); err != nil {
		return err
	}
	g := in.extract.Grid()
	in.mapper = detect.NewMapper(in.scorer, g.H, g.W, h.ROI)
	in.x, in.e = make([]uint8, g.Patches()*g.C), make([]int8, g.Patches()*h.Adapter.Out)
	return nil
}

// Clone returns an inspector for another goroutine.
func (in *Inspector) Clone() (*Inspector, error) {
	c := &Inspector{net: in.net, head: in.head, info: in.info, limits: in.limits, scorer: in.scorer, embedder: in.embedder.Clone()}
	return c, c.prepare()
}

// Info describes what the inspector scores with.
func (in *Inspector) Info() Info { return in.info }

// Inspect decodes an image file and scores it. Errors of the image are *imaging.Error.
func (in *Inspector) Inspect(data []byte) (*Result, error) {
	img, pre, err := in.embed(data)
	if err != nil {
		return nil, err
	}
	g, cal := in.extract.Grid(), in.head.Calibration
	in.mapper.Map(in.e)
	raw := in.mapper.ImageScore(in.head.TopK)
	frame := regions.Frame{Width: img.W, Height: img.H, InputW: pre.W, InputH: pre.H, Mode: string(in.head.Preprocess.Mode), ROI: in.head.ROI}
	verdict := cal.Verdict(raw)
	found := regions.Mark(in.mapper.Smoothed(), g.W, g.H, cal.Limit, verdict == calibrate.NG, frame)
	sum := sha256.Sum256(data)
	return &Result{
		Raw: raw, Limit: cal.Limit, Review: cal.Review, Ratio: cal.Ratio(raw), PValue: cal.PValue(raw), Verdict: verdict,
		Map: append([]float32(nil), in.mapper.Smoothed()...), MapW: g.W, MapH: g.H, MapLow: cal.MapLow, MapHigh: cal.MapHigh, ROI: in.head.ROI,
		Width: img.W, Height: img.H, Preview: pre, SHA256: hex.EncodeToString(sum[:]),
		Worst: in.worst(), Regions: found.Regions, Edge: found.Edge,
	}, nil
}

// embed decodes an image and leaves the embeddings of the patches inside in in.e.
func (in *Inspector) embed(data []byte) (*imaging.Picture, *imaging.RGB, error) {
	img, err := imaging.Open(data, in.limits)
	if err != nil {
		return nil, nil, err
	}
	pre, err := img.Prepare(in.head.Preprocess)
	if err != nil {
		return nil, nil, err
	}
	if err := in.extract.Extract(pre, in.x); err != nil {
		return nil, nil, err
	}
	inside, _ := in.head.Inspected()
	in.embedder.Embed(roi.Keep(in.head.ROI, in.x, in.head.Adapter.In), inside, in.e)
	return img, pre, nil
}

func (in *Inspector) worst() Spot {
	_, place, d := in.mapper.Worst()
	return in.spot(place, d)
}

func (in *Inspector) spot(place int, distance float32) Spot {
	w := in.extract.Grid().W
	return Spot{X: place % w, Y: place / w, Distance: distance}
}
