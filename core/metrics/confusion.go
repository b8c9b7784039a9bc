package metrics

import "fmt"

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

// Recall is TP/(TP+FN), the share of defective images found; 0 when there is none.
func (c Confusion) Recall() float64 { return ratio(c.TP, c.TP+c.FN) }

// FalseRejectRate is FP/(FP+TN), the share of good images rejected; 0 when there is none.
func (c Confusion) FalseRejectRate() float64 { return ratio(c.FP, c.FP+c.TN) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
