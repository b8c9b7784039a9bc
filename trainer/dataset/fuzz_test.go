package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzVisA: a split that is accepted names files below its folder only.
func FuzzVisA(f *testing.F) {
	f.Add(visaHead + "candle,train,normal,candle/0.png,\ncandle,test,anomaly,candle/2.png,candle/m2.png\n")
	f.Add("object,split,label,image\n")
	f.Add(visaHead + "a,train,normal,../../etc/passwd,\n")
	f.Add(visaHead + "\"a\nb\",train,normal,\"x\"\"y\",/etc/passwd\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "split_csv"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, visaSplit), []byte(text), 0o600))
		got, err := VisA(dir)
		if err != nil {
			return
		}
		below := func(p string) {
			require.True(t, p == "" || p == dir || strings.HasPrefix(p, dir+string(filepath.Separator)), p)
		}
		for _, c := range got {
			below(c.Dir)
			require.NotEmpty(t, c.Set.Train)
			for _, p := range c.Set.Train {
				below(p)
			}
			for _, i := range c.Set.Test {
				below(i.Path)
				below(i.Mask)
			}
		}
	})
}
