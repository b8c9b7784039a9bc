package teach

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

var tinyFit = FitOptions{Part: "texture", Centroids: 40, Embedding: 8, Seed: 5}

// tinyFeatures are features of n pictures, as workers send them: as bytes.
func tinyFeatures(t testing.TB, n int) (list []*Features, stored map[string][]byte) {
	t.Helper()
	f, err := NewFeaturizer(tiny.Backbone(1), pre, nil)
	require.NoError(t, err)
	stored = map[string][]byte{}
	for i := range n {
		x, err := f.Image(tiny.Image(64, 32, uint64(i)))
		require.NoError(t, err)
		x.Name = fmt.Sprintf("%d.png", i)
		data, err := EncodeFeatures(x)
		require.NoError(t, err)
		back, err := DecodeFeatures(data)
		require.NoError(t, err)
		assert.Equal(t, x, back)
		list, stored[x.SHA256] = append(list, back), data
	}
	return list, stored
}

func tinySession(t testing.TB, list []*Features) *Session {
	t.Helper()
	s, err := NewSession(tiny.Backbone(1), pre)
	require.NoError(t, err)
	for _, f := range list {
		require.NoError(t, s.Add(f))
	}
	return s
}

// TestSessionEqualsCollect: a head does not depend on the way its features came.
func TestSessionEqualsCollect(t *testing.T) {
	list, _ := tinyFeatures(t, 12)
	taught, err := tinySession(t, list).Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(12), &Options{Workers: 3})
	require.NoError(t, err)
	fit := tinyFit
	fit.Provenance = model.Provenance{Software: model.Software, DataSHA256: set.DataSHA256()}
	head, _, err := set.Fit(context.Background(), fit, nil)
	require.NoError(t, err)
	want, err := model.Encode(&model.File{Head: head})
	require.NoError(t, err)
	assert.Equal(t, want, taught.File)
}

func TestSessionRefuses(t *testing.T) {
	list, _ := tinyFeatures(t, 9)
	s := tinySession(t, list[:7])
	assert.ErrorIs(t, s.Add(list[3]), ErrKnown)
	assert.ErrorIs(t, s.AddCheck(list[3]), ErrKnown)
	require.NoError(t, s.AddCheck(list[7]))
	assert.ErrorIs(t, s.Add(list[7]), ErrKnown)
	other := *list[8]
	other.Maker = list[8].SHA256
	assert.ErrorIs(t, s.Add(&other), ErrFeatures)
}

func TestRefitKeepsTheLineage(t *testing.T) {
	list, _ := tinyFeatures(t, 10)
	s := tinySession(t, list[:8])
	require.NoError(t, s.AddCheck(list[9]))
	first, err := s.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	assert.Zero(t, first.Head.Provenance.Revision)
	assert.Empty(t, first.Head.Provenance.ParentSHA256)
	require.Len(t, first.Report.Checks, 1)
	assert.Equal(t, list[9].SHA256, first.Report.Checks[0].SHA256)
	s.Keep(first)
	require.NoError(t, s.Add(list[8]))
	second, err := s.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	decoded, err := model.Decode(second.File)
	require.NoError(t, err)
	assert.Equal(t, 1, decoded.Head.Provenance.Revision)
	assert.Equal(t, first.Digest, decoded.Head.Provenance.ParentSHA256)

	back := tinySession(t, list[:9])
	back.Keep(&Taught{Digest: first.Digest})
	require.NoError(t, back.AddCheck(list[9]))
	again, err := back.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	assert.Equal(t, second.File, again.File, "a session that is made again from its features goes on as if nothing had happened")
}

func TestDamagedFeatures(t *testing.T) {
	_, stored := tinyFeatures(t, 1)
	for _, data := range stored {
		for at := 0; at < len(data); at += 97 {
			bad := bytes.Clone(data)
			bad[at] ^= 4
			_, err := DecodeFeatures(bad)
			require.ErrorIs(t, err, ErrFeatures, "byte %d", at)
		}
	}
}

// reseal puts a right digest behind damaged bytes, so that the checks behind the digest are reached.
func reseal(data []byte) []byte {
	sum, err := hex.DecodeString(hexSum(data))
	if err != nil {
		panic(err)
	}
	return append(bytes.Clone(data), sum...)
}

func FuzzDecodeFeatures(f *testing.F) {
	list, _ := tinyFeatures(f, 1)
	data, err := EncodeFeatures(list[0])
	require.NoError(f, err)
	f.Add(data[:len(data)-32])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := DecodeFeatures(reseal(data))
		if err != nil {
			require.ErrorIs(t, err, ErrFeatures)
			return
		}
		again, err := EncodeFeatures(got)
		require.NoError(t, err)
		require.Equal(t, reseal(data), again)
	})
}

func TestPack7(t *testing.T) {
	for n := range 40 {
		x := make([]uint8, n)
		for i := range x {
			x[i] = uint8((i*37 + 5) % 128)
		}
		packed := pack7(x)
		assert.Len(t, packed, packedLen(n))
		assert.Equal(t, x, unpack7(packed, n))
	}
}
