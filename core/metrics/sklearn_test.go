//go:build !js

package metrics

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestScikitLearn holds random cases against scikit-learn, and AUPRO against its definition in numpy and scipy, and against anomalib (float32) where that is
// installed. DIFF is their number, PYTHON the interpreter: make diff.
func TestScikitLearn(t *testing.T) {
	if os.Getenv("DIFF") == "" {
		t.Skip("DIFF=1000 compares so many cases with scikit-learn (make diff)")
	}
	n, err := strconv.Atoi(os.Getenv("DIFF"))
	require.NoError(t, err)
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/sklearn_cases.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		in.Close()
		assert.NoError(t, cmd.Wait())
	}()
	out := bufio.NewReaderSize(pipe, 1<<16)
	version, err := out.ReadString('\n')
	require.NoError(t, err)
	ask := func(request, answer any) {
		t.Helper()
		require.NoError(t, json.NewEncoder(in).Encode(request))
		line, err := out.ReadBytes('\n')
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(line, answer))
	}
	r := rand.New(rand.NewPCG(41, 0))
	image, pixel, anomalib, common := 0.0, 0.0, 0.0, 0
	for range n {
		image = max(image, imageCase(t, r, ask))
		own, other, ok := pixelCase(t, r, ask)
		pixel, anomalib = max(pixel, own), max(anomalib, other)
		if ok {
			common++
		}
	}
	t.Logf("%s, seed 41: %d image cases, largest difference %.1e; %d pixel cases, %.1e; AUPRO of %d by anomalib, %.1e", strings.TrimSpace(version), n, image, n, pixel, common, anomalib)
	assert.LessOrEqual(t, image, 1e-9)
	assert.LessOrEqual(t, pixel, 1e-9)
	assert.LessOrEqual(t, anomalib, 1e-3)
}

// draw returns a score of one of the kinds that cases have: without ties, with some, with many, all equal, or far apart in size.
func draw(r *rand.Rand, kind int, bad bool) float32 {
	v := r.NormFloat64()
	if bad {
		v += r.Float64() * 2
	}
	switch kind {
	case 0:
		return float32(int(v * 4))
	case 1:
		return float32(int(v))
	case 2:
		return 0.25
	case 3:
		return float32(v) * float32(r.IntN(2)*1e9+1) * 1e-12
	}
	return float32(v)
}

func imageCase(t *testing.T, r *rand.Rand, ask func(request, answer any)) (worst float64) {
	n, kind, share := 2+r.IntN(120), r.IntN(8), r.Float64()
	scores, labels := make([]float32, n), make([]bool, n)
	for i := range scores {
		labels[i] = i == 0 || i != 1 && r.Float64() < share // one of each at least
		scores[i] = draw(r, kind, labels[i])
	}
	var want struct {
		AUROC, AP, F1    float64
		Recall, FPR, TPR []float64
	}
	ask(map[string]any{"scores": scores, "labels": labels}, &want)
	auroc, err := AUROC(scores, labels)
	require.NoError(t, err)
	ap, err := AveragePrecision(scores, labels)
	require.NoError(t, err)
	f1, threshold, err := F1Max(scores, labels)
	require.NoError(t, err)
	tp, called, bad := 0, 0, 0
	for i, s := range scores {
		if labels[i] {
			bad++
		}
		if s >= threshold {
			called++
			if labels[i] {
				tp++
			}
		}
	}
	worst = max(far(want.AUROC, auroc), far(want.AP, ap), far(want.F1, f1), far(f1, 2*float64(tp)/float64(called+bad)))
	for i, fpr := range []float64{0, 0.01, 0.1, 0.5, 1} {
		recall, err := RecallAtFPR(scores, labels, fpr)
		require.NoError(t, err)
		worst = max(worst, far(want.Recall[i], recall))
	}
	curve, err := ROC(scores, labels)
	require.NoError(t, err)
	require.Len(t, curve, len(want.FPR))
	for i, p := range curve {
		worst = max(worst, far(want.FPR[i], p.FPR), far(want.TPR[i], p.TPR))
	}
	return worst
}

func pixelCase(t *testing.T, r *rand.Rand, ask func(request, answer any)) (worst, anomalib float64, common bool) {
	kind, density, w, h := r.IntN(8), r.Float64()*r.Float64(), 2+r.IntN(14), 1+r.IntN(14)
	alike := r.IntN(2) == 0
	var maps [][]float32
	var masks []Mask
	var askMaps [][][]float32
	var askMasks [][][]bool
	for i := range 1 + r.IntN(4) {
		if !alike {
			w, h = 2+r.IntN(14), 1+r.IntN(14)
		}
		m := Mask{W: w, H: h}
		a, rows, rowMasks := []float32(nil), [][]float32(nil), [][]bool(nil)
		for y := range m.H {
			for x := range m.W {
				bad := i+x+y == 0 || i+x+y != 1 && r.Float64() < density
				m.Pix, a = append(m.Pix, bad), append(a, draw(r, kind, bad))
			}
			rows, rowMasks = append(rows, a[y*m.W:]), append(rowMasks, m.Pix[y*m.W:])
		}
		maps, masks, askMaps, askMasks = append(maps, a), append(masks, m), append(askMaps, rows), append(askMasks, rowMasks)
	}
	var want struct {
		AUROC           float64
		AUPRO, Anomalib []float64
	}
	ask(map[string]any{"maps": askMaps, "masks": askMasks}, &want)
	auroc, aupro, err := Pixels(maps, masks, 0.05, 0.3, 1)
	require.NoError(t, err)
	worst = far(want.AUROC, auroc)
	for i, v := range aupro {
		worst = max(worst, far(want.AUPRO[i], v))
		if len(want.Anomalib) > 0 {
			anomalib = max(anomalib, far(want.Anomalib[i], v))
		}
	}
	return worst, anomalib, len(want.Anomalib) > 0
}

func far(a, b float64) float64 { return max(a-b, b-a) }
