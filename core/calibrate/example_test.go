package calibrate_test

import (
	"fmt"

	"anomnet/core/calibrate"
)

func Example() {
	heldOut := []float32{1.9, 1.2, 1.4, 1.1, 1.3, 1.5, 1.2, 1.6, 1.7} // nine good images that were not taught
	c, err := calibrate.New(heldOut, nil, 0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, score := range []float32{1.3, 1.8, 4} {
		fmt.Printf("%-6s %.2f of the limit, p = %.1f\n", c.Verdict(score), c.Ratio(score), c.PValue(score))
	}
	lo, hi := c.Interval(0.9)
	fmt.Printf("real false-reject rate: %.3f to %.3f with 90 %% confidence\n", lo, hi)
	// Output:
	// OK     0.68 of the limit, p = 0.7
	// REVIEW 0.95 of the limit, p = 0.2
	// NG     2.11 of the limit, p = 0.1
	// real false-reject rate: 0.006 to 0.283 with 90 % confidence
}
