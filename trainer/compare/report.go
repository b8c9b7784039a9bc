package compare

import (
	"fmt"
	"path/filepath"

	"anomnet/core/imaging"
	"anomnet/core/metrics"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
	"anomnet/trainer/report"
)

// Page makes the report of cells: the table, and for each data set curves, histograms (seed 0) and the worst images of the first method. dirs
// are the folders of the data sets by name; pictures that are no longer there are left out.
func Page(rows []Row, cells []*Cell, failed []Failed, dirs map[string]string, notes []string) (*report.Page, error) {
	p := &report.Page{Title: "AnomNet: methods compared on the same features", Notes: notes, Header: header()}
	for _, f := range failed {
		if f.Method == "" {
			p.Notes = append(p.Notes, fmt.Sprintf("Failed: all of %s: %s", f.Data, f.Error))
			continue
		}
		p.Notes = append(p.Notes, fmt.Sprintf("Failed: %s on %s, seed %d: %s", f.Method, f.Data, f.Seed, f.Error))
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, r.cells())
	}
	at := map[string]int{}
	for _, c := range cells {
		if c.Seed != 0 {
			continue
		}
		i, ok := at[c.Data]
		if !ok {
			i = len(p.Sets)
			at[c.Data] = i
			pictures, err := worstPictures(c, dirs[c.Data])
			if err != nil {
				return nil, err
			}
			p.Sets = append(p.Sets, report.Set{Name: c.Data, Worst: pictures, Of: fmt.Sprintf("%s, seed %d", c.Method, c.Seed)})
		}
		if err := addScores(&p.Sets[i], c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func addScores(s *report.Set, c *Cell) error {
	scores, labels := make([]float32, len(c.Images)), make([]bool, len(c.Images))
	name := row(c.Data, c.Method, c.Bytes, nil).name()
	h := report.Scores{Name: name}
	for i, m := range c.Images {
		scores[i], labels[i] = m.Score, m.Label != dataset.GoodLabel
		if labels[i] {
			h.Bad = append(h.Bad, m.Score)
		} else {
			h.Good = append(h.Good, m.Score)
		}
	}
	s.Scores = append(s.Scores, h)
	if c.Figures.Left["image"] != "" {
		return nil
	}
	curve, err := metrics.ROC(scores, labels)
	if err != nil {
		return err
	}
	s.Curves = append(s.Curves, report.Curve{Name: fmt.Sprintf("%s (%.3f)", name, c.Figures.ImageAUROC), Points: curve})
	return nil
}

// EvalSet makes the charts and pictures of one head's results on a test set below dir.
func EvalSet(name, dir string, pre imaging.Preprocess, scored []evaluate.Scored, f *evaluate.Figures) (*report.Set, error) {
	c := &Cell{Key: Key{Method: "scores", Data: name}, Figures: *f, Worst: worstMaps(scored)}
	for _, s := range scored {
		c.Images = append(c.Images, Image{below(dir, s.Path), s.Label, below(dir, s.Mask), s.Result.Raw, s.MaskLevel})
	}
	pictures, err := drawWorst(c, dir, pre)
	if err != nil {
		return nil, err
	}
	set := &report.Set{Name: name, Worst: pictures}
	return set, addScores(set, c)
}

func worstPictures(c *Cell, dir string) ([]report.Picture, error) {
	var w, h int
	if _, err := fmt.Sscanf(c.Size, "%dx%d", &w, &h); err != nil {
		return nil, fmt.Errorf("compare: input %q of a cell: %w", c.Size, err)
	}
	return drawWorst(c, dir, imaging.Preprocess{Width: w, Height: h, Mode: imaging.Stretch})
}

// drawWorst reads the pictures of a cell's worst images.
func drawWorst(c *Cell, dir string, pre imaging.Preprocess) ([]report.Picture, error) {
	var out []report.Picture
	for _, m := range c.Worst {
		if m.Image < 0 || m.Image >= len(c.Images) {
			return nil, fmt.Errorf("compare: a cell shows image %d of %d", m.Image, len(c.Images))
		}
		image := c.Images[m.Image]
		p := report.Picture{Map: m.Values, MapW: m.W, MapH: m.H, Caption: fmt.Sprintf("%s (%s): score %.4g, on the wrong side of %.0f %% of the others", image.Path,
			image.Label, image.Score, 100*m.Wrong)}
		p.Image, _ = dataset.Load(filepath.Join(dir, image.Path), pre) //nolint:errcheck // the page then shows the map alone
		if image.Mask != "" && image.Label != dataset.GoodLabel {
			p.Mask, _ = dataset.Item{Mask: filepath.Join(dir, image.Mask), MaskLevel: image.MaskLevel}.LoadMask(pre) //nolint:errcheck // as above
		}
		out = append(out, p)
	}
	return out, nil
}
