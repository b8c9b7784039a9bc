//go:build torch

package torch

import (
	"errors"
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
)

// Param copies data into a tensor that collects gradients: a leaf of the graph that [Scope.Backward] walks.
func (s *Scope) Param(data []float32, dims ...int) *Tensor {
	t := s.FromFloat32(data, dims...)
	p := s.one("set_requires_grad", func(out *lib.Ctensor) { lib.AtgSetRequiresGrad(out, t.c, 1) }, t)
	t.Free()
	return p
}

// RequiresGrad says whether the tensor is a parameter or was computed from one while gradients were on.
func (s *Scope) RequiresGrad(t *Tensor) bool {
	if !s.ready("requires_grad", []*Tensor{t}) {
		return false
	}
	is, err := requiresGrad(t.c)
	if err != nil {
		s.err = err
	}
	return is
}

// DeviceOf says where the tensor lies.
func (s *Scope) DeviceOf(t *Tensor) Device {
	if !s.ready("device", []*Tensor{t}) {
		return CPU
	}
	d, err := deviceOf(t.c)
	if err != nil {
		s.err = err
	}
	return d
}

// Backward adds the gradient of loss, a tensor without dimensions, to every parameter that it was computed from.
func (s *Scope) Backward(loss *Tensor) {
	if !s.ready("backward", []*Tensor{loss}) {
		return
	}
	lib.AtBackward(loss.c, 0, 0)
	if err := lastError("backward"); err != nil {
		s.err = err
	}
}

// Grad gives the gradient that a parameter has collected. It is an error when there is none.
func (s *Scope) Grad(p *Tensor) *Tensor {
	g := s.one("grad", func(out *lib.Ctensor) { lib.AtgGrad(out, p.c) }, p)
	if s.err == nil && !lib.AtDefined(g.c) {
		s.fail("grad", errors.New("the parameter has no gradient"))
	}
	return g
}

// Adam is libtorch's AdamW: beta 0.9 and 0.999, epsilon 1e-8, decoupled weight decay (Loshchilov and Hutter 2019,
// algorithm 2).
type Adam struct {
	c lib.Coptimizer
}

// NewAdam makes an optimiser of the parameters. They must live until [Adam.Free].
func NewAdam(rate, decay float64, params ...*Tensor) (*Adam, error) {
	if len(params) == 0 {
		return nil, errors.New("torch: adam: no parameters")
	}
	cs := make([]lib.Ctensor, len(params))
	for i, p := range params {
		if p == nil || p.c == nil {
			return nil, fmt.Errorf("torch: adam: parameter %d: %w", i, errFreed)
		}
		cs[i] = p.c
	}
	a := &Adam{c: lib.AtoAdamW(rate, 0.9, 0.999, decay)}
	if err := lastError("adam"); err != nil {
		return nil, err
	}
	lib.AtoAddParametersOld(a.c, cs, len(cs))
	if err := lastError("adam"); err != nil {
		a.Free()
		return nil, err
	}
	return a, nil
}

// SetRate changes the learning rate.
func (a *Adam) SetRate(rate float64) error {
	lib.AtoSetLearningRate(a.c, rate)
	return lastError("adam: learning rate")
}

// ZeroGrad forgets the gradients collected so far.
func (a *Adam) ZeroGrad() error {
	lib.AtoZeroGrad(a.c)
	return lastError("adam: zero gradients")
}

// Step changes the parameters by one step against their gradients.
func (a *Adam) Step() error {
	lib.AtoStep(a.c)
	return lastError("adam: step")
}

// Free releases the optimiser; its parameters stay.
func (a *Adam) Free() {
	if a.c != nil {
		lib.AtoFree(a.c)
		a.c = nil
	}
}
