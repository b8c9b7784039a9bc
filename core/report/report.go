// Package report holds what was inspected, writes it as CSV, JSON or a page to print, reads the JSON again, and counts.
//
//	batch := &report.Batch{Header: header, Records: records}
//	text, err := report.JSON(batch)   // to archive, and to review again with Parse
//	text = report.CSV(batch, nil)     // for a spreadsheet
//	text = report.HTML(batch, options) // to print or to save as PDF
//	report.Tally(records).NG          // and see Yield, Confuse, NewHistogram, Drift
//
// docs/report-format.md describes the columns and keys. They are stable: new ones may come, none will go or change its meaning.
//
// # Security Considerations
//
// Names, reasons and messages come from outside. CSV keeps spreadsheets from reading them as formulas, HTML escapes them and its page
// allows itself no script and no request, and Parse takes files of bounded size and only what JSON could have written.
package report

import (
	"math"

	"anomnet/core/calibrate"
)

// Label is what is known about an image beforehand.
type Label string

// The labels; the empty one means that nothing is known.
const (
	Good   Label = "good"
	Defect Label = "defect"
)

// Header is what the records of a batch have in common.
type Header struct {
	Part            string
	HeadSHA256      string // of the head's file
	BackboneSHA256  string // by which the head names it
	Software        string // name and version
	Tier            string // kernels that computed the scores; all give the same
	Operator        string // free text
	Signature       string // who vouches for the model, see docs/signatures.md; "" when that was not noted
	Limit, Review   float32
	FalseRejectRate float64 // what the limit was made for
	Promised        bool    // whether Calibration images can promise that
	Calibration     int     // held-out good images behind the limits
	Started, Ended  Time
}

// Record is one image. A record with Err holds nothing but Path, Time, Label, SHA256 and Err.
type Record struct {
	Path          string // name of the file, as it was given
	Time          Time   // of the inspection
	Label         Label
	Verdict       calibrate.Verdict
	Raw           float32
	Limit, Review float32 // in force when the verdict was given
	PValue        float64
	SHA256        string // of the image file
	Width, Height int    // of the picture
	Regions       []Region
	Override      *Override
	Err           *Failure
}

// Region is a connected part of the picture above the limit, or the highest place of an NG image that is above it nowhere. Its unit is a pixel of the picture.
type Region struct {
	Area  int
	Share float64 // of what is inspected, 0..1
}

// Override is a person's verdict.
type Override struct {
	Verdict  calibrate.Verdict
	Reason   string
	Operator string
	Time     Time
}

// Failure is why an image has no verdict. Code is stable, see inspect.ErrorCode.
type Failure struct{ Code, Message, Hint string }

// Batch is a session of inspections with one model.
type Batch struct {
	Header  Header
	Records []Record
}

// RawBits are the IEEE 754 bits of the raw score.
func (r *Record) RawBits() uint32 { return math.Float32bits(r.Raw) }

// Ratio is the raw score relative to the limit, as calibrate.Calibration.Ratio.
func (r *Record) Ratio() float64 { return float64(r.Raw) / float64(r.Limit) }

// Final is the verdict that counts: the person's if there is one. It is empty for a failed image.
func (r *Record) Final() calibrate.Verdict {
	if r.Override != nil {
		return r.Override.Verdict
	}
	return r.Verdict
}

// largest returns the number of regions, their area and share together and the largest share.
func (r *Record) largest() (area int, share, largest float64) {
	for _, g := range r.Regions {
		area += g.Area
		share += g.Share
		largest = max(largest, g.Share)
	}
	return area, share, largest
}
