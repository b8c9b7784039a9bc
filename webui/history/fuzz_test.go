package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse: a line of the history that is damaged is no entry, and what is read can be counted and shown.
func FuzzParse(f *testing.F) {
	f.Add(`{"v":1,"seq":1,"time":"2026-05-04T14:00:00.000+02:00","operator":"Ada","kind":"inspection","payload":{"path":"a.png","verdict":"NG","raw":2,"limit":1},"prev":"","hash":""}`)
	f.Add(`{"seq":2,"time":"2026-05-04T14:00:00.000+02:00","kind":"override","payload":{"path":"a.png","to":"OK"}}`)
	f.Add(`{"seq":9223372036854775807,"time":"0000-01-01T00:00:00Z","payload":{"limit":0}}`)
	f.Fuzz(func(t *testing.T, line string) {
		e := Parse(line)
		if e.Kind == "" {
			return
		}
		_ = e.Ratio()
		all := []Entry{e, e}
		require.LessOrEqual(t, len(Records(all, "")), 2)
		require.LessOrEqual(t, len(Records(all, e.Head)), 2)
	})
}
