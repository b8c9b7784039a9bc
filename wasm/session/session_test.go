package session

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/regions"
	"anomnet/wasm/protocol"
)

// fakeInspector answers by the first byte of the image.
type fakeInspector struct{}

func (fakeInspector) Info() inspect.Info {
	return inspect.Info{Part: "bracket", CalibrationSize: 3, TopK: 7, Width: 256, Height: 192, Mode: imaging.Crop}
}

func (fakeInspector) Calibration() *calibrate.Calibration {
	return &calibrate.Calibration{Scores: []float32{0.5, 1, 1.5}, FalseRejectRate: 0.01, Limit: 2, Review: 1, MapHigh: 4}
}

func (fakeInspector) Similar(data []byte, good [][]byte) (inspect.Spot, []inspect.Spot, error) {
	if data[0] == 'e' {
		return inspect.Spot{}, nil, errors.New("inspect: something new")
	}
	return inspect.Spot{X: 3, Y: 2, Distance: 5}, make([]inspect.Spot, len(good)), nil
}

func (fakeInspector) Inspect(data []byte) (*inspect.Result, error) {
	r := &inspect.Result{Raw: 0.1, Limit: 2, Review: 1, Ratio: 0.05, PValue: 0.5, Verdict: calibrate.OK, Map: []float32{1, 2}, MapW: 2, MapH: 1,
		MapHigh: 3, Worst: inspect.Spot{X: 1, Distance: 4}, Regions: []regions.Region{{Area: 30, Share: 0.25}}, Width: 40, Height: 30, Preview: &imaging.RGB{W: 1, H: 1, Pix: []uint8{7, 8, 9}}, SHA256: "ab"}
	switch data[0] {
	case 'p':
		panic("boom")
	case 'e':
		return nil, errors.New("inspect: something new")
	case 'n':
		r.Ratio = math.Inf(1)
	case 'm':
		r.Map = r.Map[:1]
	}
	return r, nil
}

func open(_, files [][]byte, _ engine.Kernels) (Inspector, error) {
	if len(files[0]) == 0 {
		return nil, errors.New("inspect: empty model")
	}
	return fakeInspector{}, nil
}

func TestScore(t *testing.T) {
	s := New(engine.Tiers(), open)
	m := s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{"tier":"ref"}`, Bufs: [][]byte{{1}, {2}}})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	info, err := protocol.Decode[protocol.LoadResult](m.Meta)
	require.NoError(t, err)
	assert.Equal(t, "bracket", info.Part)
	assert.Equal(t, protocol.ModeCrop, info.Mode)
	info, err = info.WithScores(m.Bufs)
	require.NoError(t, err)
	assert.Equal(t, []float32{0.5, 1, 1.5}, info.Scores)
	assert.Equal(t, [4]float32{2, 1, 0, 4}, [4]float32{info.Limit, info.Review, info.MapLow, info.MapHigh})
	assert.Equal(t, 7, info.TopK)

	m = s.Handle(protocol.Message{ID: 2, Op: protocol.OpScore, Meta: `{"name":"a.png"}`, Bufs: [][]byte{{'x'}}})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	assert.Equal(t, 2, m.ID)
	r, err := protocol.Decode[protocol.ScoreResult](m.Meta)
	require.NoError(t, err)
	assert.Equal(t, math.Float32bits(0.1), r.RawBits)
	assert.Equal(t, "a.png", r.Name)
	assert.Equal(t, [3]float32{1, 0, 4}, [3]float32{float32(r.WorstX), float32(r.WorstY), r.Worst})
	assert.Equal(t, []protocol.Region{{Area: 30, Share: 0.25}}, r.Regions)
	heat, pre, err := r.Buffers(m.Bufs)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2}, heat)
	assert.Equal(t, []byte{7, 8, 9, 255}, pre)
}

func TestFailuresBecomeErrors(t *testing.T) {
	score := func(first byte) protocol.Message {
		return protocol.Message{ID: 5, Op: protocol.OpScore, Meta: `{"name":"a"}`, Bufs: [][]byte{{first}}}
	}
	for name, c := range map[string]struct {
		msg  protocol.Message
		code string
	}{
		"panic":         {score('p'), protocol.CodeInternal},
		"unknown error": {score('e'), protocol.CodeInternal},
		"not finite":    {score('n'), protocol.CodeInternal},
		"short map":     {score('m'), protocol.CodeInternal},
		"unknown op":    {protocol.Message{ID: 5, Op: "dance", Meta: "{}"}, protocol.CodeBadMessage},
		"bad meta":      {protocol.Message{ID: 5, Op: protocol.OpScore, Meta: "{", Bufs: [][]byte{{1}}}, protocol.CodeBadMessage},
		"no buffer":     {protocol.Message{ID: 5, Op: protocol.OpScore, Meta: `{"name":"a"}`}, protocol.CodeBadMessage},
		"no model file": {protocol.Message{ID: 5, Op: protocol.OpLoad, Meta: `{}`}, protocol.CodeBadMessage},
		"only lent":     {protocol.Message{ID: 5, Op: protocol.OpLoad, Meta: `{"lend":1}`, Bufs: [][]byte{{1}}}, protocol.CodeBadMessage},
		"too many":      {protocol.Message{ID: 5, Op: protocol.OpLoad, Meta: `{}`, Bufs: make([][]byte, 9)}, protocol.CodeBadMessage},
	} {
		s := New(engine.Tiers(), open)
		s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{{1}}})
		m := s.Handle(c.msg)
		require.Equal(t, protocol.OpError, m.Op, name)
		e, err := protocol.Decode[protocol.Error](m.Meta)
		require.NoError(t, err, name)
		assert.Equal(t, c.code, e.Code, name)
		assert.Equal(t, 5, m.ID, name)
		assert.NotEmpty(t, e.Message, name)
	}
}

func TestNoModel(t *testing.T) {
	m := New(engine.Tiers(), open).Handle(protocol.Message{ID: 3, Op: protocol.OpScore, Meta: `{"name":"a"}`, Bufs: [][]byte{{1}}})
	e, err := protocol.Decode[protocol.Error](m.Meta)
	require.NoError(t, err)
	assert.Equal(t, protocol.CodeNoModel, e.Code)
}

func TestFailedLoadKeepsTheOldModel(t *testing.T) {
	s := New(engine.Tiers(), open)
	s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{{1}}})
	assert.Equal(t, protocol.OpError, s.Handle(protocol.Message{ID: 2, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{{}}}).Op)
	m := s.Handle(protocol.Message{ID: 3, Op: protocol.OpScore, Meta: `{"name":"a"}`, Bufs: [][]byte{{'x'}}})
	assert.Equal(t, protocol.OpResult, m.Op, m.Meta)
}

// named is an inspector of a part with this name.
type named struct {
	fakeInspector
	part string
}

func (n named) Info() inspect.Info {
	i := n.fakeInspector.Info()
	i.Part = n.part
	return i
}

func TestAnswersThatThePageCouldNotRead(t *testing.T) {
	s := New(engine.Tiers(), func(_, files [][]byte, _ engine.Kernels) (Inspector, error) {
		switch files[0][0] {
		case 'l':
			return named{part: strings.Repeat("l", protocol.MaxMeta)}, nil
		case 'e':
			return nil, errors.New("x" + strings.Repeat("é", protocol.MaxMeta))
		}
		return named{part: "bracket"}, nil
	})
	load := func(first byte) protocol.Message {
		return s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{{first}}})
	}
	require.Equal(t, protocol.OpResult, load('b').Op)
	for _, first := range []byte("le") {
		m := load(first)
		require.Equal(t, protocol.OpError, m.Op, "%c", first)
		e, err := protocol.Decode[protocol.Error](m.Meta)
		require.NoError(t, err, "%c", first)
		assert.Equal(t, protocol.CodeInternal, e.Code)
		assert.NotContains(t, e.Message, "\ufffd", "whole characters")
		assert.Equal(t, "bracket", s.inspector.Info().Part, "%c: the part loaded before stays", first)
	}
}

func TestCancelledAndUnreadable(t *testing.T) {
	for code, m := range map[string]protocol.Message{
		protocol.CodeCancelled: Cancelled(4), protocol.CodeUnreadable: Unreadable(4, errors.New("gone")),
	} {
		assert.Equal(t, 4, m.ID)
		assert.Equal(t, protocol.OpError, m.Op)
		e, err := protocol.Decode[protocol.Error](m.Meta)
		require.NoError(t, err)
		assert.Equal(t, code, e.Code)
	}
}

func TestRealOpenRefusesNoise(t *testing.T) {
	m := New(engine.Tiers(), nil).Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{[]byte("not a model")}})
	e, err := protocol.Decode[protocol.Error](m.Meta)
	require.NoError(t, err)
	assert.Equal(t, protocol.CodeModelCorrupt, e.Code, e.Message)
}
