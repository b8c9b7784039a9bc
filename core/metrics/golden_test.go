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
				m, err := ConfuseAt(c.Scores, labels, p.Threshold)
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
			flat := make([][]bool, len(c.Masks))
			var sizes []int
			for j, s := range c.Masks {
				for _, r := range s {
					flat[j] = append(flat[j], r == '#')
				}
				masks[j] = Mask{c.W[j], c.H[j], flat[j]}
				_, sizes = regions(masks[j], sizes)
			}
			assert.Len(t, sizes, c.Regions)
			auroc, err := PixelAUROC(c.Maps, flat)
			require.NoError(t, err)
			assert.InDelta(t, c.AUROC, auroc, tol)
			for _, want := range c.AUPRO {
				got, err := AUPRO(c.Maps, masks, want[0])
				require.NoError(t, err)
				assert.InDelta(t, want[1], got, tol, "limit %v", want[0])
			}
		})
	}
}
