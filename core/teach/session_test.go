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

func TestSessionEdits(t *testing.T) {
	list, _ := tinyFeatures(t, 9)
	s := tinySession(t, list[:7])
	assert.ErrorIs(t, s.Add(list[3]), ErrKnown)
	assert.ErrorIs(t, s.AddCheck(list[3]), ErrKnown)
	require.NoError(t, s.AddCheck(list[7]))
	assert.ErrorIs(t, s.Add(list[7]), ErrKnown)
	before, err := s.Index()
	require.NoError(t, err)
	out, err := s.Remove(2)
	require.NoError(t, err)
	assert.Same(t, list[2], out)
	assert.Len(t, s.Good(), 6)
	require.NoError(t, s.Insert(2, out))
	after, err := s.Index()
	require.NoError(t, err)
	assert.Equal(t, before, after, "undo brings back the order")
	for _, i := range []int{-1, 7} {
		_, err = s.Remove(i)
		assert.Error(t, err)
	}
	_, err = s.RemoveCheck(1)
	assert.Error(t, err)
	assert.Error(t, s.Insert(8, list[8]))
	_, err = s.RemoveCheck(0)
	require.NoError(t, err)
	assert.Empty(t, s.Checks())
	other := *list[8]
	other.Maker = list[8].SHA256
	assert.ErrorIs(t, s.Add(&other), ErrFeatures)
}

func TestRefitKeepsTheLineage(t *testing.T) {
	list, stored := tinyFeatures(t, 10)
	s := tinySession(t, list[:8])
	require.NoError(t, s.AddCheck(list[9]))
	first, err := s.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	assert.Zero(t, first.Head.Provenance.Revision)
	assert.Empty(t, first.Head.Provenance.ParentSHA256)
	require.Len(t, first.Report.Checks, 1)
	assert.Equal(t, list[9].SHA256, first.Report.Checks[0].SHA256)
	s.Keep(first)
	index, err := s.Index()
	require.NoError(t, err)

	require.NoError(t, s.Add(list[8]))
	second, err := s.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	decoded, err := model.Decode(second.File)
	require.NoError(t, err)
	assert.Equal(t, 1, decoded.Head.Provenance.Revision)
	assert.Equal(t, first.Digest, decoded.Head.Provenance.ParentSHA256)

	back, err := OpenSession(tiny.Backbone(1), index, func(sha string) ([]byte, error) { return stored[sha], nil })
	require.NoError(t, err)
	assert.Equal(t, Lineage{1, first.Digest}, back.Lineage())
	require.NoError(t, back.Add(list[8]))
	again, err := back.Fit(context.Background(), tinyFit, nil)
	require.NoError(t, err)
	assert.Equal(t, second.File, again.File, "a session that was stored goes on as if nothing had happened")
}

func TestSessionBytes(t *testing.T) {
	list, stored := tinyFeatures(t, 6)
	s := tinySession(t, list[:5])
	require.NoError(t, s.AddCheck(list[5]))
	data, err := s.Encode()
	require.NoError(t, err)
	back, err := DecodeSession(tiny.Backbone(1), data)
	require.NoError(t, err)
	assert.Equal(t, s.Good(), back.Good())
	assert.Equal(t, s.Checks(), back.Checks())
	_, err = DecodeSession(tiny.Backbone(2), data)
	assert.ErrorIs(t, err, ErrFeatures, "another backbone")
	for at := 0; at < len(data); at += 97 {
		bad := bytes.Clone(data)
		bad[at] ^= 4
		_, err := DecodeSession(tiny.Backbone(1), bad)
		require.ErrorIs(t, err, ErrFeatures, "byte %d", at)
	}
	index, err := s.Index()
	require.NoError(t, err)
	_, err = OpenSession(tiny.Backbone(1), index, func(string) ([]byte, error) { return nil, context.Canceled })
	assert.ErrorIs(t, err, context.Canceled)
	_, err = OpenSession(tiny.Backbone(1), index, func(string) ([]byte, error) { return stored[list[0].SHA256], nil })
	assert.ErrorIs(t, err, ErrFeatures, "features of another image")
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

func FuzzDecodeSession(f *testing.F) {
	list, _ := tinyFeatures(f, 2)
	data, err := tinySession(f, list).Encode()
	require.NoError(f, err)
	f.Add(data[:len(data)-32])
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := DecodeSession(tiny.Backbone(1), reseal(data)); err == nil {
			again, err := s.Encode()
			require.NoError(t, err)
			require.Equal(t, reseal(data), again)
		} else {
			require.ErrorIs(t, err, ErrFeatures)
		}
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
