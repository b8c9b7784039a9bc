package kiosk

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// scene is a grey field with sensor noise, brighter by light, and with a dark part at x; x below 0 is the empty place.
func scene(rng *rand.Rand, x int, light float64) []byte {
	f := make([]byte, FrameWidth*FrameHeight)
	for i := range f {
		v := 120 + light + rng.NormFloat64()*4
		if px, py := i%FrameWidth, i/FrameWidth; x >= 0 && px >= x && px < x+10 && py >= 20 && py < 30 {
			v = 60 + light + rng.NormFloat64()*4
		}
		f[i] = byte(min(max(v, 0), 255))
	}
	return f
}

// play shows scenes to s, each so many frames, and returns at which frames it fired.
func play(s *Still, rng *rand.Rand, frames ...[2]int) (fired []int) {
	n := 0
	for _, f := range frames {
		for range f[1] {
			if s.Frame(scene(rng, f[0], 0)) {
				fired = append(fired, n)
			}
			n++
		}
	}
	return fired
}

func moving(from, to int) (out [][2]int) {
	for x := from; x != to; x += (to - from) / max(to-from, from-to) {
		out = append(out, [2]int{x, 1})
	}
	return out
}

func TestStillFiresOncePerPart(t *testing.T) {
	s, rng := &Still{}, rand.New(rand.NewPCG(1, 1))
	steps := [][2]int{{-1, 20}}
	for range 3 {
		steps = append(steps, moving(0, 25)...)
		steps = append(steps, [2]int{25, 30})
		steps = append(steps, moving(25, 50)...)
		steps = append(steps, [2]int{-1, 20})
	}
	fired := play(s, rng, steps...)
	assert.Len(t, fired, 3, "%v", fired)
	round := 25 + 30 + 25 + 20
	for i, at := range fired {
		assert.InDelta(t, 20+i*round+25+quietFrames, at, 3)
	}
	assert.NotEmpty(t, s.Empty)
}

func TestStillCases(t *testing.T) {
	for name, c := range map[string]struct {
		steps [][2]int
		want  int
	}{
		"only the empty place":              {[][2]int{{-1, 200}}, 0},
		"a hand passes over the empty":      {[][2]int{{-1, 20}, {5, 1}, {20, 1}, {40, 1}, {-1, 20}}, 0},
		"a hand passes over a part":         {[][2]int{{-1, 20}, {25, 20}, {5, 1}, {20, 1}, {25, 20}}, 1},
		"the next part without an empty":    {[][2]int{{-1, 20}, {25, 20}, {40, 20}, {10, 20}}, 3},
		"a part that never lies still":      {append([][2]int{{-1, 20}}, moving(0, 50)...), 0},
		"still for too short":               {[][2]int{{-1, 20}, {25, 5}, {-1, 20}}, 0},
		"a part that lies there at the end": {[][2]int{{-1, 20}, {25, 500}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Len(t, play(&Still{}, rand.New(rand.NewPCG(2, 2)), c.steps...), c.want)
		})
	}
}

func TestStillFollowsTheLight(t *testing.T) {
	s, rng := &Still{}, rand.New(rand.NewPCG(3, 3))
	for i := range 3000 { // 40 grey levels in five minutes
		assert.False(t, s.Frame(scene(rng, -1, float64(i)/75)), i)
	}
	fired := 0
	for range 20 {
		if s.Frame(scene(rng, 25, 40)) {
			fired++
		}
	}
	assert.Equal(t, 1, fired)
}

func TestStillTellsTheEmptyPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	s := &Still{Empty: scene(rng, -1, 0)}
	assert.Len(t, play(s, rng, [2]int{25, 20}), 1, "a part that lies there at the start, and the place is known")
	s.Restart()
	assert.Len(t, play(s, rng, [2]int{-1, 20}), 0)
	play(s, rng, [2]int{40, 20})
	s.SetEmpty()
	assert.Len(t, play(s, rng, [2]int{25, 20}, [2]int{40, 20}), 1, "what was the part is now the place")
	assert.False(t, s.Frame(nil))
}
