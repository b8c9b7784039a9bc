package metrics

import (
	"fmt"
	"math"
)

// Confusion counts decisions against the truth. Positive means defective: FP are good images rejected, FN are escapes.
type Confusion struct {
	TP int `json:"tp"`
	FP int `json:"fp"`
	TN int `json:"tn"`
	FN int `json:"fn"`
}

// Confuse counts decisions (true: called defective) against labels. It fails on different lengths.
func Confuse(called, labels []bool) (Confusion, error) {
	if len(called) != len(labels) {
		return Confusion{}, fmt.Errorf("metrics: %d decisions but %d labels", len(called), len(labels))
	}
	var c Confusion
	for i, bad := range labels {
		switch {
		case called[i] && bad:
			c.TP++
		case called[i]:
			c.FP++
		case bad:
			c.FN++
		default:
			c.TN++
		}
	}
	return c, nil
}

// ConfuseAt calls an image defective when its score is >= threshold, the rule of F1Max and ROC, and counts. (A calibrated verdict
// is NG strictly above its limit: use Confuse for verdicts.) It fails on different lengths and on NaN.
func ConfuseAt(scores []float32, labels []bool, threshold float32) (Confusion, error) {
	if math.IsNaN(float64(threshold)) {
		return Confusion{}, errRange("threshold", math.NaN(), "the numbers")
	}
	called := make([]bool, len(scores))
	for i, s := range scores {
		if math.IsNaN(float64(s)) {
			return Confusion{}, fmt.Errorf("metrics: scores: element %d is NaN", i)
		}
		called[i] = s >= threshold
	}
	return Confuse(called, labels)
}

// Precision is TP/(TP+FP), the share of rejects that are defective; 0 when nothing is rejected, as in scikit-learn.
func (c Confusion) Precision() float64 { return ratio(c.TP, c.TP+c.FP) }

// Recall is TP/(TP+FN), the share of defective images found; 0 when there is none.
func (c Confusion) Recall() float64 { return ratio(c.TP, c.TP+c.FN) }

// FalseRejectRate is FP/(FP+TN), the share of good images rejected; 0 when there is none.
func (c Confusion) FalseRejectRate() float64 { return ratio(c.FP, c.FP+c.TN) }

// F1 is 2TP/(2TP+FP+FN); 0 when there is nothing to find and nothing is rejected.
func (c Confusion) F1() float64 { return ratio(2*c.TP, 2*c.TP+c.FP+c.FN) }

// Accuracy is the share of right decisions; 0 when there is no image.
func (c Confusion) Accuracy() float64 { return ratio(c.TP+c.TN, c.TP+c.TN+c.FP+c.FN) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
