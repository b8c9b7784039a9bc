package teach

import (
	"slices"
	"strings"
)

// Augment says which copies of the good images give centroids too.
type Augment string

const (
	// AugmentAuto chooses by Set.Choose, on good images only.
	AugmentAuto Augment = "auto"
	// AugmentNone uses the images as they are.
	AugmentNone Augment = "none"
	// AugmentD4 uses quarter turns and mirrored copies (of pictures that are not square, those that keep the shape).
	AugmentD4 Augment = "d4"
	// AugmentTurns adds turns by multiples of 30 degrees, with the background filled.
	AugmentTurns Augment = "turns"
)

// Up to so many good images copies are used. More images show most of what copies would, and then time and memory count.
const (
	MaxForD4    = 150
	MaxForTurns = 50
)

// CopiesFor is what copies so many good images are made features of.
func CopiesFor(images int) Augment {
	switch {
	case images <= MaxForTurns:
		return AugmentTurns
	case images <= MaxForD4:
		return AugmentD4
	}
	return AugmentNone
}

func validAugment(a Augment) bool {
	return a == AugmentAuto || a == AugmentNone || a == AugmentD4 || a == AugmentTurns
}

// uses says whether a copy belongs to a.
func (a Augment) uses(kind string) bool {
	if strings.HasPrefix(kind, fineKind) {
		return a == AugmentTurns
	}
	return a == AugmentD4 || a == AugmentTurns
}

// augments lists what the features and the number of images allow, the simplest first.
func (s *Set) augments() []Augment {
	list := []Augment{AugmentNone}
	most := CopiesFor(s.Images)
	d4, turns := most != AugmentNone, most == AugmentTurns
	for _, f := range s.Features {
		fine := slices.ContainsFunc(f.Turned, func(t Patch) bool { return strings.HasPrefix(t.Kind, fineKind) })
		d4, turns = d4 && len(f.Turned) > 0, turns && fine
	}
	if d4 {
		list = append(list, AugmentD4)
	}
	if d4 && turns {
		list = append(list, AugmentTurns)
	}
	return list
}
