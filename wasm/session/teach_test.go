package session

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/model"
	"anomnet/core/roi"
	"anomnet/core/teach"
	"anomnet/wasm/protocol"
)

// picture is a gray field with noise, and with a dark square when it is bad.
func picture(t *testing.T, seed uint64, bad bool) []byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, 96, 80))
	for i := range img.Pix {
		img.Pix[i] = uint8(120 + rng.IntN(16))
	}
	for y := 30; bad && y < 50; y++ {
		for x := 30; x < 50; x++ {
			img.SetGray(x, y, color.Gray{Y: 5})
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// loaded is a session with the worked example of docs and the default backbone, which is returned; and the file of the example.
func loaded(t *testing.T) (*Session, *model.Backbone, []byte) {
	t.Helper()
	data, err := os.ReadFile("../../docs/example/full.anomnet")
	require.NoError(t, err)
	backbone, err := os.ReadFile("../../assets/models/backbone.anomnet")
	require.NoError(t, err)
	f, err := model.Decode(backbone)
	require.NoError(t, err)
	s := New(engine.Tiers(), nil)
	m := s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{"lend":1}`, Bufs: [][]byte{backbone, data}})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	return s, f.Backbone, data
}

func do[T any](t *testing.T, s *Session, op string, meta any, bufs ...[]byte) (T, [][]byte) {
	t.Helper()
	text, err := protocol.Encode(meta)
	require.NoError(t, err)
	m := s.Handle(protocol.Message{ID: 7, Op: op, Meta: text, Bufs: bufs})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	v, err := protocol.Decode[T](m.Meta)
	require.NoError(t, err)
	return v, m.Bufs
}

func refused(t *testing.T, s *Session, op string, meta any, bufs ...[]byte) string {
	t.Helper()
	text, err := protocol.Encode(meta)
	require.NoError(t, err)
	m := s.Handle(protocol.Message{ID: 7, Op: op, Meta: text, Bufs: bufs})
	require.Equal(t, protocol.OpError, m.Op)
	e, err := protocol.Decode[protocol.Error](m.Meta)
	require.NoError(t, err)
	return e.Code
}

var small = protocol.Shape{Width: 64, Height: 64, Mode: protocol.ModeFit}

// taughtBy makes features of n good pictures and a bad one.
func taughtBy(t *testing.T, s *Session, backbone string, n int) (blobs [][]byte) {
	t.Helper()
	for i := range n + 1 {
		data := picture(t, uint64(i), i == n)
		r, bufs := do[protocol.FeaturesResult](t, s, protocol.OpFeatures, protocol.FeaturesRequest{Name: "p.png", Backbone: backbone, Shape: small}, data)
		require.Len(t, bufs, 2)
		assert.Equal(t, 4*r.PreW*r.PreH, len(bufs[1]))
		assert.Equal(t, 96, r.Width)
		blobs = append(blobs, bufs[0])
	}
	return blobs
}

// TestTeach teaches through messages and directly: the same bytes, and features as Featurizer.File makes them.
func TestTeach(t *testing.T) {
	s, b, _ := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 8)

	maker, err := teach.NewFeaturizer(b, preprocess(small), nil)
	require.NoError(t, err)
	course, err := teach.NewSession(b, preprocess(small))
	require.NoError(t, err)
	for i := range blobs {
		f, err := maker.File("p.png", picture(t, uint64(i), i == 8))
		require.NoError(t, err)
		data, err := teach.EncodeFeatures(f)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, blobs[i]), i)
		if i < 8 {
			require.NoError(t, course.Add(f))
		}
	}
	want, err := course.Fit(context.Background(), teach.FitOptions{Part: "Plate", FalseRejectRate: 0.05, Seed: 3}, nil)
	require.NoError(t, err)

	req := protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 8, Rate: 0.05, Seed: 3}
	r, bufs := do[protocol.FitResult](t, s, protocol.OpFit, req, clone(blobs)...)
	require.Len(t, bufs, 1)
	assert.True(t, bytes.Equal(want.File, bufs[0]), "the same head")
	assert.Equal(t, want.Digest, r.Model.Head)
	assert.Equal(t, want.Report.Scores, r.Scores)
	require.True(t, want.Report.Augment.Turned(), "of so few images")
	assert.True(t, r.Turned)
	require.Len(t, r.Checks, 1)
	assert.Greater(t, r.Checks[0], r.Model.Limit, "a black square is found")

	req.Revision, req.Parent = 2, r.Model.Head
	child, _ := do[protocol.FitResult](t, s, protocol.OpFit, req, clone(blobs)...)
	assert.Equal(t, r.Model.Head, child.Model.Parent)
	assert.Equal(t, 2, child.Model.Revision)
}

// TestTeachUpright: a part that always lies the same way is learned without copies, whether its features hold any or not: the head of teach --augment none.
func TestTeachUpright(t *testing.T) {
	s, b, _ := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 8)[:8]
	r, bufs := do[protocol.FitResult](t, s, protocol.OpFit, protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 8, Rate: 0.05, Upright: true}, clone(blobs)...)
	assert.False(t, r.Turned)

	maker, err := teach.NewFeaturizer(b, preprocess(small), &teach.Options{Copies: teach.AugmentNone})
	require.NoError(t, err)
	course, err := teach.NewSession(b, preprocess(small))
	require.NoError(t, err)
	for i := range blobs {
		f, err := maker.File("p.png", picture(t, uint64(i), false))
		require.NoError(t, err)
		require.NoError(t, course.Add(f))
	}
	want, err := course.Fit(context.Background(), teach.FitOptions{Part: "Plate", FalseRejectRate: 0.05, Augment: teach.AugmentNone}, nil)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want.File, bufs[0]), "the same head")
}

// TestTeachARegion: the region of a fit message is that of a session, the answer and a load message tell it, and one of another size is refused.
func TestTeachARegion(t *testing.T) {
	s, b, _ := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 8)[:8]
	m := roi.Polygon(roi.Rectangle(roi.Point{X: 1, Y: 1}, roi.Point{X: 7, Y: 5}), 8, 8, 8, 8)
	req := protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 8, Rate: 0.05, ROI: m.String()}
	r, bufs := do[protocol.FitResult](t, s, protocol.OpFit, req, clone(blobs)...)
	course, err := teach.NewSession(b, preprocess(small))
	require.NoError(t, err)
	require.NoError(t, course.SetROI(m))
	for _, data := range blobs {
		f, err := teach.DecodeFeatures(data)
		require.NoError(t, err)
		require.NoError(t, course.Add(f))
	}
	want, err := course.Fit(context.Background(), teach.FitOptions{Part: "Plate", FalseRejectRate: 0.05}, nil)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want.File, bufs[0]), "the same head")
	assert.Equal(t, m.String(), r.Model.ROI)
	backbone, err := model.Encode(&model.File{Backbone: b})
	require.NoError(t, err)
	load, _ := do[protocol.LoadResult](t, s, protocol.OpLoad, protocol.LoadRequest{Lend: 1}, backbone, bufs[0])
	assert.Equal(t, m.String(), load.ROI)
	for _, bad := range []string{"AAE=", roi.Mask(make([]uint8, 64)).String(), "AAAAAAAAAAB="} {
		req.ROI = bad
		assert.Equal(t, protocol.CodeInternal, refused(t, s, protocol.OpFit, req, clone(blobs)...), bad)
	}
}

// clone is needed since a fit takes the buffers.
func clone(b [][]byte) [][]byte { return append([][]byte{}, b...) }

func TestTeachRefuses(t *testing.T) {
	s, b, _ := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 6)
	req := protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 4, Rate: 0.01}
	assert.Equal(t, protocol.CodeTooFew, refused(t, s, protocol.OpFit, req, clone(blobs[:4])...))
	req.Good = 6
	assert.Equal(t, protocol.CodeBadMessage, refused(t, s, protocol.OpFit, req, clone(blobs[:4])...))
	spoilt := clone(blobs)
	spoilt[2] = append([]byte{}, blobs[2]...)
	spoilt[2][400] ^= 1
	assert.Equal(t, protocol.CodeStale, refused(t, s, protocol.OpFit, req, spoilt...))
	var copies [][]byte
	for i := range 6 { // one picture in files that differ
		data := append(picture(t, 1, false), byte(i))
		_, bufs := do[protocol.FeaturesResult](t, s, protocol.OpFeatures, protocol.FeaturesRequest{Name: "p.png", Backbone: digest, Shape: small}, data)
		copies = append(copies, bufs[0])
	}
	assert.Equal(t, protocol.CodeAllSame, refused(t, s, protocol.OpFit, req, copies...))
	other := req
	other.Shape.Mode = protocol.ModeCrop
	assert.Equal(t, protocol.CodeStale, refused(t, s, protocol.OpFit, other, clone(blobs)...))
	other = req
	other.Backbone = "none"
	assert.Equal(t, protocol.CodeStale, refused(t, s, protocol.OpFit, other, clone(blobs)...), "the images must be given again")
	f := protocol.FeaturesRequest{Name: "x", Backbone: digest, Shape: small}
	assert.Equal(t, protocol.CodeNotImage, refused(t, s, protocol.OpFeatures, f, []byte("not an image at all")))
	f.Shape.Width = 65
	assert.NotEmpty(t, refused(t, s, protocol.OpFeatures, f, picture(t, 1, false)))
}

// TestTeachOnALentBackbone teaches with a worker that has another backbone: jobs bring the one that they need, and the head is the same.
func TestTeachOnALentBackbone(t *testing.T) {
	s, b, example := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 6)[:6]
	req := protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 6, Rate: 0.01}
	_, want := do[protocol.FitResult](t, s, protocol.OpFit, req, clone(blobs)...)

	lent := f2(t, b)
	for _, first := range []string{"features", "fit"} {
		other := New(engine.Tiers(), nil)
		m := other.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{example}})
		require.Equal(t, protocol.OpResult, m.Op, m.Meta)
		if first == "features" {
			f := protocol.FeaturesRequest{Name: "p.png", Backbone: digest, Shape: small}
			assert.Equal(t, protocol.CodeStale, refused(t, other, protocol.OpFeatures, f, picture(t, 0, false)))
			_, bufs := do[protocol.FeaturesResult](t, other, protocol.OpFeatures, f, picture(t, 0, false), lent)
			assert.True(t, bytes.Equal(blobs[0], bufs[0]))
		}
		req.Lend = 1
		_, bufs := do[protocol.FitResult](t, other, protocol.OpFit, req, append(clone(blobs), lent)...)
		assert.True(t, bytes.Equal(want[0], bufs[0]), first)
		assert.Equal(t, protocol.CodeBadMessage, refused(t, other, protocol.OpFit, req, clone(blobs)...), "none is left to lend")
	}
}

// TestFitIsCancelled stops a fit at its first report.
func TestFitIsCancelled(t *testing.T) {
	s, b, _ := loaded(t)
	digest, err := b.Digest()
	require.NoError(t, err)
	blobs := taughtBy(t, s, digest, 8)
	now := time.Now()
	s.now = func() time.Time { now = now.Add(time.Second); return now }
	var reports []string
	s.Report = func(id int, p protocol.Progress) bool {
		reports = append(reports, p.Stage)
		return len(reports) < 12
	}
	req := protocol.FitRequest{Part: "Plate", Backbone: digest, Shape: small, Good: 8, Rate: 0.01}
	assert.Equal(t, protocol.CodeCancelled, refused(t, s, protocol.OpFit, req, clone(blobs)...))
	assert.Contains(t, reports, "reading")
}

func TestDescribeReviseCompare(t *testing.T) {
	s, _, both := loaded(t)
	f, err := model.Decode(both)
	require.NoError(t, err)
	b := f.Backbone
	digest, err := b.Digest()
	require.NoError(t, err)
	m, bufs := do[protocol.Model](t, s, protocol.OpDescribe, protocol.Empty{}, both)
	require.Len(t, bufs, 2)
	assert.Equal(t, digest, m.Backbone)
	f, err = model.Decode(bufs[1])
	require.NoError(t, err)
	assert.Equal(t, digest, f.Digest, "the backbone as a file of its own")
	head := bufs[0]
	alone := bufs[1]
	_, bufs = do[protocol.Model](t, s, protocol.OpDescribe, protocol.Empty{}, head)
	assert.Equal(t, alone, bufs[1], "a head gets the backbone of the last load")
	empty := New(engine.Tiers(), nil)
	assert.Equal(t, protocol.CodeModelMismatch, refused(t, empty, protocol.OpDescribe, protocol.Empty{}, head))
	own, err := os.ReadFile("../../assets/models/backbone.anomnet")
	require.NoError(t, err)
	_, bufs = do[protocol.Model](t, empty, protocol.OpDescribe, protocol.Empty{}, head, own, alone)
	assert.Equal(t, alone, bufs[1], "or that which the job brings")
	assert.Equal(t, protocol.CodeModelMismatch, refused(t, s, protocol.OpDescribe, protocol.Empty{}, f2(t, b)))
	assert.Equal(t, protocol.CodeModelCorrupt, refused(t, s, protocol.OpDescribe, protocol.Empty{}, []byte("x")))

	r, bufs := do[protocol.Model](t, s, protocol.OpRevise, protocol.ReviseRequest{Part: "Other name", Rate: 0.3}, head)
	assert.Equal(t, "Other name", r.Part)
	assert.Equal(t, 0.3, r.Rate)
	assert.NotEqual(t, m.Head, r.Head)

	h, err := model.Decode(head)
	require.NoError(t, err)
	h.Head.Provenance.Card = "x" + strings.Repeat("é", protocol.MaxCard)
	long, err := model.Encode(h)
	require.NoError(t, err)
	cut, _ := do[protocol.Model](t, s, protocol.OpDescribe, protocol.Empty{}, long)
	assert.Equal(t, h.Head.Provenance.Card[:protocol.MaxCard-1], cut.Card, "whole characters")

	h.Head.Provenance.Card, h.Head.Provenance.ParentSHA256 = "", digest
	for revision, fits := range map[int]bool{protocol.MaxRevision - 1: true, protocol.MaxRevision: false} {
		h.Head.Provenance.Revision = revision
		data, err := model.Encode(h)
		require.NoError(t, err)
		if !fits {
			assert.Equal(t, protocol.CodeInternal, refused(t, s, protocol.OpDescribe, protocol.Empty{}, data))
			continue
		}
		d, _ := do[protocol.Model](t, s, protocol.OpDescribe, protocol.Empty{}, data)
		_, err = protocol.Encode(protocol.FitRequest{Revision: d.Revision + 1, Shape: d.Shape, Rate: d.Rate, ROI: d.ROI})
		assert.NoError(t, err, "what is described can be taught further")
	}

	c, _ := do[protocol.CompareResult](t, s, protocol.OpCompare, protocol.CompareRequest{Name: "a", Heads: 2}, picture(t, 5, true), head, bufs[0])
	require.Len(t, c.Opinions, 2)
	assert.Equal(t, c.Opinions[0].Raw, c.Opinions[1].Raw, "name and rate change no score")
	assert.Equal(t, m.Head, c.Opinions[0].Head)
	assert.Equal(t, r.Head, c.Opinions[1].Head)
	assert.Equal(t, protocol.CodeBadMessage, refused(t, s, protocol.OpCompare, protocol.CompareRequest{Name: "a", Heads: 2}, picture(t, 5, true), head))
}

func f2(t *testing.T, b *model.Backbone) []byte {
	t.Helper()
	data, err := model.Encode(&model.File{Backbone: b})
	require.NoError(t, err)
	return data
}

func TestCopiesForIsThatOfTeaching(t *testing.T) {
	for n := range 200 {
		assert.Equal(t, string(teach.CopiesFor(n)), string(protocol.CopiesFor(n, false)), "%d images", n)
	}
}
