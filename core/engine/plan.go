package engine

import (
	"cmp"
	"fmt"
	"slices"
)

// plan is what a Runner needs for one image size: the tensors, where they lie in the one arena, and when they are in use.
type plan struct {
	image *Tensor
	out   []*Tensor // by op
	in    []*Tensor // by op
	res   []*Tensor // by op, nil without residual
	taps  []*Tensor
	arena int // bytes
}

// life is a tensor with the first and last step at which it holds something; step -1 writes the image, step i runs op i.
type life struct {
	t        *Tensor
	from, to int
	at       int // in the arena
}

// alignment of tensors in the arena: a cache line.
const alignment = 64

// maxWork bounds the multiply-adds of an image. The largest network that is imported, WideResNet-50 at 2,048 x 2,048 pixels, needs 0.9 Ti.
const maxWork = 1 << 40

// maxRunnerBytes bounds the buffers of a Runner: a small file can describe wide layers on a large image.
const maxRunnerBytes = 1 << 30

// newPlan infers all shapes once. keep leaves every output in place until the next image.
func newPlan(g *Graph, h, w int, keep bool) (*plan, error) {
	lives := []*life{{t: &Tensor{H: h, W: w, C: 3}, from: -1}}
	byName := map[string]*life{ImageInput: lives[0]}
	p := &plan{image: lives[0].t}
	for i := range g.Ops {
		op := &g.Ops[i]
		in := byName[op.Input]
		in.t.Border, in.to = max(in.t.Border, op.Pad), i
		l := &life{t: &Tensor{H: in.t.H / op.Stride, W: in.t.W / op.Stride, C: op.Out}, from: i, to: i}
		p.in, p.out, p.res = append(p.in, in.t), append(p.out, l.t), append(p.res, nil)
		if r := byName[op.Residual]; r != nil {
			r.to, p.res[i] = i, r.t
		}
		lives, byName[op.Name] = append(lives, l), l
	}
	for _, name := range g.Taps {
		byName[name].to = len(g.Ops)
		p.taps = append(p.taps, byName[name].t)
	}
	if keep {
		for _, l := range lives[1:] {
			l.to = len(g.Ops)
		}
	}
	p.arena = place(lives)
	if p.arena > maxRunnerBytes {
		return nil, fmt.Errorf("engine: image size %d x %d needs %d MB of buffers, the limit is %d", w, h, p.arena>>20, maxRunnerBytes>>20)
	}
	arena := make([]uint8, p.arena)
	for _, l := range lives {
		l.t.data = arena[l.at : l.at+l.t.bytes() : l.at+l.t.bytes()]
	}
	return p, nil
}

// place gives each tensor the lowest place that no tensor in use at the same time has, largest first (greedy by size: Pisarchyk and
// Lee 2020, "Efficient memory management for deep neural net inference", section 5), and returns the size of the arena.
func place(lives []*life) int {
	order := slices.Clone(lives)
	slices.SortStableFunc(order, func(a, b *life) int { return cmp.Compare(b.t.bytes(), a.t.bytes()) })
	var placed []*life // by place
	size := 0
	for _, l := range order {
		for _, o := range placed {
			if o.from > l.to || o.to < l.from {
				continue
			}
			if l.at+l.t.bytes() <= o.at {
				break
			}
			l.at = max(l.at, (o.at+o.t.bytes()+alignment-1)/alignment*alignment)
		}
		at, _ := slices.BinarySearchFunc(placed, l.at, func(o *life, at int) int { return cmp.Compare(o.at, at) })
		placed = slices.Insert(placed, at, l)
		size = max(size, l.at+l.t.bytes())
	}
	return size
}
