package teach

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"anomnet/core/model"

	"anomnet/core/imaging"
)

// ErrFeatures is wrapped when features are damaged or belong to another backbone or preprocessing.
var ErrFeatures = errors.New("teach: features do not fit")

// Features is all that teaching keeps of one image, whether good or a check case. They are made by a Featurizer and travel and are
// stored as bytes (EncodeFeatures); the image itself is not needed again.
//
// With the built-in backbone at 256 x 256 the patches are 1,024 x 288 bytes, in bytes 7 bits a value: see EncodeFeatures for the budget.
type Features struct {
	Name          string // of the file, for people
	SHA256        string // of the file's bytes, or of the pixels when there was no file; lower-case hex
	Width, Height int    // of the upright picture before preprocessing
	Maker         string // Maker of the backbone and preprocessing
	Patches       int    // a picture
	Channels      int    // length of a patch vector

	X      []uint8 // [Patches][Channels] patch vectors, u7
	Drawn  []Patch // pseudo-defects drawn into the picture
	Turned []Patch // turned, mirrored and other copies of the picture (Augment)
}

// Patch is some patch vectors of a changed copy of the picture.
type Patch struct {
	Kind string   // what was done to the picture
	At   []uint16 // [n] ascending, where the vectors lie on the grid
	X    []uint8  // [n][Channels]
}

// Limits of what DecodeFeatures accepts.
const (
	maxName   = 4096
	maxCopies = 64
	maxChange = 64 // of the patches of a pseudo-defect, those that it changes most are kept
)

// featuresVersion changes when the same picture gives other features.
const featuresVersion = 2

// zeroPadding is what new heads have (model.Head): docs/RATIONALE.md, "What lies outside of a picture?".
const zeroPadding = true

// Maker names what features depend on: the backbone, the preprocessing and this package's version. Features of another maker are refused.
func Maker(b *model.Backbone, pre imaging.Preprocess) (string, error) {
	digest, err := b.Digest()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(struct {
		Version  int
		Backbone string
		Pre      imaging.Preprocess
	}{featuresVersion, digest, pre})
	if err != nil {
		return "", fmt.Errorf("teach: %w", err)
	}
	return hexSum(text), nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// validate checks what a decoder cannot know from the container.
func (f *Features) validate() error {
	switch {
	case len(f.Name) > maxName:
		return fmt.Errorf("%w: name of %d bytes", ErrFeatures, len(f.Name))
	case !isDigest(f.SHA256) || !isDigest(f.Maker):
		return fmt.Errorf("%w: digest %q, maker %q", ErrFeatures, f.SHA256, f.Maker)
	case f.Width < 1 || f.Height < 1 || f.Width > maxSide || f.Height > maxSide:
		return fmt.Errorf("%w: picture of %d x %d", ErrFeatures, f.Width, f.Height)
	case f.Patches < 1 || f.Patches > maxPatches || f.Channels < 1 || f.Channels > maxChannels || len(f.X) != f.Patches*f.Channels:
		return fmt.Errorf("%w: %d patches of %d values have %d", ErrFeatures, f.Patches, f.Channels, len(f.X))
	case len(f.Drawn) > maxCopies || len(f.Turned) > maxCopies:
		return fmt.Errorf("%w: %d pseudo-defects, %d copies", ErrFeatures, len(f.Drawn), len(f.Turned))
	}
	if err := checkU7(f.X); err != nil {
		return err
	}
	for _, list := range [][]Patch{f.Drawn, f.Turned} {
		for i := range list {
			if err := list[i].validate(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Bounds of Features; a grid of 2,048 x 2,048 pixels has 65,536 patches.
const (
	maxSide     = 1 << 20
	maxPatches  = 1 << 16
	maxChannels = 8192
)

func (p *Patch) validate(f *Features) error {
	if len(p.Kind) > maxName || len(p.X) != len(p.At)*f.Channels {
		return fmt.Errorf("%w: copy %.40q of %d patches has %d values", ErrFeatures, p.Kind, len(p.At), len(p.X))
	}
	last := -1
	for _, at := range p.At {
		if int(at) <= last || int(at) >= f.Patches {
			return fmt.Errorf("%w: copy %.40q has patch %d after %d", ErrFeatures, p.Kind, at, last)
		}
		last = int(at)
	}
	return checkU7(p.X)
}

func checkU7(x []uint8) error {
	for len(x) >= 8 && binary.LittleEndian.Uint64(x)&0x8080808080808080 == 0 {
		x = x[8:]
	}
	for i, v := range x {
		if v > 127 {
			return fmt.Errorf("%w: value %d is %d", ErrFeatures, i, v)
		}
	}
	return nil
}

// isDigest says whether s is 64 lower-case hexadecimal digits.
func isDigest(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
