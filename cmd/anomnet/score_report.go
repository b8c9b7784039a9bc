package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/jpeg"
	"path/filepath"
	"strings"

	"anomnet/assets/messages"
	"anomnet/core/imaging"
	"anomnet/core/report"
	"anomnet/trainer/atomicfile"
)

// What a report on paper can hold.
const (
	reportOK  = 500 // rows with OK images
	thumbSide = 96  // pixels
)

// checkReport tells a bad --report before the work begins.
func (j *scoreJob) checkReport() error {
	switch strings.ToLower(filepath.Ext(j.report)) {
	case ".html", ".json", ".csv":
		return atomicfile.Check(j.report)
	}
	if j.report != "" {
		return usageError("--report: want a name that ends in .html, .json or .csv")
	}
	return nil
}

// writeReport writes the file of --report. scores are those of the held-out good images.
func (j *scoreJob) writeReport(scores []float32) error {
	var text []byte
	var err error
	switch strings.ToLower(filepath.Ext(j.report)) {
	case "":
		return nil
	case ".json":
		text, err = report.JSON(&j.batch)
	case ".csv":
		text = report.CSV(&j.batch, &report.CSVOptions{BOM: true})
	case ".html":
		var words *messages.Catalogue
		if words, err = messages.Load("en"); err != nil {
			return err
		}
		text, err = report.HTML(&j.batch, &report.HTMLOptions{
			Words: words, Lang: words.Lang, MaxOK: reportOK, Calibration: scores, Thumb: func(i int) string { return j.thumbs[i] },
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", j.report, err)
	}
	return atomicfile.Write(j.report, text)
}

// thumbnail is a small picture as data: URI.
func thumbnail(p *imaging.RGB) (string, error) {
	long := max(p.W, p.H)
	small := imaging.Resize(p, max(p.W*thumbSide/long, 1), max(p.H*thumbSide/long, 1))
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, opaque(small), &jpeg.Options{Quality: 80}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}
