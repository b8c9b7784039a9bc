package site

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzList: a site.json that is read is written and read again as it was.
func FuzzList(f *testing.F) {
	text, err := (&List{Version: "v1", Worker: digest(nil), Files: map[string]File{"index.html": fileOf([]byte("x")), "a/b.wasm": fileOf(nil)}}).bytes()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"files":{"a":["",1,2],"b":[],"c":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var l, again List
		if json.Unmarshal(data, &l) != nil {
			return
		}
		text, err := l.bytes()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &again))
		more, err := again.bytes()
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, more), "%q became %q", text, more)
	})
}
