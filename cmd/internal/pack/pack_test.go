package pack

import (
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/catalogue"
)

func demoHead(t *testing.T) []byte {
	t.Helper()
	head, err := os.ReadFile("../../../assets/models/default.anomnet")
	require.NoError(t, err)
	return head
}

func folder(p *Pack) fstest.MapFS {
	m := fstest.MapFS{catalogue.IndexName: {Data: p.Index}}
	for name, data := range p.Blobs {
		m[name] = &fstest.MapFile{Data: data}
	}
	return m
}

func TestBuildAndCheck(t *testing.T) {
	head := demoHead(t)
	files, err := Collect(fstest.MapFS{"b.anomnet": {Data: head}, "b.anomnet.minisig": {Data: []byte("sig")}, "readme.txt": {}, "old/a.anomnet": {}})
	require.NoError(t, err)
	require.Len(t, files, 1)
	p, err := Build(files, &Options{Counter: 4, Date: time.Date(2026, 11, 25, 1, 2, 3, 4, time.UTC)})
	require.NoError(t, err)
	require.Len(t, p.Catalogue.Models, 2, "the built-in backbone was added")
	backbone, m := p.Catalogue.Models[1], p.Catalogue.Models[0]
	if m.Backbone == "" {
		backbone, m = m, backbone
	}
	assert.Equal(t, "backbone.anomnet", backbone.Name)
	assert.Equal(t, backbone.Digest, m.Backbone)
	assert.Equal(t, catalogue.Digest([]byte("sig")), m.Signature)
	assert.Equal(t, head, p.Blobs[p.Catalogue.Head])
	assert.Equal(t, assets.Backbone(), p.Blobs[p.Catalogue.Backbone])
	n, err := Check(folder(p))
	require.NoError(t, err)
	assert.Equal(t, 5, n) // two chunks, the signature, head and backbone of the page

	for name := range p.Blobs {
		broken := folder(p)
		broken[name] = &fstest.MapFile{Data: []byte("x")}
		_, err := Check(broken)
		assert.ErrorIs(t, err, catalogue.ErrChunk, name)
		delete(broken, name)
		_, err = Check(broken)
		assert.Error(t, err, name)
	}
}

func TestBuildRefuses(t *testing.T) {
	head := demoHead(t)
	for name, c := range map[string]struct {
		files []File
		head  string
	}{
		"not a model":   {[]File{{Name: "a.anomnet", Data: []byte("x")}}, ""},
		"no such head":  {[]File{{Name: "a.anomnet", Data: head}}, "b.anomnet"},
		"a backbone":    {[]File{{Name: "a.anomnet", Data: assets.Backbone()}}, "a.anomnet"},
		"the same name": {[]File{{Name: "a.anomnet", Data: head}, {Name: "a.anomnet", Data: head}}, ""},
	} {
		_, err := Build(c.files, &Options{Head: c.head, Counter: 1, Date: time.Now()})
		assert.Error(t, err, name)
	}
	_, err := Collect(fstest.MapFS{"a.txt": {}})
	assert.Error(t, err)
}

func TestCheckFindsAnIndexThatLies(t *testing.T) {
	p, err := Build([]File{{Name: "a.anomnet", Data: demoHead(t)}}, &Options{Counter: 1, Date: time.Now()})
	require.NoError(t, err)
	for i := range p.Catalogue.Models {
		before := p.Catalogue.Models[i].Part
		p.Catalogue.Models[i].Part = "Another part"
		p.Index, err = p.Catalogue.Encode()
		require.NoError(t, err)
		_, err := Check(folder(p))
		assert.ErrorContains(t, err, "says other things")
		p.Catalogue.Models[i].Part = before
	}
}
