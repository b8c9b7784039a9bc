package model

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/safetensors"
)

// manifest is the JSON under __metadata__.anomnet. What is an array of numbers lies in tensors instead.
type manifest struct {
	Version  int           `json:"version"`
	Backbone *backboneJSON `json:"backbone,omitempty"`
	Head     *headJSON     `json:"head,omitempty"`
}

type backboneJSON struct {
	Name       string        `json:"name"`
	Licence    string        `json:"licence"`
	Graph      *engine.Graph `json:"graph"`
	Provenance Provenance    `json:"provenance"`
}

type headJSON struct {
	Part           string             `json:"part"`
	BackboneDigest string             `json:"backbone_sha256"`
	Preprocess     imaging.Preprocess `json:"preprocess"`
	ZeroPadding    bool               `json:"zero_padding,omitempty"`
	Features       int                `json:"features"`
	Embedding      int                `json:"embedding"`
	L2             bool               `json:"l2"`
	Centroids      int                `json:"centroids"`
	Coded          *codedJSON         `json:"coded,omitempty"`
	TopK           int                `json:"top_k"`
	Calibration    calibrationJSON    `json:"calibration"`
	Provenance     Provenance         `json:"provenance"`
}

// codedJSON says how detect.Coded is laid out.
type codedJSON struct {
	Exact int `json:"exact"`
	Bits  int `json:"bits"`
}

// calibrationJSON is calibrate.Calibration without its scores.
type calibrationJSON struct {
	FalseRejectRate float64 `json:"false_reject_rate"`
	Limit           float32 `json:"limit"`
	Review          float32 `json:"review"`
	MapLow          float32 `json:"map_low"`
	MapHigh         float32 `json:"map_high"`
}

// checkTexts wants UTF-8: encoding/json would write another text than was given, and Decode would refuse the file.
func (m *manifest) checkTexts() error {
	texts := map[string]string{}
	provenance := func(of string, p Provenance) {
		for field, v := range map[string]string{"method": p.Method, "software": p.Software, "data_sha256": p.DataSHA256, "card": p.Card,
			"parent_sha256": p.ParentSHA256} {
			texts[of+" "+field] = v
		}
		for name := range p.Metrics {
			texts[of+" metric"] += name + " " // apart, or two halves of a character would pass
		}
	}
	if b := m.Backbone; b != nil {
		texts["backbone name"], texts["backbone licence"] = b.Name, b.Licence
		for i := range b.Graph.Ops {
			texts["operation name"] += b.Graph.Ops[i].Name + " "
		}
		provenance("backbone", b.Provenance)
	}
	if h := m.Head; h != nil {
		texts["part"] = h.Part
		provenance("head", h.Provenance)
	}
	for _, field := range slices.Sorted(maps.Keys(texts)) {
		if !utf8.ValidString(texts[field]) {
			return fmt.Errorf("model: %s %q is not UTF-8", field, texts[field])
		}
	}
	return nil
}

type tensors map[string]safetensors.Tensor

func (b *Backbone) pack(t tensors) *backboneJSON {
	for i := range b.Graph.Ops {
		op := &b.Graph.Ops[i]
		if op.Kind != engine.KindConv {
			continue
		}
		shape := []int{op.Out, op.Kernel, op.Kernel, op.In}
		if op.Weight16 != nil {
			t[opTensor(op, "weight")] = safetensors.FromInt16(op.Weight16, shape...)
		} else {
			t[opTensor(op, "weight")] = safetensors.FromInt8(op.Weight, shape...)
		}
		t[opTensor(op, "bias")] = safetensors.FromInt32(op.Bias, op.Out)
		t[opTensor(op, "scale")] = safetensors.FromFloat32(op.Scale, op.Out)
	}
	t[tensorFeatureStd] = safetensors.FromFloat32(b.FeatureStd, len(b.FeatureStd))
	return &backboneJSON{b.Name, b.Licence, b.Graph, b.Provenance}
}

const (
	tensorFeatureStd   = "backbone.feature_std"
	tensorFeatureScale = "head.feature_scale"
	tensorAdapter      = "head.adapter.weight"
	tensorAdapterScale = "head.adapter.scale"
	tensorCentroids    = "head.centroids"
	tensorLevels       = "head.centroids.levels"
	tensorParents      = "head.centroids.parent"
	tensorSteps        = "head.centroids.step"
	tensorScores       = "head.calibration.scores"
	tensorROI          = "head.roi"
)

func opTensor(op *engine.Op, what string) string { return "backbone." + op.Name + "." + what }

func (h *Head) pack(t tensors) *headJSON {
	t[tensorFeatureScale] = safetensors.FromFloat32(h.FeatureScale, len(h.FeatureScale))
	t[tensorAdapter] = safetensors.FromInt8(h.Adapter.Weight, h.Adapter.Out, h.Adapter.In)
	t[tensorAdapterScale] = safetensors.FromFloat32(h.Adapter.Scale, len(h.Adapter.Scale))
	coded := h.packCentroids(t)
	c := h.Calibration
	t[tensorScores] = safetensors.FromFloat32(c.Scores, len(c.Scores))
	if h.ROI != nil {
		gw, gh := h.Grid()
		t[tensorROI] = safetensors.Tensor{DType: safetensors.U8, Shape: []int{gh, gw}, Data: h.ROI}
	}
	return &headJSON{
		Part: h.Part, BackboneDigest: h.BackboneDigest, Preprocess: h.Preprocess, ZeroPadding: h.ZeroPadding, Features: h.Adapter.In, Embedding: h.Adapter.Out,
		L2: h.Adapter.L2, Centroids: h.Centroids.K, Coded: coded, TopK: h.TopK, Provenance: h.Provenance,
		Calibration: calibrationJSON{c.FalseRejectRate, c.Limit, c.Review, c.MapLow, c.MapHigh},
	}
}

// packCentroids puts the centroids into t, coded where they are.
func (h *Head) packCentroids(t tensors) *codedJSON {
	c, d := h.Coded, h.Centroids.D
	if c == nil {
		t[tensorCentroids] = safetensors.FromInt8(h.Centroids.Data, h.Centroids.K, d)
		return nil
	}
	n := len(c.Parent)
	t[tensorCentroids] = safetensors.FromInt8(c.Whole, c.Exact, d)
	t[tensorParents] = safetensors.FromInt16(c.Parent, n)
	t[tensorSteps] = safetensors.Tensor{DType: safetensors.U8, Shape: []int{n}, Data: c.Step}
	t[tensorLevels] = safetensors.Tensor{DType: safetensors.U8, Shape: []int{n, detect.LevelBytes(d, c.Bits)}, Data: c.Levels}
	return &codedJSON{c.Exact, c.Bits}
}

// reader takes tensors out of a file, keeps the first error, and knows which were never asked for.
type reader struct {
	tensors tensors
	err     error
}

func (r *reader) take(name string, shape ...int) safetensors.Tensor {
	t, ok := r.tensors[name]
	if !ok {
		r.fail("tensor %q is missing", name)
		return safetensors.Tensor{}
	}
	delete(r.tensors, name)
	if fmt.Sprint(t.Shape) != fmt.Sprint(shape) {
		r.fail("tensor %q has shape %v, want %v", name, t.Shape, shape)
	}
	return t
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func values[T any](r *reader, name string, get func(safetensors.Tensor) ([]T, error), shape ...int) []T {
	t := r.take(name, shape...)
	if r.err != nil {
		return nil
	}
	v, err := get(t)
	if err != nil {
		r.fail("tensor %q: %w", name, err)
	}
	return v
}

func (j *backboneJSON) unpack(r *reader) *Backbone {
	b := &Backbone{Name: j.Name, Licence: j.Licence, Graph: j.Graph, Provenance: j.Provenance}
	if j.Graph == nil {
		r.fail("backbone has no graph")
		return b
	}
	for i := range j.Graph.Ops {
		op := &j.Graph.Ops[i]
		if op.Kind != engine.KindConv {
			continue
		}
		shape := []int{op.Out, op.Kernel, op.Kernel, op.In}
		if op.Input == engine.ImageInput && j.Graph.Input == engine.InputRaw {
			op.Weight16 = values(r, opTensor(op, "weight"), safetensors.Tensor.Int16, shape...)
		} else {
			op.Weight = values(r, opTensor(op, "weight"), safetensors.Tensor.Int8, shape...)
		}
		op.Bias = values(r, opTensor(op, "bias"), safetensors.Tensor.Int32, op.Out)
		op.Scale = values(r, opTensor(op, "scale"), safetensors.Tensor.Float32, op.Out)
	}
	if t, ok := r.tensors[tensorFeatureStd]; ok && len(t.Shape) == 1 {
		b.FeatureStd = values(r, tensorFeatureStd, safetensors.Tensor.Float32, t.Shape[0])
	}
	return b
}

func (j *headJSON) unpack(r *reader) *Head {
	c := j.Calibration
	h := &Head{
		Part: j.Part, BackboneDigest: j.BackboneDigest, Preprocess: j.Preprocess, ZeroPadding: j.ZeroPadding, TopK: j.TopK, Provenance: j.Provenance,
		FeatureScale: values(r, tensorFeatureScale, safetensors.Tensor.Float32, j.Features),
		Adapter: detect.Adapter{
			In: j.Features, Out: j.Embedding, L2: j.L2,
			Weight: values(r, tensorAdapter, safetensors.Tensor.Int8, j.Embedding, j.Features),
			Scale:  values(r, tensorAdapterScale, safetensors.Tensor.Float32, j.Embedding),
		},
		Calibration: &calibrate.Calibration{
			FalseRejectRate: c.FalseRejectRate, Limit: c.Limit, Review: c.Review, MapLow: c.MapLow, MapHigh: c.MapHigh,
		},
	}
	h.Centroids, h.Coded = j.centroids(r)
	if t, ok := r.tensors[tensorScores]; ok && len(t.Shape) == 1 {
		h.Calibration.Scores = values(r, tensorScores, safetensors.Tensor.Float32, t.Shape[0])
	}
	if t, ok := r.tensors[tensorROI]; ok {
		gw, gh := h.Grid()
		if h.ROI = slices.Clone(r.take(tensorROI, gh, gw).Data); t.DType != safetensors.U8 {
			r.fail("tensor %q is %s, want %s", tensorROI, t.DType, safetensors.U8)
		}
	}
	return h
}

// centroids reads them, whole or coded.
func (j *headJSON) centroids(r *reader) (detect.Centroids, *detect.Coded) {
	out := detect.Centroids{K: j.Centroids, D: j.Embedding}
	if j.Coded == nil {
		out.Data = values(r, tensorCentroids, safetensors.Tensor.Int8, j.Centroids, j.Embedding)
		return out, nil
	}
	n := j.Centroids - j.Coded.Exact
	c := &detect.Coded{
		Exact: j.Coded.Exact, Bits: j.Coded.Bits,
		Whole:  values(r, tensorCentroids, safetensors.Tensor.Int8, j.Coded.Exact, j.Embedding),
		Parent: values(r, tensorParents, safetensors.Tensor.Int16, n),
		Step:   values(r, tensorSteps, safetensors.Tensor.Uint8, n),
		Levels: values(r, tensorLevels, safetensors.Tensor.Uint8, n, detect.LevelBytes(j.Embedding, j.Coded.Bits)),
	}
	if r.err != nil {
		return out, nil
	}
	out, err := c.Decode(j.Embedding)
	if err != nil {
		r.fail("%w", err)
	}
	return out, c
}
