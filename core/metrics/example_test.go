package metrics_test

import (
	"fmt"

	"anomnet/core/metrics"
)

func Example() {
	scores := []float32{0.2, 0.4, 0.9, 0.5, 0.8, 0.7}
	defective := []bool{false, false, false, true, true, true}
	auroc, err := metrics.AUROC(scores, defective)
	if err != nil {
		fmt.Println(err)
		return
	}
	f1, threshold, _ := metrics.F1Max(scores, defective)
	fmt.Printf("AUROC %.3f, F1max %.3f at %.1f\n", auroc, f1, threshold)

	anomalyMap := []float32{
		0.1, 0.2, 0.1,
		0.3, 0.9, 0.2,
		0.1, 0.6, 0.8,
	}
	mask := metrics.Mask{W: 3, H: 3, Pix: []bool{
		false, false, false,
		false, true, false,
		false, false, true, // diagonal neighbours: one region
	}}
	_, aupro, _ := metrics.Pixels([][]float32{anomalyMap}, []metrics.Mask{mask}, 0.3)
	fmt.Printf("AUPRO %.3f\n", aupro[0])
	// Output:
	// AUROC 0.667, F1max 0.857 at 0.5
	// AUPRO 1.000
}
