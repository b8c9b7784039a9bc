package method

import (
	"context"

	"anomnet/core/teach"
)

// Copies says of which copies AnomNet needs features when there are so many good images: the turned ones of teach, and those by light and by small shifts. Of
// more images than teach copies there are none: they show most of what copies would, and memory and time count.
func Copies(images int) teach.Augment {
	turned := teach.CopiesFor(images)
	if turned == teach.AugmentNone {
		return teach.AugmentNone
	}
	return turned.Plus(teach.AugmentLight).Plus(teach.AugmentShift)
}

// Turned copies make a verdict surer where there are few images, but cover defects that look like a turned good patch. With manyImages and more they are left out if
// defects are found better in their place without them: by placeGain of the patch AUROC, with no loss of image AUROC.
const (
	manyImages = 50
	placeGain  = 0.02
)

// inPlace returns the copies to take: those of fit, or none.
func inPlace(images int, fit teach.FitOptions, tried []teach.Tried) teach.Augment {
	with, without := among(tried, fit.Norm, fit.Augment), among(tried, fit.Norm, teach.AugmentNone)
	if images >= manyImages && with != nil && without != nil && without.Patch > with.Patch+placeGain && without.AUROC >= with.AUROC {
		return teach.AugmentNone
	}
	return fit.Augment
}

// among finds a combination that was judged, or nil.
func among(tried []teach.Tried, norm teach.Norm, augment teach.Augment) *teach.Tried {
	for i := range tried {
		if t := &tried[i]; t.Norm == norm && t.Augment == augment {
			return t
		}
	}
	return nil
}

// tolerant tries the copies by light, then those by small shifts, on top of the copies of fit, by the judgement of Choose. Each is kept if it helps. It returns what to
// take, and tried with what was judged.
func tolerant(ctx context.Context, set *teach.Set, fit teach.FitOptions, tried []teach.Tried, opt *teach.Options) (teach.Augment, []teach.Tried, error) {
	judge := func(a teach.Augment) (teach.Judgement, error) {
		if t := among(tried, fit.Norm, a); t != nil {
			return t.Judgement, nil
		}
		try := fit
		try.Augment = a
		j, err := set.Compare(ctx, try, opt)
		if err == nil {
			tried = append(tried, teach.Tried{Norm: fit.Norm, Augment: a, Judgement: j})
		}
		return j, err
	}
	take := fit.Augment
	for _, more := range []teach.Augment{teach.AugmentLight, teach.AugmentShift} {
		if !set.Holds(more) {
			continue
		}
		without, err := judge(take)
		if err != nil {
			return take, tried, err
		}
		with, err := judge(take.Plus(more))
		if err != nil {
			return take, tried, err
		}
		if with.Better(without) { // such copies can hide defects: a tie means no
			take = take.Plus(more)
		}
	}
	return take, tried, nil
}
