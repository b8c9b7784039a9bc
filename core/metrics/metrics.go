// Package metrics measures an anomaly detector on labelled images and masks with the field's own figures: AUROC, average
// precision, F1max, recall at a false-positive rate, pixel AUROC and AUPRO.
//
//	auroc, err := metrics.AUROC(scores, defective)
//	auroc, aupro, err := metrics.Pixels(maps, masks, 0.3) // the field integrates up to 30 % false positives
//
// Everywhere a higher score means more anomalous, true labels mean defective (the positive class), and an image counts as
// called defective at a threshold when its score is >= the threshold, as in scikit-learn. Ties are handled exactly: equal
// scores cross a threshold together, whatever their order in the input. Counts are integers until the last division, so results
// do not depend on the input order or the processor.
//
// Image figures equal scikit-learn's roc_auc_score, average_precision_score, precision_recall_curve and roc_curve; AUPRO is that
// of Bergmann and others, The MVTec Anomaly Detection Dataset, IJCV 129 (2021), section 5.2; testdata holds the goldens.
package metrics

import (
	"errors"
	"math"
)

// ErrOneClass says that the labels or masks hold only good or only defective elements, for which a figure has no meaning. Callers
// that evaluate folders of good images only may test for it.
var ErrOneClass = errors.New("metrics: need both good and defective elements")

// AUROC is the area under the ROC curve: the chance that a random defective image scores above a random good one, ties
// counting half. scores and labels have one element per image. It fails on different lengths, a score that is not finite, or
// ErrOneClass.
func AUROC(scores []float32, labels []bool) (float64, error) {
	r, err := rankLabelled(scores, labels)
	if err != nil {
		return 0, err
	}
	return r.auroc(), nil
}

// AveragePrecision is the sum over thresholds of precision times the gain in recall, without interpolation. Input and errors as
// AUROC.
func AveragePrecision(scores []float32, labels []bool) (float64, error) {
	r, err := rankLabelled(scores, labels)
	if err != nil {
		return 0, err
	}
	sum, tp, fp := 0.0, 0, 0
	for g := range r.groups() {
		tp += g.pos
		fp += g.neg
		sum += float64(float64(g.pos) * (float64(tp) / float64(tp+fp)))
	}
	return sum / float64(r.pos), nil
}

// F1Max is the best F1 over all thresholds and the highest threshold that reaches it. Input and errors as AUROC.
func F1Max(scores []float32, labels []bool) (f1 float64, threshold float32, err error) {
	r, err := rankLabelled(scores, labels)
	if err != nil {
		return 0, 0, err
	}
	tp, fp := 0, 0
	for g := range r.groups() {
		tp += g.pos
		fp += g.neg
		if f := float64(2*tp) / float64(tp+fp+r.pos); f > f1 {
			f1, threshold = f, unkey(g.key)
		}
	}
	return f1, threshold, nil
}

// RecallAtFPR is the largest share of defective images found at any threshold that calls at most a share fpr of the good ones
// defective. It is 0 when even the highest threshold calls too many. fpr is in [0, 1]; input and other errors as AUROC.
func RecallAtFPR(scores []float32, labels []bool, fpr float64) (float64, error) {
	if !(fpr >= 0 && fpr <= 1) {
		return 0, errRange("fpr", fpr, "[0, 1]")
	}
	r, err := rankLabelled(scores, labels)
	if err != nil {
		return 0, err
	}
	tp, fp := 0, 0
	for g := range r.groups() {
		fp += g.neg
		if float64(fp)/float64(r.neg) > fpr { // exact where fpr is the float64 nearest to a fraction of neg
			break
		}
		tp += g.pos
	}
	return float64(tp) / float64(r.pos), nil
}

// Point is a point of a ROC curve: the rates among images with a score >= Threshold.
type Point struct {
	FPR       float64 `json:"fpr"`
	TPR       float64 `json:"tpr"`
	Threshold float32 `json:"threshold"`
}

// ROC is the whole curve, one point per distinct score, thresholds descending, from (0, 0) with a threshold just above the
// highest score to (1, 1). Input and errors as AUROC.
func ROC(scores []float32, labels []bool) ([]Point, error) {
	r, err := rankLabelled(scores, labels)
	if err != nil {
		return nil, err
	}
	curve := []Point{{}}
	tp, fp := 0, 0
	for g := range r.groups() {
		if len(curve) == 1 {
			curve[0].Threshold = math.Nextafter32(unkey(g.key), float32(math.Inf(1)))
		}
		tp += g.pos
		fp += g.neg
		curve = append(curve, Point{float64(fp) / float64(r.neg), float64(tp) / float64(r.pos), unkey(g.key)})
	}
	return curve, nil
}
