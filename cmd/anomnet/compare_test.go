package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/compare"
	"anomnet/trainer/evaluate"
)

// compared runs compare --json on washers with the methods that need no libtorch.
func compared(t *testing.T, more ...string) (rows map[string]compare.Row, stderr string) {
	t.Helper()
	args := append([]string{"compare", "--methods", "kcentre,patchcore,kmeans,padim", "--seeds", "2", "--size", "96", "--head-kb", "8", "--json"}, more...)
	code, stdout, stderr := cli(t, args...)
	require.Equal(t, exitOK, code, stderr)
	var out struct{ Rows []compare.Row }
	require.NoError(t, json.Unmarshal([]byte(stdout), &out))
	rows = map[string]compare.Row{}
	for _, r := range out.Rows {
		rows[r.Data+" "+r.Method] = r
	}
	return rows, stderr
}

func TestCompare(t *testing.T) {
	data, _ := washers(t)
	t.Run("agrees with eval", func(t *testing.T) { compareAgreesWithEval(t, data) })
	t.Run("resumes", func(t *testing.T) { compareResumes(t, data) })
	t.Run("refuses", func(t *testing.T) { compareRefuses(t, data) })
	t.Run("keeps other sets", func(t *testing.T) { compareKeepsOtherSets(t, data) })
	t.Run("trains without libtorch", func(t *testing.T) { trainsWithoutTorch(t, data) })
	t.Run("reports duplicates", func(t *testing.T) { compareReportsDuplicates(t, data) })
}

// compareAgreesWithEval: the row of k-centre is what eval says of the head that teach makes with the same settings.
func compareAgreesWithEval(t *testing.T, data string) {
	rows, _ := compared(t, "--data", data, "--jobs", "2")
	require.Len(t, rows, 4)
	head := filepath.Join(t.TempDir(), "head.anomnet")
	code, _, stderr := cli(t, "teach", "--good", data, "--part", "washer", "--out", head, "--size", "96", "--centroids", "62", "--augment", "none", "--seed", "1")
	require.Equal(t, exitOK, code, stderr)
	page := t.TempDir()
	code, stdout, stderr := cli(t, "eval", "--model", head, "--data", data, "--json", "--report", page)
	require.Equal(t, exitOK, code, stderr)
	var f evaluate.Figures
	require.NoError(t, json.Unmarshal([]byte(stdout), &f))
	html := string(readFile(t, filepath.Join(page, "index.html")))
	assert.Contains(t, html, "AUPRO (FPR &lt;= 0.05)")
	assert.Contains(t, html, "real false-reject rate, aimed at 5 %")
	assert.Contains(t, html, "data:image/png;base64,")
	got := rows["washer kcentre"]
	for key, want := range map[string]float64{"image_auroc": f.ImageAUROC, "ap": f.AP, "pixel_auroc": f.PixelAUROC, "aupro": f.AUPRO, "aupro_05": f.AUPRO05,
		"recall_at_5": f.RecallAt5, "false_reject_rate": f.FalseRejectRate, "false_reject_rate_5": f.Targets[1].Real(), "false_reject_rate_5_high": f.Targets[1].High} {
		require.Len(t, got.Figures[key].Each, 2, key)
		assert.Equal(t, want, got.Figures[key].Each[1], key)
	}
	info, err := os.Stat(head)
	require.NoError(t, err)
	assert.InDelta(t, float64(info.Size()), got.Figures["head_bytes"].Each[1], 300, "the provenance differs")
	assert.NotContains(t, rows["washer padim"].Figures, "false_reject_rate", "no calibrated limit")
	assert.Equal(t, got.Figures["image_auroc"], got.Figures["image_auroc_top"], "one rule for both")
}

// compareResumes: cells that are stored are not run again, one that is missing is, and the table is the same.
func compareResumes(t *testing.T, data string) {
	store, out := t.TempDir(), filepath.Join(t.TempDir(), "report")
	first, _ := compared(t, "--data", data, "--resume", store)
	cells, err := filepath.Glob(filepath.Join(store, "*.json"))
	require.NoError(t, err)
	require.Len(t, cells, 8)
	times := map[string]int64{}
	for _, c := range cells {
		info, err := os.Stat(c)
		require.NoError(t, err)
		times[c] = info.ModTime().UnixNano()
	}
	require.NoError(t, os.Remove(cells[3]))
	second, _ := compared(t, "--data", data, "--resume", store, "--report", out)
	for _, c := range cells {
		info, err := os.Stat(c)
		require.NoError(t, err)
		assert.Equal(t, c == cells[3], info.ModTime().UnixNano() != times[c], c)
	}
	third, _ := compared(t, "--mvtec", filepath.Dir(data), "--resume", store)
	assert.Equal(t, second, third, "a category of MVTec AD is the same data set; all its cells are stored")
	for k, r := range first {
		assert.Equal(t, r.Figures["image_auroc"], second[k].Figures["image_auroc"], k)
		assert.Equal(t, r.Figures["aupro"], second[k].Figures["aupro"], k)
	}
	page := string(readFile(t, filepath.Join(out, "index.html")))
	assert.Contains(t, page, "<svg")
	assert.Contains(t, page, "data:image/png;base64,")
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "ZgotmplZ", "nothing was refused as unsafe")
	for _, name := range []string{"table.md", "table.csv", "table.json"} {
		assert.Contains(t, string(readFile(t, filepath.Join(out, name))), "patchcore", name)
	}

	broken, err := filepath.Glob(filepath.Join(store, "padim--*--0--*.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(broken[0], []byte("{"), 0o644))
	code, _, stderr := cli(t, "compare", "--methods", "padim", "--size", "96", "--head-kb", "8", "--data", data, "--resume", store)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "remove it to run the cell again")
}

func compareRefuses(t *testing.T, data string) {
	lone := filepath.Join(t.TempDir(), "lone")
	for _, name := range []string{"train/good", "test/good"} {
		require.NoError(t, os.MkdirAll(filepath.Join(lone, name), 0o755))
		list, err := filepath.Glob(filepath.Join(data, name, "*"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(lone, name, "a.png"), readFile(t, list[0]), 0o644))
	}
	for want, args := range map[string][]string{
		"want at least 5":     {"--data", lone, "--methods", "padim", "--size", "96"},
		"want --data":         {},
		"method \"best\"":     {"--data", data, "--methods", "best"},
		"0 seeds":             {"--data", data, "--methods", "padim", "--seeds", "0"},
		"--head-kb \"much\"":  {"--data", data, "--methods", "padim", "--head-kb", "much"},
		"method padim twice":  {"--data", data, "--methods", "padim,padim"},
		"4000 bytes twice":    {"--data", data, "--methods", "padim", "--head-kb", "4,4"},
		"heads of 0 bytes":    {"--data", data, "--methods", "padim", "--head-kb", "0"},
		"two data sets":       {"--data", data, "--data", data, "--methods", "padim"},
		"holds no category":   {"--mvtec", filepath.Join(data, "train"), "--methods", "padim"},
		"holds no category ":  {"--mvtec2", data, "--methods", "padim"},
		"1cls.csv":            {"--visa", data, "--methods", "padim"},
		"has no test images":  {"--data", filepath.Join(data, "train", "good"), "--methods", "padim"},
		"multiple of 32":      {"--data", data, "--methods", "padim", "--size", "100"},
		"no such file or dir": {"--data", filepath.Join(data, "absent"), "--methods", "padim"},
	} {
		code, _, stderr := cli(t, append([]string{"compare"}, args...)...)
		assert.NotEqual(t, exitOK, code, want)
		assert.Contains(t, stderr, strings.TrimSpace(want))
	}
}

// compareKeepsOtherSets: a data set with an image that is none costs its own cells, and not those of the others, which may have taken hours.
func compareKeepsOtherSets(t *testing.T, data string) {
	bad, out := filepath.Join(t.TempDir(), "bad"), filepath.Join(t.TempDir(), "report")
	require.NoError(t, os.CopyFS(bad, os.DirFS(data)))
	require.NoError(t, os.WriteFile(filepath.Join(bad, "test", "good", "zzz.png"), []byte("no image"), 0o644))
	for _, order := range [][]string{{data, bad}, {bad, data}} {
		code, stdout, stderr := cli(t, "compare", "--methods", "padim", "--size", "96", "--data", order[0], "--data", order[1], "--json", "--report", out)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, "zzz.png")
		assert.Contains(t, stderr, "1 of 2 data sets failed")
		var got struct {
			Rows   []compare.Row
			Failed []compare.Failed
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		require.Len(t, got.Rows, 1)
		assert.Equal(t, "washer", got.Rows[0].Data)
		require.Len(t, got.Failed, 1)
		assert.Equal(t, "bad", got.Failed[0].Data)
		assert.Contains(t, string(readFile(t, filepath.Join(out, "index.html"))), "Failed: all of bad")
	}
}

// compareReportsDuplicates: a training image among the test images makes figures look better than they are.
func compareReportsDuplicates(t *testing.T, data string) {
	train, err := filepath.Glob(filepath.Join(data, "train", "good", "*"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(data, "test", "good", "again.png"), readFile(t, train[0]), 0o644))
	code, _, stderr := cli(t, "compare", "--methods", "padim", "--size", "96", "--data", data)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stderr, "the same file for training and for testing")
	assert.Contains(t, stderr, "again.png")
}

// trainsWithoutTorch: the methods that need no gradients make heads that score, and leave a run.json.
func trainsWithoutTorch(t *testing.T, data string) {
	dir := t.TempDir()
	for _, m := range []string{"patchcore", "kmeans", "kcentre"} {
		out := filepath.Join(dir, m+".anomnet")
		args := []string{"train", "--method", m, "--data", data, "--part", "Washer", "--out", out, "--size", "96", "--centroids", "40", "--run", filepath.Join(dir, m)}
		code, stdout, stderr := cli(t, args...)
		require.Equal(t, exitOK, code, stderr)
		assert.Contains(t, stdout, "40 centroids")
		assert.Contains(t, string(readFile(t, filepath.Join(dir, m, "run.json"))), `"method": "`+m+`"`)
		code, stdout, _ = cli(t, "model", "show", out)
		require.Equal(t, exitOK, code)
		assert.Contains(t, stdout, "made by "+m)
		code, stdout, _ = cli(t, "eval", "--model", out, "--data", data)
		require.Equal(t, exitOK, code)
		assert.Contains(t, stdout, "image AUROC")
	}
	for want, more := range map[string][]string{" 910 centroids": nil, " 2048 centroids": {"--centroids", "2048"}} { // as many bytes as the default, or what was asked for
		args := append([]string{"train", "--method", "patchcore", "--data", data, "--part", "p", "--out", filepath.Join(dir, "x"), "--size", "128"}, more...)
		code, stdout, stderr := cli(t, args...)
		require.Equal(t, exitOK, code, stderr)
		assert.Contains(t, stdout, want)
	}
	code, _, stderr := cli(t, "train", "--method", "best", "--data", data, "--part", "p", "--out", filepath.Join(dir, "x"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "want one of")
	code, _, stderr = cli(t, "train", "--method", "kmeans", "--data", data, "--part", "p", "--out", filepath.Join(dir, "x"), "--resume", filepath.Join(dir, "typo"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "is no folder of a run")
}

func TestComparePrintsOneForm(t *testing.T) {
	for _, forms := range [][]string{{"--json", "--csv"}, {"--json", "--markdown"}, {"--csv", "--markdown"}} {
		code, _, stderr := cli(t, append([]string{"compare", "--data", t.TempDir(), "--methods", "kcentre"}, forms...)...)
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, stderr, "one of --json, --csv and --markdown")
	}
}
