package varied

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// sources are the samples of the site.
func sources(t testing.TB) (out []*imaging.RGB) {
	t.Helper()
	names, err := filepath.Glob("../../../assets/samples/*.jpg")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, n := range names {
		data, err := os.ReadFile(n)
		require.NoError(t, err)
		m, err := imaging.Decode(data, nil)
		require.NoError(t, err)
		out = append(out, m)
	}
	return out
}

// TestPixelsAreTheRules: what our own writers store comes back as section 9 of docs/model-format.md says, by Decode and row by row.
func TestPixelsAreTheRules(t *testing.T) {
	exact, seen := 0, map[image.Point]bool{}
	for f := range Files(33, 2*Len(), sources(t)) {
		got, err := imaging.Decode(f.Data, nil)
		var refused *imaging.Error
		if f.Refused != "" {
			require.True(t, errors.As(err, &refused), "%s: %v", f.Name, err)
			assert.Equal(t, f.Refused, refused.Kind, f.Name)
			continue
		}
		require.NoError(t, err, f.Name)
		seen[image.Pt(got.W, got.H)] = true
		if f.Want != nil {
			exact++
			require.Equal(t, [2]int{f.Want.W, f.Want.H}, [2]int{got.W, got.H}, f.Name)
			require.True(t, string(f.Want.Pix) == string(got.Pix), f.Name)
		}
	}
	assert.Equal(t, 2*34, exact)
	assert.Greater(t, len(seen), Len(), "sizes differ")
}

func TestFilesAreTheSameEachTime(t *testing.T) {
	var a, b []File
	for f := range Files(3, 12, nil) {
		a = append(a, f)
	}
	for f := range Files(3, 12, nil) {
		b = append(b, f)
	}
	assert.Equal(t, a, b)
	for f := range Files(4, 1, nil) {
		assert.NotEqual(t, a[0].Data, f.Data)
	}
}
