package messages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzT: what is put into a text stands in it as it is, whatever braces it has, and is never taken for another place.
func FuzzT(f *testing.F) {
	f.Add("a {n} of {total}", "3", "{n}")
	f.Add("{n}{n}", "{", "}")
	f.Fuzz(func(t *testing.T, text, n, total string) {
		c := &Catalogue{Lang: "en", texts: map[string]string{"k": text}}
		got := c.T("k", "n", n, "total", total)
		require.Equal(t, strings.Count(text, "{n}")*(len(n)-len("{n}"))+strings.Count(text, "{total}")*(len(total)-len("{total}")), len(got)-len(text))
		require.Equal(t, text, c.T("k"))
		require.Equal(t, "none", c.T("none", "n", n))
	})
}
