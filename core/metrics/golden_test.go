package metrics

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/golden.json
var goldenJSON []byte // embedded so that the test also runs as wasm

const tol = 1e-9

type golden struct {
	FPRs   []float64
	Images []struct {
		Scores    []float32
		Labels    []int
		AUROC, AP float64
		F1        float64
		Threshold float32
		Recall    []float64
		FPR       []float64 `json:"roc_fpr"`
		TPR       []float64 `json:"roc_tpr"`
	}
	Pixels []struct {
		W, H    []int
		Maps    [][]float32
		Masks   []string
		Regions int
		AUROC   float64
		AUPRO   [][2]float64
	}
}

func readGolden(t *testing.T) golden {
	var g golden
	require.NoError(t, json.Unmarshal(goldenJSON, &g))
	require.Len(t, g.Images, 24)
	require.Len(t, g.Pixels, 18)
	return g
}

func TestImageGolden(t *testing.T) {
	g := readGolden(t)
	for i, c := range g.Images {
		t.Run(fmt.Sprintf("case=%d/n=%d", i, len(c.Scores)), func(t *testing.T) {
			labels := make([]bool, len(c.Labels))
			for j, l := range c.Labels {
				labels[j] = l == 1
			}
			auroc, err := AUROC(c.Scores, labels)
			require.NoError(t, err)
			assert.InDelta(t, c.AUROC, auroc, tol)
			ap, err := AveragePrecision(c.Scores, labels)
			require.NoError(t, err)
			assert.InDelta(t, c.AP, ap, tol)
			f1, threshold, err := F1Max(c.Scores, labels)
			require.NoError(t, err)
			assert.InDelta(t, c.F1, f1, tol)
			assert.Equal(t, c.Threshold, threshold)
			for j, fpr := range g.FPRs {
				recall, err := RecallAtFPR(c.Scores, labels, fpr)
				require.NoError(t, err)
				assert.InDelta(t, c.Recall[j], recall, tol, "fpr %v", fpr)
			}
			curve, err := ROC(c.Scores, labels)
			require.NoError(t, err)
			require.Len(t, curve, len(c.FPR))
			for j, p := range curve {
				assert.InDelta(t, c.FPR[j], p.FPR, tol)
				assert.InDelta(t, c.TPR[j], p.TPR, tol)
				called := make([]bool, len(labels))
				for k, v := range c.Scores {
					called[k] = v >= p.Threshold
				}
				m, err := Confuse(called, labels)
				require.NoError(t, err)
				assert.InDelta(t, p.FPR, m.FalseRejectRate(), tol)
				assert.InDelta(t, p.TPR, m.Recall(), tol)
			}
		})
	}
}

func TestPixelGolden(t *testing.T) {
	for i, c := range readGolden(t).Pixels {
		t.Run(fmt.Sprintf("case=%d/maps=%d", i, len(c.Maps)), func(t *testing.T) {
			masks := make([]Mask, len(c.Masks))
			var sizes []int
			for j, s := range c.Masks {
				masks[j] = Mask{W: c.W[j], H: c.H[j]}
				for _, r := range s {
					masks[j].Pix = append(masks[j].Pix, r == '#')
				}
				_, sizes = regions(masks[j], sizes)
			}
			assert.Len(t, sizes, c.Regions)
			var limits []float64
			for _, want := range c.AUPRO {
				limits = append(limits, want[0])
			}
			auroc, aupro, err := Pixels(c.Maps, masks, limits...)
			require.NoError(t, err)
			assert.InDelta(t, c.AUROC, auroc, tol)
			for j, want := range c.AUPRO {
				assert.InDelta(t, want[1], aupro[j], tol, "limit %v", want[0])
			}
		})
	}
}
