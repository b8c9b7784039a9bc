package store

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRecords: whatever stands in the browser's database, the library opens, and what it reads it writes as it was read.
func FuzzRecords(f *testing.F) {
	part, err := json.Marshal(Part{ID: "abc", Name: "Washer", Use: 1, Versions: []Version{{N: 1, Head: "aa"}}})
	require.NoError(f, err)
	draft, err := json.Marshal(Draft{ID: "def", Changed: 3})
	require.NoError(f, err)
	f.Add("abc", string(part), string(draft))
	f.Add("../x", `{"versions":[null]}`, `{"id":"../x"}`)
	f.Fuzz(func(t *testing.T, id, part, draft string) {
		d := newDisk()
		d.records[partKey+id], d.records[draftKey+id] = part, draft
		l := NewLibrary(d)
		parts, err := l.Parts()
		require.NoError(t, err)
		drafts, err := l.Drafts()
		require.NoError(t, err)
		for _, one := range drafts {
			require.NoError(t, checkID(one.ID))
		}
		for _, p := range parts {
			require.NotEmpty(t, p.Versions)
			text, err := json.Marshal(p)
			require.NoError(t, err)
			var again Part
			require.NoError(t, json.Unmarshal(text, &again))
			more, err := json.Marshal(again)
			require.NoError(t, err)
			require.Equal(t, string(text), string(more))
		}
		if p, err := l.part(id); err == nil {
			require.NotEmpty(t, p.Versions)
		}
		_, _ = l.Add("", "fresh", Model{Name: "Washer", Version: Version{Head: "bb"}, Head: "bytes"})
	})
}
