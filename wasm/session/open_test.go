package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/wasm/protocol"
)

// parts splits a worked example into files with the backbone, the head and both.
func parts(t *testing.T, name string) (backbone, head, both []byte) {
	t.Helper()
	both, err := os.ReadFile(filepath.Join("..", "..", "docs", "example", name))
	require.NoError(t, err)
	f, err := model.Decode(both)
	require.NoError(t, err)
	backbone, err = model.Encode(&model.File{Backbone: f.Backbone})
	require.NoError(t, err)
	head, err = model.Encode(&model.File{Head: f.Head})
	require.NoError(t, err)
	return backbone, head, both
}

func TestOpenModel(t *testing.T) {
	backbone, head, both := parts(t, "tiny.anomnet")
	otherBackbone, otherHead, other := parts(t, "full.anomnet")
	changed := append([]byte(nil), head...)
	changed[len(changed)/2] ^= 1
	type files = [][]byte
	for name, c := range map[string]struct {
		lent, files files
		code        string // "" for success
	}{
		"two files":                 {nil, files{backbone, head}, ""},
		"the other way round":       {nil, files{head, backbone}, ""},
		"one file":                  {nil, files{both}, ""},
		"lent":                      {files{backbone}, files{head}, ""},
		"lent among others":         {files{backbone, other}, files{head}, ""},
		"lent with another head":    {files{both}, files{head}, ""},
		"its own goes first":        {files{otherBackbone}, files{both}, ""},
		"another backbone is lent":  {files{otherBackbone}, files{head}, inspect.CodeModelMismatch},
		"comes with another":        {files{backbone}, files{otherBackbone, head}, inspect.CodeModelMismatch},
		"no backbone at all":        {nil, files{head}, inspect.CodeModelMismatch},
		"no head":                   {files{both}, files{backbone}, inspect.CodeModelMismatch},
		"two heads":                 {files{backbone}, files{head, otherHead}, inspect.CodeModelMismatch},
		"a changed byte":            {files{backbone}, files{changed}, inspect.CodeModelCorrupt},
		"a changed byte among good": {files{backbone}, files{head, changed}, inspect.CodeModelCorrupt},
		"not a model":               {files{backbone}, files{[]byte("not a model")}, inspect.CodeModelCorrupt},
	} {
		in, err := OpenModel(c.lent, c.files, engine.Ref())
		if c.code == "" {
			require.NoError(t, err, name)
			want, err := inspect.Open(files{both}, &inspect.Options{Kernels: engine.Ref()})
			require.NoError(t, err)
			got := in.Info()
			got.HeadDigest = want.Info().HeadDigest // that of the file, which differs
			assert.Equal(t, want.Info(), got, name)
			continue
		}
		require.Error(t, err, name)
		assert.Nil(t, in, name)
		code, _ := inspect.ErrorCode(err)
		assert.Equal(t, c.code, code, "%s: %v", name, err)
	}
}

func TestLimitsAgreeWithCore(t *testing.T) {
	assert.Equal(t, model.MaxFileBytes, protocol.MaxModelBytes)
}
