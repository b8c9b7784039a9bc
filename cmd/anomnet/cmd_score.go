package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/inspect"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/webui/heat"
)

// scoreRow is one image in the output of score; the JSON keys are stable. It has the keys of Scored, all of them, or an error.
type scoreRow struct {
	Path string `json:"path"`
	*Scored
	Error *scoreError `json:"error,omitempty"`
}

// Scored is what is known about an image that could be scored.
type Scored struct {
	Verdict calibrate.Verdict `json:"verdict"`
	Ratio   float64           `json:"ratio"` // 1 is the limit
	Raw     float32           `json:"raw"`
	RawBits uint32            `json:"raw_bits"`
	PValue  float64           `json:"p_value"`
	SHA256  string            `json:"sha256"`
}

type scoreError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// codeUnreadable is the code of a file that the system does not give: it vanished, or may not be read.
const codeUnreadable = "unreadable"

func newScoreError(err error) *scoreError {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &scoreError{codeUnreadable, err.Error(), "check that the file is still there and may be read"}
	}
	code, hint := inspect.ErrorCode(err)
	return &scoreError{code, err.Error(), hint}
}

// scoreJob is a run of the score command.
type scoreJob struct {
	paths   []string
	rows    []scoreRow
	maps    string
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
	flags.IntVar(&job.workers, "workers", runtime.NumCPU(), "images in parallel")
	return func(ctx context.Context, c *console, args []string) error {
		if len(args) == 0 || (*failOn != "" && *failOn != "ng" && *failOn != "review") || (*asJSON && *asCSV) {
			return usageError("want images or folders, --fail-on ng or review, and one of --json and --csv")
		}
		in, err := m.open()
		if err != nil {
			return err
		}
		if job.paths, err = expand(args); err != nil {
			return err
		}
		if err := job.run(ctx, c, in); err != nil {
			return err
		}
		c.finish()
		if err := job.print(c, *asJSON, *asCSV); err != nil {
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

// run scores all paths in order. A broken file becomes a row with an error; the others are not touched.
func (j *scoreJob) run(ctx context.Context, c *console, in *inspect.Inspector) error {
	j.rows = make([]scoreRow, len(j.paths))
	progress := func(done, total int) { c.progress("scoring", done, total) }
	return in.Each(ctx, len(j.paths), j.workers, progress, j.score)
}

// score fills row i. It fails only when a map cannot be written.
func (j *scoreJob) score(in *inspect.Inspector, i int) error {
	row := &j.rows[i]
	row.Path = j.paths[i]
	data, err := dataset.Read(row.Path)
	var res *inspect.Result
	if err == nil {
		res, err = in.Inspect(data)
	}
	if err != nil {
		row.Error = newScoreError(err)
		return nil
	}
	row.Scored = &Scored{res.Verdict, res.Ratio, res.Raw, math.Float32bits(res.Raw), res.PValue, res.SHA256}
	if j.maps == "" {
		return nil
	}
	name := strings.TrimSuffix(filepath.Base(row.Path), filepath.Ext(row.Path))
	picture, err := drawMap(res)
	if err != nil {
		return fmt.Errorf("map of %s: %w", row.Path, err)
	}
	return atomicfile.Write(filepath.Join(j.maps, fmt.Sprintf("%04d-%s.png", i+1, name)), picture)
}

// drawMap draws the heat map over the scored pixels, as PNG.
func drawMap(res *inspect.Result) ([]byte, error) {
	p := res.Preview
	m := heat.Map{W: p.W, H: p.H, V: detect.Upsample(res.Map, res.MapW, res.MapH, p.W, p.H)}
	colours := m.RGBA(heat.Scale{Low: res.MapLow, Limit: res.Limit, High: res.MapHigh})
	img := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.W * p.H {
		a := int(colours[4*i+3]) / 2 // half covered at most: the picture stays visible
		for k := range 3 {
			img.Pix[4*i+k] = uint8((int(p.Pix[3*i+k])*(255-a) + int(colours[4*i+k])*a) / 255)
		}
		img.Pix[4*i+3] = 255
	}
	var buf bytes.Buffer
	err := png.Encode(&buf, img)
	return buf.Bytes(), err
}

func (j *scoreJob) print(c *console, asJSON, asCSV bool) error {
	switch {
	case asJSON:
		enc := json.NewEncoder(c.out)
		for _, r := range j.rows {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	case asCSV:
		return j.printCSV(c)
	}
	for _, r := range j.rows {
		if r.Error != nil {
			fmt.Fprintf(c.out, "ERROR          %s\n", oneLine(r.Path))
			c.log("anomnet: error: %s: %s\nanomnet: hint: %s", oneLine(r.Path), oneLine(r.Error.Message), r.Error.Hint)
			continue
		}
		fmt.Fprintf(c.out, "%-6s %5.2f   %s   raw %v  p %.3f\n", r.Verdict, r.Ratio, oneLine(r.Path), r.Raw, r.PValue)
	}
	return nil
}

func (j *scoreJob) printCSV(c *console) error {
	w := csv.NewWriter(c.out)
	rows := [][]string{{"path", "verdict", "ratio", "raw", "p_value", "sha256", "error"}}
	for _, r := range j.rows {
		if r.Error != nil {
			rows = append(rows, []string{harmless(r.Path), "", "", "", "", "", harmless(r.Error.Code + ": " + r.Error.Message)})
			continue
		}
		rows = append(rows, []string{harmless(r.Path), string(r.Verdict), fmt.Sprint(r.Ratio), strconv.FormatFloat(float64(r.Raw), 'g', -1, 32),
			fmt.Sprint(r.PValue), r.SHA256, ""})
	}
	return w.WriteAll(rows)
}

// harmless keeps a spreadsheet from reading a cell as a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// outcome is an error when a file could not be scored, or when --fail-on asks for one.
func (j *scoreJob) outcome(failOn string) error {
	broken, hit := 0, false
	for _, r := range j.rows {
		switch {
		case r.Error != nil:
			broken++
		case r.Verdict == calibrate.NG && failOn != "", r.Verdict == calibrate.Review && failOn == "review":
			hit = true
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d files could not be scored", broken, len(j.rows))
	}
	if hit {
		return errFailOn
	}
	return nil
}
