package report_test

import (
	"fmt"

	"anomnet/core/calibrate"
	"anomnet/core/report"
)

// Records are counted, written as JSON and read again.
func Example() {
	digest := fmt.Sprintf("%064x", 1)
	image := func(path string, label report.Label, v calibrate.Verdict, raw float32) report.Record {
		return report.Record{Path: path, Label: label, Verdict: v, Raw: raw, Limit: 2, Review: 1.8, PValue: 0.5, SHA256: digest, Width: 640, Height: 480}
	}
	batch := &report.Batch{
		Header: report.Header{Part: "Washer", HeadSHA256: digest, BackboneSHA256: digest, Software: "anomnet dev", Limit: 2, Review: 1.8, FalseRejectRate: 0.01},
		Records: []report.Record{
			image("a.png", report.Good, calibrate.OK, 1.2), image("b.png", report.Defect, calibrate.NG, 3.4), image("=c.png", report.Defect, calibrate.Review, 1.9),
		},
	}
	n := report.Tally(batch.Records)
	fmt.Printf("%d OK, %d REVIEW, %d NG, yield %.2f\n", n.OK, n.Review, n.NG, n.Yield())
	c := report.Confuse(batch.Records).Binary(true) // REVIEW counts as found
	fmt.Println(c.TP, c.FN, c.FP, c.TN)

	text, err := report.JSON(batch)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := report.Parse(text)
	fmt.Println(err, again.Records[1].Path, again.Records[1].Raw)
	fmt.Println(report.Harmless("=c.png")) // in a CSV
	// Output:
	// 1 OK, 1 REVIEW, 1 NG, yield 0.33
	// 2 0 0 1
	// <nil> b.png 3.4
	// '=c.png
}
