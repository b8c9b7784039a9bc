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
	// AugmentLight uses darker and brighter copies. AugmentAuto never chooses it, nor AugmentShift: the trainer does.
	AugmentLight Augment = "light"
	// AugmentShift uses copies moved by less than a patch.
	AugmentShift Augment = "shift"
)

// Plus is a with the copies of more, in this order: turned ones, AugmentLight, AugmentShift. It is written "d4+light".
func (a Augment) Plus(more Augment) Augment {
	switch {
	case more == AugmentNone:
		return a
	case a == AugmentNone:
		return more
	}
	return a + "+" + more
}

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
	for _, turned := range []Augment{AugmentNone, AugmentD4, AugmentTurns} {
		for _, light := range []Augment{AugmentNone, AugmentLight} {
			if b := turned.Plus(light); a == b || a == b.Plus(AugmentShift) {
				return true
			}
		}
	}
	return a == AugmentAuto
}

// has says whether part is among the copies of a.
func (a Augment) has(part Augment) bool {
	return slices.Contains(strings.Split(string(a), "+"), string(part))
}

// Turned says whether turned and mirrored copies are among those of a: a head then takes a part that lies in another way for good.
func (a Augment) Turned() bool { return a.has(AugmentD4) || a.has(AugmentTurns) }

// uses says whether a copy belongs to a.
func (a Augment) uses(kind string) bool {
	switch {
	case strings.HasPrefix(kind, fineKind):
		return a.has(AugmentTurns)
	case strings.HasPrefix(kind, lightKind):
		return a.has(AugmentLight)
	case strings.HasPrefix(kind, shiftKind):
		return a.has(AugmentShift)
	}
	return a.Turned()
}

// Holds says whether features of copies that a uses were made of every image.
func (s *Set) Holds(a Augment) bool { return s.eachHas(a.uses) }

// eachHas says whether every image has a copy of a kind that ok takes.
func (s *Set) eachHas(ok func(kind string) bool) bool {
	for _, f := range s.Features {
		if !slices.ContainsFunc(f.Turned, func(t Patch) bool { return ok(t.Kind) }) {
			return false
		}
	}
	return true
}

// augments lists what the features and the number of images allow, the simplest first.
func (s *Set) augments() []Augment {
	list := []Augment{AugmentNone}
	most := CopiesFor(s.Images)
	if most == AugmentNone || !s.Holds(AugmentD4) {
		return list
	}
	list = append(list, AugmentD4)
	if most == AugmentTurns && s.eachHas(func(kind string) bool { return strings.HasPrefix(kind, fineKind) }) {
		list = append(list, AugmentTurns)
	}
	return list
}
