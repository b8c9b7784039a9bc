package bench

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/onnx"
	"anomnet/core/engine"
	"anomnet/core/model"
	"anomnet/wasm/bench/steps"
)

// builtIn is the built-in backbone and part on one of its samples.
func builtIn(t *testing.T) *Net {
	t.Helper()
	read := func(path ...string) []byte {
		data, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", "assets"}, path...)...))
		require.NoError(t, err)
		return data
	}
	b, err := model.Decode(read("models", "backbone.anomnet"))
	require.NoError(t, err)
	h, err := model.Decode(read("models", "default.anomnet"))
	require.NoError(t, err)
	n, err := NewNet("default", b.Backbone, h.Head, read("samples", "scratch.jpg"))
	require.NoError(t, err)
	return n
}

func TestTargetsCountTheHead(t *testing.T) {
	n := builtIn(t)
	list := n.targets()
	require.Len(t, list, 2)
	h := n.Head
	require.Equal(t, int64(2*1024*(h.Adapter.In*h.Adapter.Out+h.Centroids.K*h.Centroids.D)), list[1].ops-list[0].ops)
	n.Head = nil
	assert.Equal(t, list[:1], n.targets())
}

// TestPeerRunsTheSameNet compares what onnxruntime makes of the exported networks with ours. The rounding of our activations to u7 is the
// difference: about half a step. Distances are compared inside the border, where the local means are defined alike. PEER_BACKBONE is another backbone to
// compare.
func TestPeerRunsTheSameNet(t *testing.T) {
	exe := os.Getenv("PEER_PYTHON")
	if exe == "" {
		exe = "python3"
	}
	p, err := StartPython(t.Context(), exe)
	if err != nil {
		t.Skip("PEER_PYTHON: ", err)
	}
	defer p.Close()
	nets := []*Net{builtIn(t)}
	if path := os.Getenv("PEER_BACKBONE"); path != "" {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		f, err := model.Decode(data)
		require.NoError(t, err)
		nets = append(nets, &Net{Name: f.Backbone.Name, Backbone: f.Backbone, Image: nets[0].Image})
	}
	for _, n := range nets {
		t.Run(n.Name, func(t *testing.T) { samePeer(t, p, n) })
	}
}

func samePeer(t *testing.T, p *Python, n *Net) {
	list := n.targets()
	_, err := p.contenders(list, t.TempDir())
	require.NoError(t, err)
	s, err := steps.New(n.Backbone, n.Head, n.Image, engine.Fastest())
	require.NoError(t, err)
	require.NoError(t, s.All())
	for i := range 2 * len(list) {
		target, f := list[i/2], forms[i%2]
		m, _, _, err := target.export(t.TempDir(), f, i)
		require.NoError(t, err)
		a, err := p.ask(map[string]any{"op": "output", "name": fmt.Sprint(i)})
		require.NoError(t, err)
		out := a.Outputs
		require.Len(t, out, len(m.Outputs), f.name)
		if target.head != nil {
			r, gap := compare(inside(distances(out[0]), 32), inside(s.Distances(), 32))
			t.Logf("%s: distances correlate by %.4f, mean difference %.2f %%", f.name, r, 100*gap)
			assert.Less(t, gap, 0.05, f.name)
			assert.Greater(t, r, 0.9, f.name)
			continue
		}
		for k, tap := range s.Runner.Taps() {
			r, gap := compare(planar(out[k], &m.Outputs[k], f.int8), ours(tap))
			t.Logf("%s: tap %s correlates by %.4f, mean difference %.2f steps", f.name, m.Outputs[k].Name, r, gap*mean(ours(tap)))
			assert.Greater(t, r, 0.99, f.name)
			assert.Less(t, gap*mean(ours(tap)), 0.7, "steps, %s", f.name)
		}
	}
}

// planar turns an NCHW output into our steps, [H][W][C].
func planar(raw []byte, o *onnx.Output, int8 bool) []float64 {
	c, size := o.Shape[1], o.Shape[2]*o.Shape[3]
	v := make([]float64, c*size)
	for i := range v {
		x := float64(raw[min(i, len(raw)-1)])
		if !int8 {
			x = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		v[i%size*c+i/size] = x / o.Step
	}
	return v
}

func ours(tap *engine.Tensor) (v []float64) {
	for y := range tap.H {
		for _, x := range tap.Row(y) {
			v = append(v, float64(x))
		}
	}
	return v
}

func distances(raw []byte) (v []float64) {
	for i := 0; i+4 <= len(raw); i += 4 {
		v = append(v, math.Sqrt(float64(max(0, math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))))))
	}
	return v
}

// inside leaves out two patches on every side.
func inside(v []float64, width int) (in []float64) {
	for i, x := range v {
		if y, x := i/width, i%width; min(x, y, width-1-x, len(v)/width-1-y) < 2 {
			continue
		}
		in = append(in, x)
	}
	return in
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// compare returns the correlation of a and b and their mean absolute difference as a part of the mean of b.
func compare(a, b []float64) (r, gap float64) {
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range b {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
		gap += math.Abs(a[i] - b[i])
	}
	return ab / math.Sqrt(aa*bb), gap / float64(len(b)) / mb
}

func TestStartPythonWithoutPython(t *testing.T) {
	_, err := StartPython(t.Context(), filepath.Join(t.TempDir(), "no-python"))
	assert.ErrorIs(t, err, ErrNoPeer)
	_, err = StartPython(t.Context(), "false")
	assert.ErrorIs(t, err, ErrNoPeer)
}

func TestMegapixelRefusesWhatIsNoPicture(t *testing.T) {
	n := builtIn(t)
	_, err := NewNet("x", n.Backbone, nil, []byte("no picture"))
	assert.Error(t, err)
	assert.Greater(t, len(n.JPEG), 50000)
}
