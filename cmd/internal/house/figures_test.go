package house

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cellsOf are the cells of the rows of Markdown tables in a text, without marks for bold and italics.
func cellsOf(text string) (table [][]string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") {
			var row []string
			for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
				row = append(row, strings.TrimSpace(strings.ReplaceAll(cell, "*", "")))
			}
			table = append(table, row)
		}
	}
	return table
}

// TestFiguresOfTheReadme: the tables of the README say what docs/accuracy.md says, where the command, the machine and the deviations stand.
func TestFiguresOfTheReadme(t *testing.T) {
	first := func(cell string) string { f, _, _ := strings.Cut(cell, " "); return f }
	said := map[string]string{}
	for _, row := range cellsOf(read(t, "docs/accuracy.md")) {
		switch {
		case len(row) == 18: // methods compared: data, method, image AUROC, ..., AUPRO 0.3
			said[row[0]+"/"+row[1]] = first(row[2]) + " / " + first(row[7])
		case len(row) == 8 && said[row[0]] == "": // teach, all good images: data, image AUROC, pixel AUROC, AUPRO
			said[row[0]] = first(row[1]) + " / " + first(row[3])
		}
	}
	methods := map[string]string{
		"AnomNet (`train`)": "anomnet 262 KB", "the same, `--centroids 19221`": "anomnet 1000 KB",
		"greedy k-centre, untrained": "kcentre 262 KB", "the same, 7,812 centroids": "kcentre 1000 KB",
		"PaDiM": "padim", "PatchCore": "patchcore 262 KB", "the same, 3,472 patches": "patchcore 1000 KB",
	}
	data := map[string]string{
		"screw, 384 px copy (320 / 41 / 119)":                 "screw",
		"the same, `--centroids 6553 --embedding 288` (2 MB)": "screw, `--centroids 6553 --embedding 288`",
		"fabric (90 / 18 / 20)":                               "fabric",
		"magnetic_tile (480 / 160 / 392)":                     "magnetic_tile",
	}
	n := 0
	for _, row := range cellsOf(read(t, "README.md")) {
		if method, ok := methods[row[0]]; ok {
			for i, set := range []string{"screw", "fabric", "magnetic_tile", "mean"} {
				n++
				require.Contains(t, said, set+"/"+method)
				assert.Equal(t, said[set+"/"+method], row[i+1], "%s, %s", row[0], set)
			}
		}
		if name, ok := data[row[0]]; ok {
			n++
			require.Contains(t, said, name)
			assert.Equal(t, said[name], row[1]+" / "+row[2], row[0])
		}
	}
	assert.Equal(t, 4*len(methods)+len(data), n, "rows of the README")
}
