package model_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/internal/tiny"
	"anomnet/core/model"
	"anomnet/core/roi"
	"anomnet/core/safetensors"
)

// files returns a backbone file, a head file, and one with both.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	part := tiny.Head(b, 2)
	part.ROI = roi.Polygon(roi.Rectangle(roi.Point{X: 2, Y: 1}, roi.Point{X: 7, Y: 3}), 8, 4, 8, 4)
	out := map[string][]byte{}
	for name, f := range map[string]*model.File{"backbone": {Backbone: b}, "head": {Head: h}, "both": {Backbone: b, Head: h}, "roi": {Head: part}, "coded": {Head: tiny.CodedHead(b, 3)}} {
		data, err := model.Encode(f)
		require.NoError(t, err)
		out[name] = data
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			f, err := model.Decode(data)
			require.NoError(t, err)
			digest := f.Digest
			again, err := model.Encode(f)
			require.NoError(t, err)
			assert.Equal(t, data, again)
			assert.Equal(t, digest, f.Digest)
		})
	}
}

// TestROI: a head without a region has the bytes it always had, and files whose region breaks the rules are refused however well they are sealed.
func TestROI(t *testing.T) {
	data := files(t)
	assert.NotContains(t, string(data["head"]), "head.roi")
	f, err := model.Decode(data["roi"])
	require.NoError(t, err)
	assert.Equal(t, 10, f.Head.ROI.Count(32))
	n := binary.LittleEndian.Uint64(data["roi"])
	header, body := string(data["roi"][8:8+n]), data["roi"][8+n:]
	at := len(body) - 32 // head.roi is the last tensor by name
	require.Equal(t, []byte(f.Head.ROI), body[at:])
	change := func(v ...byte) []byte { return append(append([]byte(nil), body[:at]...), v...) }
	for name, sealed := range map[string][]byte{
		"empty": seal(header, change(make([]byte, 32)...)), "all": seal(header, change(bytes.Repeat([]byte{1}, 32)...)),
		"values": seal(header, change(bytes.Repeat([]byte{0, 3}, 16)...)),
		"turned": seal(strings.Replace(header, `"shape":[4,8]`, `"shape":[8,4]`, 1), body),
		"type":   seal(strings.Replace(header, `"U8"`, `"I8"`, 1), body),
		"top k":  seal(header, change(append(make([]byte, 31), 1)...)),
	} {
		_, err := model.Decode(sealed)
		assert.ErrorIs(t, err, model.ErrCorrupt, name)
	}
	_, err = model.Decode(seal(header, body))
	assert.NoError(t, err, "the seal itself is right")
}

// TestCoded: coded centroids come back as they are scored with, and must be those of the head.
func TestCoded(t *testing.T) {
	assert.NotContains(t, string(files(t)["head"]), "coded")
	f, err := model.Decode(files(t)["coded"])
	require.NoError(t, err)
	want := tiny.CodedHead(tiny.Backbone(1), 3)
	assert.Equal(t, want.Centroids, f.Head.Centroids)
	assert.Equal(t, want.Coded, f.Head.Coded)
	want.Centroids.Data[30]++
	_, err = model.Encode(&model.File{Head: want})
	assert.ErrorContains(t, err, "coded centroids are not the centroids")
	data := files(t)["coded"]
	n := 8 + binary.LittleEndian.Uint64(data)
	for text, with := range map[string]string{`\"exact\":2`: `\"exact\":3`, `\"bits\":3`: `\"bits\":9`, `\"centroids\":14`: `\"centroids\":1`} {
		require.Equal(t, 1, strings.Count(string(data[8:n]), text), text)
		_, err := model.Decode(seal(strings.Replace(string(data[8:n]), text, with, 1), data[n:]))
		assert.ErrorIs(t, err, model.ErrCorrupt, with)
	}
}

func TestHeadFitsItsBackboneOnly(t *testing.T) {
	data := files(t)
	b, err := model.Decode(data["backbone"])
	require.NoError(t, err)
	both, err := model.Decode(data["both"])
	require.NoError(t, err)
	digest, err := both.Backbone.Digest()
	require.NoError(t, err)
	assert.Equal(t, b.Digest, digest, "the digest of a backbone does not depend on the file that holds it")
	assert.NoError(t, both.Head.Fits(b.Backbone))
	assert.ErrorIs(t, both.Head.Fits(tiny.Backbone(9)), model.ErrMismatch)
}

// TestEveryChangedByteIsRefused is the promise of the format: 1,000 random changes and every kind of file.
func TestEveryChangedByteIsRefused(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, seed))
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			for range 1000 {
				at, by := rng.IntN(len(data)), byte(1+rng.IntN(255))
				changed := append([]byte(nil), data...)
				changed[at] ^= by
				f, err := model.Decode(changed)
				require.ErrorIs(t, err, model.ErrCorrupt, "byte %d ^ %#x", at, by)
				require.Nil(t, f)
				require.Greater(t, len(err.Error()), len(model.ErrCorrupt.Error())+4, "the error says why")
			}
		})
	}
}

func TestTruncatedAndExtended(t *testing.T) {
	for name, data := range files(t) {
		for _, n := range []int{0, 1, 7, 8, 9, 100, len(data) / 2, len(data) - 1} {
			_, err := model.Decode(data[:n])
			assert.ErrorIs(t, err, model.ErrCorrupt, "%s cut to %d", name, n)
		}
		_, err := model.Decode(append(append([]byte(nil), data...), 0))
		assert.ErrorIs(t, err, model.ErrCorrupt, name)
	}
	huge := binary.LittleEndian.AppendUint64(nil, math.MaxUint64)
	_, err := model.Decode(append(huge, '{', '}'))
	assert.ErrorIs(t, err, model.ErrCorrupt)
	_, err = model.Decode(make([]byte, model.MaxFileBytes+1)) // never touched, so no memory is taken
	assert.ErrorContains(t, err, "268435457 bytes")
}

// TestOnlyCanonicalFormIsRead seals files that say the same in other words: the digest is right, the form is not.
func TestOnlyCanonicalFormIsRead(t *testing.T) {
	data := files(t)["head"]
	n := binary.LittleEndian.Uint64(data)
	header, body := string(data[8:8+n]), data[8+n:]
	for name, changed := range map[string]string{
		"key in another case":  strings.Replace(header, `"dtype"`, `"DType"`, 1),
		"three offsets":        strings.Replace(header, `],"data_offsets":[0,`, `],"data_offsets":[ 0,`, 1),
		"space before":         " " + header,
		"manifest key missing": strings.Replace(header, `\"l2\":false,`, ``, 1),
		"manifest in new case": strings.Replace(header, `\"top_k\"`, `\"Top_K\"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, header, changed)
			_, err := model.Decode(seal(changed, body))
			require.ErrorIs(t, err, model.ErrCorrupt)
			assert.Contains(t, err.Error(), "canonical")
		})
	}
}

// seal puts header and body together and writes the digest that they should have.
func seal(header string, body []byte) []byte {
	for len(header)%8 != 0 {
		header += " "
	}
	at := strings.Index(header, `"sha256":"`) + len(`"sha256":"`)
	zeros := strings.Repeat("0", 64)
	build := func(digest string) []byte {
		h := header[:at] + digest + header[at+64:]
		return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), body...)
	}
	return build(fmt.Sprintf("%x", sha256.Sum256(build(zeros))))
}

func TestEncodeRefusesInvalidContent(t *testing.T) {
	for name, breakIt := range map[string]func(h *model.Head){
		"size":           func(h *model.Head) { h.Preprocess.Width = 33 },
		"features":       func(h *model.Head) { h.FeatureScale = h.FeatureScale[1:] },
		"feature NaN":    func(h *model.Head) { h.FeatureScale[0] = float32(math.NaN()) },
		"weights":        func(h *model.Head) { h.Adapter.Weight = h.Adapter.Weight[1:] },
		"weight -128":    func(h *model.Head) { h.Adapter.Weight[0] = -128 },
		"adapter scale":  func(h *model.Head) { h.Adapter.Scale[0] = float32(math.Inf(1)) },
		"centroids":      func(h *model.Head) { h.Centroids.K++ },
		"centroid -128":  func(h *model.Head) { h.Centroids.Data[0] = -128 },
		"dimension":      func(h *model.Head) { h.Centroids.D, h.Centroids.K = 14, 7 },
		"top k":          func(h *model.Head) { h.TopK = 33 },
		"no calibration": func(h *model.Head) { h.Calibration = nil },
		"limit":          func(h *model.Head) { h.Calibration.Limit = -1 },
		"roi empty":      func(h *model.Head) { h.ROI = make(roi.Mask, 32) },
		"roi of all":     func(h *model.Head) { h.ROI = bytes.Repeat([]uint8{1}, 32) },
		"roi size":       func(h *model.Head) { h.ROI = roi.Mask{1, 0, 0} },
		"roi value":      func(h *model.Head) { h.ROI = make(roi.Mask, 32); h.ROI[3] = 2 },
		"top k of roi":   func(h *model.Head) { h.ROI = make(roi.Mask, 32); h.ROI[3] = 1 },
		"digest":         func(h *model.Head) { h.BackboneDigest = "abc" },
	} {
		t.Run(name, func(t *testing.T) {
			h := tiny.Head(tiny.Backbone(1), 2)
			breakIt(h)
			_, err := model.Encode(&model.File{Head: h})
			assert.Error(t, err)
		})
	}
	_, err := model.Encode(&model.File{})
	assert.Error(t, err)
}

// TestEncodeRefusesTextThatIsNotUTF8: JSON would hold another text, so the file could not be read again.
func TestEncodeRefusesTextThatIsNotUTF8(t *testing.T) {
	const bad = "Gr\xf6\xdfe"
	for field, breakIt := range map[string]func(b *model.Backbone, h *model.Head){
		"part":              func(_ *model.Backbone, h *model.Head) { h.Part = bad },
		"head card":         func(_ *model.Backbone, h *model.Head) { h.Provenance.Card = bad },
		"head metric":       func(_ *model.Backbone, h *model.Head) { h.Provenance.Metrics = map[string]float64{bad: 1} },
		"backbone name":     func(b *model.Backbone, _ *model.Head) { b.Name = bad },
		"backbone licence":  func(b *model.Backbone, _ *model.Head) { b.Licence = bad },
		"backbone software": func(b *model.Backbone, _ *model.Head) { b.Provenance.Software = bad },
		"operation name":    func(b *model.Backbone, _ *model.Head) { b.Graph.Ops[3].Name, b.Graph.Taps[1] = bad, bad },
	} {
		t.Run(field, func(t *testing.T) {
			b := tiny.Backbone(1)
			h := tiny.Head(b, 2)
			breakIt(b, h)
			_, err := model.Encode(&model.File{Backbone: b, Head: h})
			assert.ErrorContains(t, err, field)
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := model.Decode(data)
		if err != nil {
			return
		}
		again, err := model.Encode(file)
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
}

// FuzzSealed gives every file its right digest, so that what lies behind it is reached.
func FuzzSealed(f *testing.F) {
	for _, data := range files(f) {
		n := binary.LittleEndian.Uint64(data)
		f.Add(string(data[8:8+n]), data[8+n:])
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		at := strings.Index(header, `"sha256":"`)
		if at < 0 || len(header) < at+75 {
			return
		}
		data := seal(header, body)
		file, err := model.Decode(data)
		if err != nil {
			require.ErrorIs(t, err, model.ErrCorrupt)
			return
		}
		again, err := model.Encode(file)
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
}

// FuzzManifest puts any text in the place of the manifest, which in the file is a text inside of a text.
func FuzzManifest(f *testing.F) {
	all := files(f)
	for name, data := range all {
		st, err := safetensors.Decode(data)
		require.NoError(f, err)
		f.Add(st.Metadata["anomnet"], name == "backbone")
	}
	tensors := map[bool]map[string]safetensors.Tensor{}
	for _, backbone := range []bool{false, true} {
		st, err := safetensors.Decode(all[map[bool]string{false: "roi", true: "backbone"}[backbone]])
		require.NoError(f, err)
		tensors[backbone] = st.Tensors
	}
	f.Fuzz(func(t *testing.T, manifest string, backbone bool) {
		data, err := safetensors.Encode(&safetensors.File{
			Metadata: map[string]string{"anomnet": manifest, "sha256": strings.Repeat("0", 64)}, Tensors: tensors[backbone],
		})
		require.NoError(t, err)
		n := binary.LittleEndian.Uint64(data)
		data = seal(string(data[8:8+n]), data[8+n:])
		file, err := model.Decode(data)
		if err != nil {
			require.ErrorIs(t, err, model.ErrCorrupt)
			return
		}
		again, err := model.Encode(file)
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
}
