package compare

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzCell: a stored result that was damaged is an error or is of another cell; one that is read is written and read again as it was.
func FuzzCell(f *testing.F) {
	k := Key{Method: "anomnet", Data: "screw", Size: "256x256", Steps: "default"}
	text, err := json.Marshal(&Cell{Key: k, Images: []Image{{Path: "a.png", Label: "good", Score: 1}}})
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Store{Dir: t.TempDir()}
		require.NoError(t, os.WriteFile(s.path(k), data, 0o600))
		c, err := s.Load(k)
		if err != nil {
			return
		}
		require.Equal(t, k, c.Key)
		require.NoError(t, s.Save(c))
		again, err := s.Load(k)
		require.NoError(t, err)
		require.Equal(t, c.Images, again.Images)
		require.Equal(t, c.Figures, again.Figures)
	})
}
