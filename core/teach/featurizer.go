package teach

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/pseudo"
)

// Featurizer makes Features. It is for one goroutine; Clone makes another that shares the weights. The same picture gives the same features
// on every tier and machine, so pictures can be spread over workers in any way.
type Featurizer struct {
	net     *engine.Net
	pre     imaging.Preprocess
	maker   string
	limits  *imaging.Limits
	copies  Augment
	thin    []float32 // projection of the thinner
	extract *detect.Extractor
	changed []uint8 // patch vectors of a changed copy
}

// NewFeaturizer prepares to make features for heads on b with preprocessing pre. Of opt it takes Kernels, Limits and Copies.
func NewFeaturizer(b *model.Backbone, pre imaging.Preprocess, opt *Options) (*Featurizer, error) {
	if err := pre.Validate(); err != nil {
		return nil, err
	}
	if n := len(b.FeatureStd); n > maxChannels { // before buffers of so many: a small file can describe many wide taps
		return nil, fmt.Errorf("teach: backbone %q gives %d channels, want at most %d", b.Name, n, maxChannels)
	}
	maker, err := Maker(b, pre)
	if err != nil {
		return nil, err
	}
	net, err := engine.NewNet(b.Graph, opt.kernels())
	if err != nil {
		return nil, err
	}
	f := &Featurizer{net: net, pre: pre, maker: maker, limits: opt.limits(), copies: opt.copies()}
	if err := f.prepare(nil, b.FeatureStd); err != nil {
		return nil, err
	}
	c := f.extract.Grid().C
	f.thin = RandomProjection(min(thinWidth, c), c, 0)
	return f, nil
}

func (f *Featurizer) prepare(scale, std []float32) (err error) {
	if f.extract, err = detect.NewExtractor(f.net, f.pre.Height, f.pre.Width, zeroPadding, scale, std); err != nil {
		return err
	}
	g := f.extract.Grid()
	f.changed = make([]uint8, g.Patches()*g.C)
	return nil
}

// Clone returns a featurizer for another goroutine.
func (f *Featurizer) Clone() (*Featurizer, error) {
	c := *f
	return &c, c.prepare(f.extract.Scale(), nil)
}

// File decodes an image file and makes its features. Errors of the image are *imaging.Error.
func (f *Featurizer) File(name string, data []byte) (*Features, error) {
	img, pre, err := f.open(data)
	if err != nil {
		return nil, err
	}
	out, err := f.Image(pre)
	if err != nil {
		return nil, err
	}
	out.Name, out.SHA256, out.Width, out.Height = clip(name, maxName), hexSum(data), img.W, img.H
	return out, nil
}

// open decodes an image file and brings it to the size that is scored.
func (f *Featurizer) open(data []byte) (*imaging.Picture, *imaging.RGB, error) {
	img, err := imaging.Open(data, f.limits)
	if err != nil {
		return nil, nil, err
	}
	pre, err := img.Prepare(f.pre)
	return img, pre, err
}

// Vectors makes the patch vectors of an image file, without all that teaching needs beside them. Errors of the image are *imaging.Error.
func (f *Featurizer) Vectors(data []byte) ([]uint8, error) {
	_, pre, err := f.open(data)
	if err != nil {
		return nil, err
	}
	g := f.extract.Grid()
	x := make([]uint8, g.Patches()*g.C)
	return x, f.extract.Extract(pre, x)
}

// Image makes the features of a prepared picture.
func (f *Featurizer) Image(img *imaging.RGB) (*Features, error) {
	g := f.extract.Grid()
	out := &Features{Width: img.W, Height: img.H, Maker: f.maker, Patches: g.Patches(), Channels: g.C, X: make([]uint8, g.Patches()*g.C)}
	err := f.extract.Extract(img, out.X)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(img.Pix)
	out.SHA256 = fmt.Sprintf("%x", sum)
	seed := binary.LittleEndian.Uint64(sum[:])
	for k := range drawnPerImage {
		p, err := f.draw(img, out.X, seed+uint64(k))
		if err != nil {
			return nil, err
		}
		out.Drawn = append(out.Drawn, p)
	}
	for _, copies := range copiesOf(img, f.copies) {
		patches, err := f.copied(copies, out.X)
		if err != nil {
			return nil, err
		}
		out.Turned = append(out.Turned, patches...)
	}
	return out, nil
}

// copied makes the features of copies of a picture whose patch vectors are x.
func (f *Featurizer) copied(copies []turnedCopy, x []uint8) ([]Patch, error) {
	c := f.extract.Grid().C
	thin, err := newThinner(f.net.Kernels(), f.thin, x, c)
	if err != nil {
		return nil, err
	}
	var out []Patch
	for _, t := range copies {
		if err := f.extract.Extract(t.img, f.changed); err != nil {
			return nil, err
		}
		p := Patch{Kind: t.kind, At: thin.thin(f.changed)}
		for _, at := range p.At {
			p.X = append(p.X, f.changed[int(at)*c:(int(at)+1)*c]...)
		}
		out = append(out, p)
	}
	return out, nil
}

// drawnPerImage is how many pseudo-defects each image gets.
const drawnPerImage = 2

// draw draws a pseudo-defect into img, whose patch vectors are x, and keeps the patches that it changes most. The seed comes from the pixels, so
// the same picture always gets the same defects, whatever its name and place among the others.
func (f *Featurizer) draw(img *imaging.RGB, x []uint8, seed uint64) (Patch, error) {
	drawn, _, kind := pseudo.Make(img, seed)
	if err := f.extract.Extract(drawn, f.changed); err != nil {
		return Patch{}, err
	}
	c := f.extract.Grid().C
	type change struct{ at, d2 int }
	var changes []change
	for at := range f.extract.Grid().Patches() {
		d2 := 0
		for i, v := range f.changed[at*c : (at+1)*c] {
			d := int(v) - int(x[at*c+i])
			d2 += d * d
		}
		if d2 > 0 {
			changes = append(changes, change{at, d2})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(b.d2, a.d2), cmp.Compare(a.at, b.at)) })
	changes = changes[:min(len(changes), maxChange)]
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	p := Patch{Kind: kind}
	for _, ch := range changes {
		p.At = append(p.At, uint16(ch.at))
		p.X = append(p.X, f.changed[ch.at*c:(ch.at+1)*c]...)
	}
	return p, nil
}

// clip shortens s to at most n bytes, at the border of a character.
func clip(s string, n int) string {
	for len(s) > n {
		cut := 0
		for i := range s {
			if i > n {
				break
			}
			cut = i
		}
		s = s[:cut]
	}
	return s
}
