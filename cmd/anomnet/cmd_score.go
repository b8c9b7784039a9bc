package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"anomnet/core/calibrate"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/report"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/webui/heat"
)

// codeUnreadable is the code of a file that the system does not give: it vanished, or may not be read.
const codeUnreadable = "unreadable"

func newFailure(err error) *report.Failure {
	message := err.Error()
	message = message[:min(len(message), report.MaxText)]
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &report.Failure{Code: codeUnreadable, Message: message, Hint: "check that the file is still there and may be read"}
	}
	code, hint := inspect.ErrorCode(err)
	return &report.Failure{Code: code, Message: message, Hint: hint}
}

// scoreJob is a run of the score command.
type scoreJob struct {
	paths   []string
	batch   report.Batch
	thumbs  []string // data: URIs for the report, nil without one
	maps    string
	report  string
	workers int
}

func scoreCommand(flags *flag.FlagSet) func(context.Context, *console, []string) error {
	var m modelFlags
	m.add(flags)
	asJSON := flags.Bool("json", false, "one JSON object a line")
	asCSV := flags.Bool("csv", false, "comma-separated values")
	failOn := flags.String("fail-on", "", "exit with 3 when a verdict is as bad as this: review or ng")
	job := &scoreJob{}
	flags.StringVar(&job.maps, "maps", "", "`folder` to write pictures with the heat map to")
	flags.StringVar(&job.report, "report", "", "`file` to write a report to: .html to print, .json to read again, .csv for a spreadsheet")
	flags.StringVar(&job.batch.Header.Operator, "operator", "", "`name` for the report")
	flags.IntVar(&job.workers, "workers", runtime.NumCPU(), "images in parallel")
	return func(ctx context.Context, c *console, args []string) error {
		if len(args) == 0 || (*failOn != "" && *failOn != "ng" && *failOn != "review") || (*asJSON && *asCSV) {
			return usageError("want images or folders, --fail-on ng or review, and one of --json and --csv")
		}
		if err := errors.Join(job.checkReport(), checkFolder(job.maps)); err != nil {
			return err
		}
		in, err := m.open()
		if err != nil {
			return err
		}
		if job.paths, err = expand(args); err != nil {
			return err
		}
		job.describe(in.Info(), m.loaded.Calibration)
		if err := job.run(ctx, c, in); err != nil {
			return err
		}
		c.finish()
		err = job.writeReport(m.loaded.Calibration.Scores) // before the results, whose reader may hang up (head, grep -m1): that ends the program
		if err := errors.Join(err, job.print(c, *asJSON, *asCSV)); err != nil {
			return err
		}
		return job.outcome(*failOn)
	}
}

// expand turns folders into the images in them.
func expand(args []string) ([]string, error) {
	var paths []string
	for _, a := range args {
		info, err := os.Stat(a)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, a)
			continue
		}
		in, err := dataset.Images(a)
		if err != nil {
			return nil, err
		}
		paths = append(paths, in...)
	}
	return paths, nil
}

// describe fills the header of the batch.
func (j *scoreJob) describe(info inspect.Info, c *calibrate.Calibration) {
	h := &j.batch.Header
	h.Part, h.HeadSHA256, h.BackboneSHA256, h.Software, h.Tier = info.Part, info.HeadDigest, info.BackboneDigest, model.Software, info.Tier
	h.Limit, h.Review, h.FalseRejectRate, h.Promised, h.Calibration = c.Limit, c.Review, info.FalseRejectRate, info.Promised, info.CalibrationSize
}

// run scores all paths in order. A broken file becomes a record with an error; the others are not touched.
func (j *scoreJob) run(ctx context.Context, c *console, in *inspect.Inspector) error {
	j.batch.Records = make([]report.Record, len(j.paths))
	if strings.ToLower(filepath.Ext(j.report)) == ".html" {
		j.thumbs = make([]string, len(j.paths))
	}
	progress := func(done, total int) { c.progress("scoring", done, total) }
	j.batch.Header.Started = report.At(time.Now())
	err := in.Each(ctx, len(j.paths), j.workers, progress, j.score)
	j.batch.Header.Ended = report.At(time.Now())
	return err
}

// score fills record i. It fails only when a map cannot be written.
func (j *scoreJob) score(in *inspect.Inspector, i int) error {
	r := &j.batch.Records[i]
	*r = report.Record{Path: j.paths[i], Time: report.At(time.Now()), Label: report.LabelOf(j.paths[i])}
	data, err := dataset.Read(r.Path)
	if err != nil {
		r.Err = newFailure(err)
		return nil
	}
	res, err := in.Inspect(data)
	if err != nil {
		sum := sha256.Sum256(data)
		r.SHA256, r.Err = hex.EncodeToString(sum[:]), newFailure(err)
		return nil
	}
	r.Verdict, r.Raw, r.Limit, r.Review, r.PValue = res.Verdict, res.Raw, res.Limit, res.Review, res.PValue
	r.SHA256, r.Width, r.Height = res.SHA256, res.Width, res.Height
	for _, g := range res.Regions {
		r.Regions = append(r.Regions, report.Region{Area: g.Area, Share: g.Share})
	}
	if j.maps == "" && j.thumbs == nil {
		return nil
	}
	picture := drawMap(res)
	if j.thumbs != nil {
		if j.thumbs[i], err = thumbnail(picture); err != nil {
			return fmt.Errorf("picture of %s: %w", r.Path, err)
		}
	}
	if j.maps == "" {
		return nil
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, opaque(picture)); err != nil {
		return fmt.Errorf("map of %s: %w", r.Path, err)
	}
	name := strings.TrimSuffix(filepath.Base(r.Path), filepath.Ext(r.Path))
	for len(name) > mapNameBytes { // at a character's end; the number in front keeps names apart
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return atomicfile.Write(filepath.Join(j.maps, fmt.Sprintf("%04d-%s.png", i+1, name)), buf.Bytes())
}

// mapNameBytes is how much of an image's name its map has: a name of 255 bytes leaves no room for more.
const mapNameBytes = 200

// drawMap draws the heat map over the scored pixels.
func drawMap(res *inspect.Result) *imaging.RGB {
	p := res.Preview
	m := heat.Map{W: res.MapW, H: res.MapH, V: res.Map, ROI: res.ROI}.Place(p.W, p.H, 1, 1)
	colours := m.RGBA(heat.Scale{Low: res.MapLow, Limit: res.Edge, High: res.MapHigh})
	out := &imaging.RGB{W: p.W, H: p.H, Pix: make([]uint8, len(p.Pix))}
	for i := range p.W * p.H {
		a := int(colours[4*i+3]) / 2 // half covered at most: the picture stays visible
		for k := range 3 {
			out.Pix[3*i+k] = uint8((int(p.Pix[3*i+k])*(255-a) + int(colours[4*i+k])*a) / 255)
		}
	}
	return out
}

// opaque is a picture as package image knows it.
func opaque(p *imaging.RGB) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.W * p.H {
		copy(img.Pix[4*i:], p.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// print writes the results without times, so that the same files and model give the same output.
func (j *scoreJob) print(c *console, asJSON, asCSV bool) error {
	timeless := report.Batch{Header: j.batch.Header, Records: slices.Clone(j.batch.Records)}
	for i := range timeless.Records {
		timeless.Records[i].Time = report.Time{}
	}
	switch {
	case asJSON:
		for i := range timeless.Records {
			line, err := timeless.Records[i].Line()
			if err != nil {
				return err
			}
			if _, err := c.out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	case asCSV:
		_, err := c.out.Write(report.CSV(&timeless, nil))
		return err
	}
	for _, r := range timeless.Records {
		if r.Err != nil {
			fmt.Fprintf(c.out, "ERROR          %s\n", oneLine(r.Path))
			c.log("anomnet: error: %s: %s\nanomnet: hint: %s", oneLine(r.Path), oneLine(r.Err.Message), r.Err.Hint)
			continue
		}
		fmt.Fprintf(c.out, "%-6s %5.2f   %s   raw %v  p %.3f\n", r.Verdict, r.Ratio(), oneLine(r.Path), r.Raw, r.PValue)
	}
	return nil
}

// outcome is an error when a file could not be scored, or when --fail-on asks for one.
func (j *scoreJob) outcome(failOn string) error {
	n := report.Tally(j.batch.Records)
	if n.Failed > 0 {
		return fmt.Errorf("%d of %d files could not be scored", n.Failed, len(j.paths))
	}
	if n.NG > 0 && failOn != "" || n.Review > 0 && failOn == "review" {
		return errFailOn
	}
	return nil
}
