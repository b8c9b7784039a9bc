//go:build torch

package trainer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/cluster"
	"anomnet/trainer/torch"
)

// part makes good patches on a curved 2-dimensional sheet in 24 dimensions with a little noise, and the same patches pushed off
// the sheet by the given lengths, as u7.
func part(seed uint64, n int, off float64) (good, bad []uint8) {
	const dim = 24
	shape := rand.New(rand.NewPCG(99, 1)) // the sheet is always the same
	a, b := make([]float64, dim*3), make([]float64, dim*3)
	for i := range a {
		a[i], b[i] = shape.NormFloat64(), shape.NormFloat64()
	}
	r := rand.New(rand.NewPCG(seed, 2))
	for range n {
		u := [2]float64{r.Float64()*2 - 1, r.Float64()*2 - 1}
		for c := range dim {
			v := 64.0
			for j, x := range u {
				v += 12*a[c*3+j]*x + 6*b[c*3+j]*x*x
			}
			v += r.NormFloat64() * 1.5
			good = append(good, u7(v))
			if c%3 == 0 { // defects show in a third of the channels
				v += off * r.NormFloat64()
			}
			bad = append(bad, u7(v))
		}
	}
	return good, bad
}

func u7(v float64) uint8 {
	return uint8(max(0, min(127, math.Round(v))))
}

// sheetInput projects 24 to 12 dimensions by a fixed random matrix with orthonormal rows.
func sheetInput(l2 bool) *AdapterInput {
	in := &AdapterInput{Dim: 24, Out: 12, L2: l2, Centroids: 256}
	in.Real, _ = part(1, 3000, 0)
	_, in.Fake = part(2, 800, 8)
	in.Init = orthonormal(in.Out, in.Dim)
	return in
}

// orthonormal gives n rows of length d by Gram-Schmidt.
func orthonormal(n, d int) []float32 {
	r := rand.New(rand.NewPCG(5, 5))
	rows := make([][]float64, n)
	var out []float32
	for i := range rows {
		v := make([]float64, d)
		for j := range v {
			v[j] = r.NormFloat64()
		}
		for _, u := range rows[:i] {
			dot := 0.0
			for j := range v {
				dot += v[j] * u[j]
			}
			for j := range v {
				v[j] -= dot * u[j]
			}
		}
		sum := 0.0
		for _, x := range v {
			sum += x * x
		}
		for j := range v {
			v[j] /= math.Sqrt(sum)
			out = append(out, float32(v[j]))
		}
		rows[i] = v
	}
	return out
}

func quick(seed int64) *LearnOptions {
	return &LearnOptions{Device: "cpu", Seed: seed, Threads: 2, Steps1: 30, Steps2: 60, Batch: 512, Rate: 0.015, Identity: 4}
}

// auroc scores fresh patches by their distance to k-centre centres of the training patches under w.
func auroc(in *AdapterInput, w []float32) float64 {
	e := project(in, w, in.Real)
	rows, _ := cluster.KCentre(e, in.Out, in.Centroids, 2)
	c := cluster.Gather(e, in.Out, rows)
	good, _ := part(7, 600, 0)
	_, bad := part(8, 600, 5)
	_, g := cluster.Nearest(project(in, w, good), c, in.Out, 2)
	_, b := cluster.Nearest(project(in, w, bad), c, in.Out, 2)
	wins := 0.0
	for _, x := range b {
		for _, y := range g {
			if x > y {
				wins++
			} else if x == y {
				wins += 0.5
			}
		}
	}
	return wins / float64(len(g)*len(b))
}

func project(in *AdapterInput, w []float32, v []uint8) []float32 {
	var out []float32
	for i := 0; i < len(v); i += in.Dim {
		x := v[i : i+in.Dim]
		norm := 127.0
		if in.L2 {
			sum := 0.0
			for _, a := range x {
				sum += float64(a) * float64(a)
			}
			norm = math.Sqrt(sum)
		}
		for o := range in.Out {
			dot := 0.0
			for j, a := range x {
				dot += float64(w[o*in.Dim+j]) * float64(a)
			}
			out = append(out, float32(dot/norm))
		}
	}
	return out
}

// On a made-up part the learned adapter must separate unseen defects better than the untrained one.
func TestLearningHelps(t *testing.T) {
	for _, l2 := range []bool{false, true} {
		in := sheetInput(l2)
		var heard []Step
		o := quick(1)
		o.Progress = func(s Step) { heard = append(heard, s) }
		got, err := LearnAdapter(context.Background(), in, o)
		require.NoError(t, err)
		assert.False(t, got.Collapsed, got.Reason)
		before, after := auroc(in, in.Init), auroc(in, got.Weight)
		t.Logf("l2 %v: auroc %.3f -> %.3f; spread %+v, stage 1 %+v, after %+v", l2, before, after, got.Before, got.Stage1, got.After)
		assert.Greater(t, after, before+0.01)
		assert.Less(t, got.Stage1.Coverage, got.Before.Coverage, "stage 1 covers held-out patches better")
		assert.Contains(t, got.Device, "cpu")

		require.Len(t, got.Curve, 90)
		assert.Len(t, heard, 90)
		assert.Equal(t, 1, got.Curve[29].Stage)
		assert.Equal(t, 2, got.Curve[30].Stage)
		assert.Equal(t, 1, got.Curve[30].Step)
		assert.Subset(t, keys(got.Curve[0].Loss), []string{"coverage", "separation", "entropy", "total"})
		assert.Subset(t, keys(got.Curve[89].Loss), []string{"reach", "pseudo", "noise", "outward", "contrast", "identity", "total"})
		assert.Zero(t, got.Curve[30].Loss["identity"], "the adapter starts at the identity")
		assert.Less(t, got.Curve[89].Loss["pseudo"], got.Curve[30].Loss["pseudo"])
	}
}

func keys(m map[string]float64) []string {
	var k []string
	for name := range m {
		k = append(k, name)
	}
	return k
}

func TestEqualSeedsGiveEqualBits(t *testing.T) {
	in := sheetInput(true)
	a, err := LearnAdapter(context.Background(), in, quick(3))
	require.NoError(t, err)
	b, err := LearnAdapter(context.Background(), in, quick(3))
	require.NoError(t, err)
	c, err := LearnAdapter(context.Background(), in, quick(4))
	require.NoError(t, err)
	assert.True(t, slices.EqualFunc(a.Weight, b.Weight, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y)
	}))
	assert.Equal(t, a.Curve, b.Curve)
	assert.Equal(t, a.After, b.After)
	assert.NotEqual(t, a.Weight, c.Weight)
}

func TestIdentityPenaltyHoldsTheAdapter(t *testing.T) {
	in := sheetInput(false)
	moved := func(weight float64) float64 {
		o := quick(1)
		o.Steps1, o.Identity = -1, weight
		got, err := LearnAdapter(context.Background(), in, o)
		require.NoError(t, err)
		require.Len(t, got.Curve, 60)
		return got.Curve[59].Loss["identity"]
	}
	free, held := moved(-1), moved(1000)
	assert.Less(t, held, free/10)
}

func TestCancelStopsAtTheNextStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := quick(1)
	n := 0
	o.Progress = func(Step) {
		if n++; n == 5 {
			cancel()
		}
	}
	_, err := LearnAdapter(ctx, sheetInput(false), o)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 5, n)
}

func TestHugeRateIsReportedAndNeverNaN(t *testing.T) {
	in := sheetInput(false)
	o := quick(1)
	o.Rate, o.Identity = 1e30, -1
	got, err := LearnAdapter(context.Background(), in, o)
	require.NoError(t, err)
	assert.True(t, got.Collapsed)
	assert.Contains(t, got.Reason, "stage 2")
	assert.Equal(t, in.Init, got.Weight)
}

// The guard looks at what came out, whatever the reason: here the weights are bent by hand.
func TestGuardReportsCollapse(t *testing.T) {
	bend := func(factor func(row int) float32) *Learned {
		in := sheetInput(false)
		o, err := quick(1).resolve()
		require.NoError(t, err)
		l := &learner{in: in, o: o, out: &Learned{}, rng: rand.New(rand.NewPCG(1, 1))}
		require.NoError(t, torch.Do(func() error {
			restore, err := l.prepare()
			require.NoError(t, err)
			defer restore()
			l.split()
			done, err := l.place()
			require.NoError(t, err)
			require.False(t, done)
			for i := range l.out.Weight {
				l.out.Weight[i] *= factor(i / in.Dim)
			}
			return l.guard()
		}))
		return l.out
	}
	same := bend(func(int) float32 { return 1 })
	assert.False(t, same.Collapsed)
	assert.Equal(t, same.Before, same.After)
	shrunk := bend(func(int) float32 { return 0.7 })
	assert.True(t, shrunk.Collapsed)
	assert.Contains(t, shrunk.Reason, "the variance fell")
	assert.InDelta(t, 0.49, shrunk.After.Variance/shrunk.Before.Variance, 1e-3)
	assert.InDelta(t, shrunk.Before.Coverage, shrunk.After.Coverage, 1e-4, "coverage has no unit")
}

func TestAlikePatchesLeaveTheHeadUntrained(t *testing.T) {
	in := smallInput()
	for i := range in.Real {
		in.Real[i] = 9
	}
	got, err := LearnAdapter(context.Background(), in, nil)
	require.NoError(t, err)
	assert.True(t, got.Collapsed)
	assert.Contains(t, got.Reason, "alike")
	assert.Equal(t, in.Init, got.Weight)
}

func TestFewPatchesAndNoFakes(t *testing.T) {
	in := smallInput()
	o := quick(1)
	o.Steps1, o.Steps2 = 3, 3
	got, err := LearnAdapter(context.Background(), in, o)
	require.NoError(t, err)
	assert.Len(t, got.Curve, 6)
	assert.NotContains(t, got.Curve[5].Loss, "pseudo")
}

func TestDeviceIsCheckedFirst(t *testing.T) {
	_, err := LearnAdapter(context.Background(), sheetInput(false), &LearnOptions{Device: "tpu"})
	assert.ErrorContains(t, err, `device "tpu"`)
}

// TestResumeGivesTheSame: a run that is cut off in either stage and goes on from its checkpoint, through a file, ends with the same bits.
func TestResumeGivesTheSame(t *testing.T) {
	in := sheetInput(false)
	opt := func() *LearnOptions {
		o := quick(4)
		o.Steps1, o.Steps2, o.Batch = 12, 12, 128
		return o
	}
	want, err := LearnAdapter(t.Context(), in, opt())
	require.NoError(t, err)
	for _, cut := range []Step{{Stage: 1, Step: 5}, {Stage: 2, Step: 7}} {
		ctx, cancel := context.WithCancel(t.Context())
		o := opt()
		var kept []byte
		o.Checkpoint = func(c *Checkpoint) (err error) {
			kept, err = c.Encode()
			return err
		}
		o.Progress = func(s Step) {
			if s.Stage == cut.Stage && s.Step == cut.Step {
				cancel()
			}
		}
		_, err := LearnAdapter(ctx, in, o)
		require.ErrorIs(t, err, context.Canceled)
		o = opt()
		o.Resume, err = DecodeCheckpoint(kept)
		require.NoError(t, err)
		assert.Equal(t, []int{cut.Stage, cut.Step}, []int{o.Resume.Stage, o.Resume.Step}, "nothing that was done is lost")
		first := 0
		o.Progress = func(s Step) {
			if first == 0 {
				first = s.Step
			}
		}
		got, err := LearnAdapter(t.Context(), in, o)
		require.NoError(t, err)
		assert.Equal(t, cut.Step+1, first)
		assert.Equal(t, want.Weight, got.Weight)
		assert.Equal(t, want.Curve, got.Curve)
		assert.Equal(t, want.After, got.After)

		o.Seed = 5
		_, err = LearnAdapter(t.Context(), in, o)
		assert.ErrorContains(t, err, "other images, settings or seed")
	}
}

// TestStageIsKept: a run that is stopped before the first step of stage 2 has lost nothing of stage 1, whose end is between two checkpoints.
func TestStageIsKept(t *testing.T) {
	in := sheetInput(false)
	ctx, cancel := context.WithCancel(t.Context())
	o := quick(4)
	o.Steps1, o.Steps2, o.Batch, o.CheckpointEvery = 7, 4, 128, 5
	var last *Checkpoint
	o.Checkpoint = func(c *Checkpoint) error {
		last = c
		return nil
	}
	o.Progress = func(s Step) {
		if s.Step == s.Steps {
			cancel()
		}
	}
	_, err := LearnAdapter(ctx, in, o)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, last)
	assert.Equal(t, []int{1, 7}, []int{last.Stage, last.Step})
	o.Resume, o.Progress = last, nil
	got, err := LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 4}, []int{last.Stage, last.Step}, "and what comes after the training need not train again")
	o.Resume = nil
	want, err := LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	assert.Equal(t, want.Weight, got.Weight)
	assert.Equal(t, want.Curve, got.Curve)
}

// TestTimeLeftAfterResume: steps of the run before took none of this run's time.
func TestTimeLeftAfterResume(t *testing.T) {
	in, o := sheetInput(false), quick(4)
	o.Steps1, o.Steps2, o.Batch, o.CheckpointEvery = 40, 4, 64, 40
	o.Checkpoint = func(c *Checkpoint) error {
		if c.Stage == 1 {
			o.Resume = c
		}
		return nil
	}
	_, err := LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	require.NotNil(t, o.Resume)
	var first time.Time
	n := 0
	o.Progress = func(s Step) {
		switch n++; n {
		case 1:
			first = time.Now()
			time.Sleep(100 * time.Millisecond)
		case 2: // two steps are left, so as long as the two before took
			assert.Greater(t, s.Left, time.Since(first)*9/10)
		}
	}
	_, err = LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	assert.Equal(t, 4, n)
}

// TestMemoryStaysFlat takes 1,000 steps and compares the resident memory after 200 of them with the end.
func TestMemoryStaysFlat(t *testing.T) {
	in, o := sheetInput(false), quick(1)
	o.Steps1, o.Steps2, o.Batch, o.Threads = 500, 500, 64, 1
	in.Centroids = 32
	var early, late int64
	n := 0
	o.Progress = func(Step) {
		switch n++; n {
		case 200:
			early = resident(t)
		case 1000:
			late = resident(t)
		}
	}
	_, err := LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	require.Equal(t, 1000, n)
	assert.Less(t, late-early, int64(8<<20), "%d MB after 200 steps, %d MB after 1,000", early>>20, late>>20)
}

// resident gives the resident memory, after garbage is collected.
func resident(t *testing.T) int64 {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	var size, pages int64
	_, err = fmt.Sscan(string(text), &size, &pages)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}
