package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/calibrate"
	"anomnet/core/imaging"
	"anomnet/core/metrics"
	"anomnet/core/model"
	"anomnet/core/parallel"
	"anomnet/core/teach"
	"anomnet/trainer/dataset"
)

// draw takes n of the images by seed, in their order: the first n of rand.Perm with PCG(seed, 77).
func draw(paths []string, n int, seed uint64) []string {
	if n >= len(paths) {
		return paths
	}
	order := rand.New(rand.NewPCG(seed, 77)).Perm(len(paths))[:n]
	slices.Sort(order)
	var out []string
	for _, i := range order {
		out = append(out, paths[i])
	}
	return out
}

func features(t *testing.T, f *teach.Featurizer, paths []string) []*teach.Features {
	out := make([]*teach.Features, len(paths))
	_, err := parallel.Run(t.Context(), len(paths), runtime.NumCPU(), nil, f.Clone, func(f *teach.Featurizer, i int) error {
		data, err := dataset.Read(paths[i])
		if err != nil {
			return err
		}
		out[i], err = f.File(paths[i], data)
		return err
	})
	require.NoError(t, err)
	return out
}

// TestFewShot makes the tables of docs/accuracy.md; it measures and judges nothing. FEWSHOT names a data set in MVTec layout, N the numbers of
// good images, DRAWS the seeds; with WRONG, a folder of images, 5 % of the good images are replaced by images from it, and REMOVE=odd or named takes images
// out again (removed).
func TestFewShot(t *testing.T) {
	dir := os.Getenv("FEWSHOT")
	if dir == "" {
		t.Skip("FEWSHOT names no data set")
	}
	set, err := dataset.Open(dir)
	require.NoError(t, err)
	file, err := model.Decode(assets.Backbone())
	require.NoError(t, err)
	pre := imaging.Preprocess{Width: 256, Height: 256, Mode: imaging.Stretch}
	plain, err := teach.NewFeaturizer(file.Backbone, pre, &teach.Options{Copies: teach.AugmentNone})
	require.NoError(t, err)
	copies, err := teach.NewFeaturizer(file.Backbone, pre, nil)
	require.NoError(t, err)
	var paths []string
	for _, it := range set.Test {
		paths = append(paths, it.Path)
	}
	test := features(t, plain, paths)
	rest := features(t, plain, set.Train)
	for _, n := range numbers(t, "N", len(set.Train)) {
		for _, seed := range numbers(t, "DRAWS", 0) {
			maker, images := copies, draw(set.Train, n, uint64(seed))
			if n > teach.MaxForD4 {
				maker = plain
			}
			wrong := spoil(t, images, uint64(seed))
			learn := func(without []int) (*teach.Taught, map[string]bool) {
				s, err := teach.NewSession(file.Backbone, pre)
				require.NoError(t, err)
				for i, f := range features(t, maker, images) {
					if !slices.Contains(without, i) {
						require.NoError(t, s.Add(f))
					}
				}
				checks := map[string]bool{}
				for _, f := range slices.Concat(test, rest) {
					if !slices.Contains(images, f.Name) && s.AddCheck(f) == nil { // what was among the good ones is no test image
						checks[f.Name] = true
					}
				}
				taught, err := s.Fit(context.Background(), teach.FitOptions{Seed: int64(seed)}, &teach.Options{Workers: runtime.NumCPU()})
				require.NoError(t, err)
				return taught, checks
			}
			taught, checks := learn(nil)
			if out := removed(taught.Report, images, wrong); len(out) > 0 {
				flagged := taught.Report.Look
				taught, checks = learn(out)
				taught.Report.Look = flagged
			}
			report(t, set, n, seed, taught, wrong, images, checks)
		}
	}
}

func numbers(t *testing.T, env string, otherwise int) (out []int) {
	if os.Getenv(env) == "" {
		return []int{otherwise}
	}
	for _, s := range strings.Split(os.Getenv(env), ",") {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		out = append(out, n)
	}
	return out
}

// spoil replaces 5 % of the images.
func spoil(t *testing.T, images []string, seed uint64) map[string]bool {
	wrong := map[string]bool{}
	if os.Getenv("WRONG") == "" {
		return wrong
	}
	others, err := dataset.Images(os.Getenv("WRONG"))
	require.NoError(t, err)
	places := rand.New(rand.NewPCG(seed, 78)).Perm(len(images))
	for k, p := range draw(others, max(1, (len(images)+10)/20), seed) {
		images[places[k]] = p
		wrong[p] = true
	}
	return wrong
}

// removed lists what a person takes out before teaching again: with REMOVE=odd all images that are marked, with REMOVE=named the wrong ones among the ten
// that are named.
func removed(rep *teach.Report, images []string, wrong map[string]bool) (out []int) {
	switch os.Getenv("REMOVE") {
	case "odd":
		return rep.Odd
	case "named":
		for _, i := range rep.Look {
			if wrong[images[i]] {
				out = append(out, i)
			}
		}
	}
	return out
}

func report(t *testing.T, set *dataset.Set, n, seed int, taught *teach.Taught, wrong map[string]bool, images []string, checks map[string]bool) {
	var scores []float32
	var labels []bool
	rejected, good, unused, unusedNG := 0, 0, 0, 0
	at := 0
	for _, it := range set.Test {
		if !checks[it.Path] {
			continue
		}
		c := taught.Report.Checks[at]
		at++
		scores, labels = append(scores, c.Score), append(labels, !it.Good())
		if it.Good() {
			good++
			if c.Verdict == calibrate.NG {
				rejected++
			}
		}
	}
	for _, c := range taught.Report.Checks[at:] { // training images that the draw left out
		unused++
		if c.Verdict == calibrate.NG {
			unusedNG++
		}
	}
	auroc, err := metrics.AUROC(scores, labels)
	require.NoError(t, err)
	flagged := 0
	for _, i := range taught.Report.Look {
		if wrong[images[i]] {
			flagged++
		}
	}
	lo, hi := taught.Head.Calibration.Interval(0.95)
	rep := taught.Report
	tried := ""
	for _, c := range rep.Tried {
		tried += fmt.Sprintf(" %s/%s %.2f", c.Norm, c.Augment, c.Separation)
	}
	fmt.Printf("%s\t%d images\tdraw %d\tAUROC %.3f\t%s %s\t%d centroids\trejected %d of %d, of training images left out %d of %d (%.4f..%.4f)\twrong %d, flagged %d\tsame %d odd %d groups %d\t%s\n",
		filepath.Base(os.Getenv("FEWSHOT")), n, seed, auroc, rep.Norm, rep.Augment, rep.Centroids, rejected, good, unusedNG, unused, lo, hi, len(wrong), flagged,
		len(rep.Same), len(rep.Odd), len(rep.Groups), tried)
}
