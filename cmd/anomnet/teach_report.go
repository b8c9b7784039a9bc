package main

import (
	"encoding/json"
	"fmt"
	"time"

	"anomnet/core/calibrate"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/atomicfile"
)

// taught is what --json prints of a fit; docs/commands.md describes the keys.
type taught struct {
	Out         string        `json:"out"`
	SHA256      string        `json:"sha256"`
	Bytes       int           `json:"bytes"`
	Images      int           `json:"images"`
	Norm        teach.Norm    `json:"norm"`
	Augment     teach.Augment `json:"augment"`
	Tried       []teach.Tried `json:"tried"`
	Centroids   int           `json:"centroids"`
	HeldOut     int           `json:"held_out"`
	Limit       float32       `json:"limit"`
	Review      float32       `json:"review"`
	Rate        float64       `json:"false_reject_rate"`
	Interval    [2]float64    `json:"interval"`
	Promised    bool          `json:"promised"`
	LeastNormal []oddImage    `json:"least_normal"`
	Same        [][2]string   `json:"same"`
	Odd         []string      `json:"odd"`
	Look        []string      `json:"look"`
	Groups      [][]string    `json:"groups"`
	Sizes       []string      `json:"sizes"`
	Seconds     float64       `json:"seconds"`
}

type oddImage struct {
	Path  string  `json:"path"`
	Ratio float64 `json:"ratio"`
}

// leastNormal is how many of the oddest good images are named.
const leastNormal = 10

// save writes the head and tells what was learned.
func (l *learnFlags) save(c *console, head *model.Head, rep *teach.Report, images []string, start time.Time) error {
	file := &model.File{Head: head}
	data, err := model.Encode(file)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(l.out, data); err != nil {
		return err
	}
	c.finish()
	t := newTaught(head, rep, images)
	t.Out, t.SHA256, t.Bytes, t.Seconds = l.out, file.Digest, len(data), time.Since(start).Seconds()
	t.warn(c)
	l.tellTurned(c, rep.Augment)
	if l.asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(t)
	}
	t.print(c)
	return nil
}

// tellTurned says what a person who did not ask for turned copies should know of them.
func (l *learnFlags) tellTurned(c *console, a teach.Augment) {
	if a.Turned() && teach.Augment(l.augment) == teach.AugmentAuto {
		c.log("turned and mirrored copies of the images count as good: a part that lies the wrong way is OK; when that is a defect: --augment none")
	}
}

func newTaught(head *model.Head, rep *teach.Report, images []string) *taught {
	cal := head.Calibration
	t := &taught{Images: head.Provenance.Images, Norm: rep.Norm, Augment: rep.Augment, Tried: append([]teach.Tried{}, rep.Tried...), Centroids: rep.Centroids,
		HeldOut: rep.HeldOut, Limit: cal.Limit, Review: cal.Review, Rate: cal.FalseRejectRate, Promised: cal.Promised(), LeastNormal: []oddImage{},
		Same: [][2]string{}, Odd: paths(images, rep.Odd), Look: paths(images, rep.Look), Groups: [][]string{}, Sizes: paths(images, rep.Sizes)}
	t.Interval[0], t.Interval[1] = cal.Interval(calibrate.Confidence)
	for _, i := range rep.LeastNormal(leastNormal) {
		t.LeastNormal = append(t.LeastNormal, oddImage{images[rep.Images[i]], cal.Ratio(rep.Scores[i])})
	}
	for _, p := range rep.Same {
		t.Same = append(t.Same, [2]string{images[p[0]], images[p[1]]})
	}
	for _, g := range rep.Groups {
		t.Groups = append(t.Groups, paths(images, g))
	}
	return t
}

func paths(images []string, list []int) []string {
	out := []string{}
	for _, i := range list {
		out = append(out, images[i])
	}
	return out
}

func (t *taught) print(c *console) {
	fmt.Fprintf(c.out, "%s: %d images, norm %s, copies %s, %d centroids, %d KB, %.1f s\n", t.Out, t.Images, t.Norm, t.Augment, t.Centroids, t.Bytes/1000, t.Seconds)
	fmt.Fprintf(c.out, "limit %v, false rejects %.2g %% (95 %% interval %.2g-%.2g %%) from %d held-out good images\n", t.Limit, 100*t.Rate, 100*t.Interval[0],
		100*t.Interval[1], t.HeldOut)
	for _, tr := range t.Tried {
		c.log("pseudo-defects, %-3s %-5s: %s", tr.Norm, tr.Augment, judged(tr.Judgement))
	}
	c.log("these good images look least normal and set the limit; if one is not good or not typical, remove it and teach again:")
	named := map[string]bool{}
	for _, o := range t.LeastNormal {
		named[o.Path] = true
		c.log("  %.2f x limit  %s", o.Ratio, oneLine(o.Path))
	}
	for _, p := range t.Look {
		if !named[p] {
			c.log("  far from most  %s", oneLine(p))
		}
	}
}

// warn writes to stderr what a person should look at.
func (t *taught) warn(c *console) {
	if !t.Promised {
		c.log("anomnet: warning: %d images cannot promise a false-reject rate of %.2g %%; the limit is an extrapolation", t.HeldOut, 100*t.Rate)
	}
	for _, p := range t.Same {
		c.log("anomnet: warning: the same picture twice, or nearly: %s and %s", oneLine(p[0]), oneLine(p[1]))
	}
	if len(t.Groups) == 2 {
		c.log("anomnet: warning: the images look like two parts: %d like %s and %d like %s", len(t.Groups[0]), oneLine(t.Groups[0][0]), len(t.Groups[1]),
			oneLine(t.Groups[1][0]))
	}
	for _, p := range t.Sizes {
		c.log("anomnet: warning: of quite another size or shape than the others: %s", oneLine(p))
	}
	for _, p := range t.Odd {
		c.log("anomnet: warning: unlike the others; is it good? %s", oneLine(p))
	}
}
