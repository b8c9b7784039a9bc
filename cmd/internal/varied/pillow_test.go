package varied

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// bar is the largest difference of a sample, and the largest mean difference over all samples of a file.
type bar struct {
	most int
	mean float64
}

// bars go by what Pillow says of a file. What is not here must be equal.
var bars = map[string]bar{
	"jpeg 4:4:4": {3, 1}, "jpeg gray": {3, 1}, "jpeg cmyk": {5, 1}, // another inverse DCT
	// Chroma of fewer samples than luma is repeated here and interpolated there: pictures of noise differ as much as noise does.
	"jpeg 4:2:2": anything, "jpeg 4:2:0": anything, "webp lossy": anything,
	"tiff premultiplied": {2, 1}, // Pillow divides by alpha, and we multiply by it again
}

var anything = bar{255, 255}

// Names of files that only Pillow reads, and that only we read: it has no 16-bit gray in big-endian order whose white is zero.
var onlyPillow, onlyWe = regexp.MustCompile(`-gif-|-planar-|-cut-|-animated\.`), regexp.MustCompile(`-white16-`)

// tally is what files of a kind have differed by.
type tally struct {
	files, most  int
	sum, samples float64
	worst        float64 // mean of a file
	where        string
}

func (t *tally) add(name string, want, got []uint8) (most int, mean float64) {
	sum := 0
	for i, v := range want {
		d := max(int(v)-int(got[i]), int(got[i])-int(v))
		most, sum = max(most, d), sum+d
	}
	mean = float64(sum) / float64(len(want))
	t.files, t.most, t.sum, t.samples = t.files+1, max(t.most, most), t.sum+float64(sum), t.samples+float64(len(want))
	if mean > t.worst {
		t.worst, t.where = mean, name
	}
	return most, mean
}

func (t *tally) mean() float64 { return t.sum / max(t.samples, 1) }

// pillow is a process that reads files.
type pillow struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func python() string {
	if p := os.Getenv("PYTHON"); p != "" {
		return p
	}
	return "python3"
}

func startPillow(t *testing.T) *pillow {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python(), "testdata/pillow.py", "read")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &pillow{in, bufio.NewReaderSize(out, 1<<20)}
}

func (p *pillow) read(t *testing.T, path string) (kind string, m *imaging.RGB, problem string) {
	t.Helper()
	_, err := fmt.Fprintln(p.in, path)
	require.NoError(t, err)
	line, err := p.out.ReadBytes('\n')
	require.NoError(t, err, path)
	var head struct {
		Kind, Error string
		W, H        int
	}
	require.NoError(t, json.Unmarshal(line, &head))
	if head.Error != "" {
		return "", nil, head.Error
	}
	m = imaging.NewRGB(head.W, head.H)
	_, err = io.ReadFull(p.out, m.Pix)
	require.NoError(t, err, path)
	return head.Kind, m, ""
}

// cases is what DIFF asks for.
func cases(t *testing.T) int {
	t.Helper()
	if os.Getenv("DIFF") == "" {
		t.Skip("DIFF=1000 compares so many files with Pillow (make diff)")
	}
	n, err := strconv.Atoi(os.Getenv("DIFF"))
	require.NoError(t, err)
	return n
}

// TestPillow reads files of this package, files that Pillow has written, and the pictures of DIFF_IMAGES, and holds the pixels against Pillow's.
func TestPillow(t *testing.T) {
	n, dir := cases(t), t.TempDir()
	for f := range Files(21, n, sources(t)) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
	}
	version, err := exec.Command(python(), "testdata/pillow.py", "write", dir, "22", strconv.Itoa(n)).Output()
	require.NoError(t, err)
	t.Logf("%s, seeds 21 and 22", strings.TrimSpace(string(version)))
	t.Run("made", func(t *testing.T) { compare(t, dir) })
	if real := os.Getenv("DIFF_IMAGES"); real != "" {
		t.Run("real", func(t *testing.T) {
			for kind, v := range compare(t, real) {
				if strings.HasPrefix(kind, "jpeg") {
					assert.LessOrEqual(t, v.mean(), 1.0, "%s: mean over all pictures", kind)
				}
			}
		})
	}
}

func compare(t *testing.T, dir string) map[string]*tally {
	p, tallies := startPillow(t), map[string]*tally{}
	of := func(kind string) *tally {
		if tallies[kind] == nil {
			tallies[kind] = &tally{}
		}
		return tallies[kind]
	}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".md") || strings.HasSuffix(path, ".txt") {
			return err
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		kind, want, problem := p.read(t, path)
		got, err := imaging.Decode(data, nil)
		if err != nil {
			if problem == "" {
				assert.Regexp(t, onlyPillow, e.Name(), "only we refuse: %v", err)
				of("only Pillow reads: "+err.Error()).files++
			} else {
				of("both refuse: "+err.Error()).files++
			}
			return nil
		}
		if problem != "" {
			assert.Regexp(t, onlyWe, e.Name(), "only Pillow refuses: %s", problem)
			of("only we read").files++
			return nil
		}
		if !assert.Equal(t, [2]int{want.W, want.H}, [2]int{got.W, got.H}, "%s: size", path) {
			return nil
		}
		most, mean := of(kind).add(e.Name(), want.Pix, got.Pix)
		assert.LessOrEqual(t, most, bars[kind].most, "%s (%s)", path, kind)
		assert.LessOrEqual(t, mean, bars[kind].mean, "%s (%s)", path, kind)
		return nil
	}))
	for _, k := range slices.Sorted(maps.Keys(tallies)) {
		v := tallies[k]
		t.Logf("%-28s %5d files, largest difference %3d, mean %.4f, largest mean of a file %.3f %s", k, v.files, v.most, v.mean(), v.worst, v.where)
	}
	return tallies
}
