// Package synth renders procedural parts lying on woven cloth, with and without defects, and writes them as a data set.
//
// The default part and the sample pictures of the page, the demos and many tests come from here, so no foreign picture
// has to be shipped. A part is an outline with holes, chamfers and machining marks, lit by two lamps and seen
// by a camera with a lens and a sensor; pose, light, weave and noise change from picture to picture.
//
//	img := synth.Good(synth.Options{Kind: "washer"}, 0)
//	img, mask, kind := synth.Defect(synth.Options{Kind: "washer"}, 0)
//
// The same options and index give the same picture on one machine; last-digit differences between CPU families are possible,
// since rendering uses floating point freely. Nothing here takes part in scoring.
package synth

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"anomnet/core/imaging"
)

// Limits and defaults of Options.
const (
	DefaultKind = "washer"
	DefaultSize = 384
	minSize     = 64
	maxSize     = 2048
)

// Options says what to render. The zero value renders washers at 384 x 384.
type Options struct {
	Kind string // one of Kinds; "" means DefaultKind
	Size int    // pixels on each side, 64 to 2048; 0 means DefaultSize
	Seed uint64 // another seed gives other poses, lights and defects
}

// Kinds returns the names of the parts that can be rendered.
func Kinds() []string { return []string{"washer", "bracket"} }

// DefectKinds returns the names of the defects, in the order in which Defect cycles through them.
func DefectKinds() []string { return []string{"scratch", "dent", "stain", "missing_hole", "chip"} }

// Validate reports an unknown kind or a size outside the limits.
func (o Options) Validate() error {
	_, err := o.resolved()
	return err
}

func (o Options) resolved() (Options, error) {
	if o.Kind == "" {
		o.Kind = DefaultKind
	}
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if !slices.Contains(Kinds(), o.Kind) {
		return o, fmt.Errorf("synth: unknown kind %q, want one of %s", o.Kind, strings.Join(Kinds(), ", "))
	}
	if o.Size < minSize || o.Size > maxSize {
		return o, fmt.Errorf("synth: size %d outside %d..%d", o.Size, minSize, maxSize)
	}
	return o, nil
}

// The streams keep good and defective pictures of the same index apart.
const (
	streamGood   = 1
	streamDefect = 2
)

// Good renders good picture number i. It returns nil if opt does not pass Validate.
func Good(opt Options, i int) *imaging.RGB {
	opt, err := opt.resolved()
	if err != nil {
		return nil
	}
	s := newScene(opt, newRand(opt.Seed, streamGood, i))
	img, _ := s.render(nil)
	return img
}

// Defect renders defective picture number i and returns it with its mask ([Size][Size], row-major, true on the defect) and
// the kind of defect, DefectKinds()[i mod 5]. It returns nil, nil, "" if opt does not pass Validate.
func Defect(opt Options, i int) (img *imaging.RGB, mask []bool, kind string) {
	opt, err := opt.resolved()
	if err != nil {
		return nil, nil, ""
	}
	r := newRand(opt.Seed, streamDefect, i)
	s := newScene(opt, r)
	kinds := DefectKinds()
	kind = kinds[((i%len(kinds))+len(kinds))%len(kinds)]
	img, mask = s.render(newDefect(kind, s, r))
	return img, mask, kind
}

func newRand(seed, stream uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream<<56^uint64(i)))
}

// spread draws uniformly from lo to hi.
func spread(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
