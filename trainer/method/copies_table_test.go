package method

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
)

// TestCopiesTable makes the table "Copies by light and shift" of docs/accuracy.md; it measures and judges nothing. COPIES names a data set in MVTec layout; N, if set,
// draws so many of its good images by seed 0 (as evaluate's TestFewShot does). The heads are whole centroids of the default size, with no training.
func TestCopiesTable(t *testing.T) {
	dir := os.Getenv("COPIES")
	if dir == "" {
		t.Skip("COPIES names no data set")
	}
	data, err := dataset.Open(dir)
	require.NoError(t, err)
	paths := data.Train
	if n, err := strconv.Atoi(os.Getenv("N")); err == nil && n < len(paths) {
		order := rand.New(rand.NewPCG(0, 77)).Perm(len(paths))[:n]
		slices.Sort(order)
		paths = nil
		for _, i := range order {
			paths = append(paths, data.Train[i])
		}
	}
	file, err := model.Decode(assets.Backbone())
	require.NoError(t, err)
	pre, opt := imaging.Preprocess{Width: 256, Height: 256, Mode: imaging.Stretch}, &teach.Options{Workers: runtime.NumCPU(), Copies: Copies(len(paths))}
	set, err := teach.Collect(t.Context(), file.Backbone, pre, teach.Source{Len: len(paths), File: func(i int) (string, []byte, error) {
		b, err := dataset.Read(paths[i])
		return paths[i], b, err
	}}, opt)
	require.NoError(t, err)
	fit, tried, err := set.Choose(t.Context(), teach.FitOptions{}, opt)
	require.NoError(t, err)
	fit.Augment = inPlace(set.Images, fit, tried)
	base := fit
	fit.Augment, tried, err = tolerant(t.Context(), set, fit, tried, opt)
	require.NoError(t, err)
	for _, j := range tried {
		fmt.Printf("%s\t%d images\t%s %s\tAUROC %.3f separation %.2f patches %.3f\n", filepath.Base(dir), set.Images, j.Norm, j.Augment, j.AUROC, j.Separation, j.Patch)
	}
	fmt.Printf("%s\t%d images\ttaken: %s %s\n", filepath.Base(dir), set.Images, fit.Norm, fit.Augment)
	for _, a := range []teach.Augment{base.Augment, base.Augment.Plus(teach.AugmentLight), base.Augment.Plus(teach.AugmentShift),
		base.Augment.Plus(teach.AugmentLight).Plus(teach.AugmentShift)} {
		try := base
		try.Augment = a
		head, _, err := set.Fit(t.Context(), try, opt)
		require.NoError(t, err)
		in, err := inspect.New(file.Backbone, head, "", nil)
		require.NoError(t, err)
		scored, err := evaluate.Score(t.Context(), in, data.Test, runtime.NumCPU(), func(int, int) {})
		require.NoError(t, err)
		f, err := evaluate.Compute(scored, pre)
		require.NoError(t, err)
		fmt.Printf("%s\t%d images\ttest, %s %s\tAUROC %.3f\trejected %.1f %% of %d good\n", filepath.Base(dir), set.Images, base.Norm, a, f.ImageAUROC, 100*f.FalseRejectRate, f.Good)
	}
}
