package engine

import "fmt"

// Net is a checked graph with its weights packed for one tier. It is read-only and may be shared by Runners.
type Net struct {
	graph   *Graph
	kernels Kernels
	convs   []ConvKernel // by op; nil for pools
}

// NewNet validates g and packs it. g must not change afterwards.
func NewNet(g *Graph, k Kernels) (*Net, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	n := &Net{graph: g, kernels: k, convs: make([]ConvKernel, len(g.Ops))}
	signed := map[string]bool{}
	for i := range g.Ops {
		op := &g.Ops[i]
		signed[op.Name] = op.Signed
		if op.Kind != KindConv {
			continue
		}
		conv, err := k.NewConv(op.conv(signed[op.Residual]))
		if err != nil {
			return nil, fmt.Errorf("engine: op %q: %w", op.Name, err)
		}
		n.convs[i] = conv
	}
	return n, nil
}

// conv describes op to the kernels.
func (op *Op) conv(signedResidual bool) *Conv {
	c := &Conv{Out: op.Out, Rows: op.Kernel, Run: op.Kernel * op.In, Weight: op.Weight, Weight16: op.Weight16, Bias: op.Bias, Scale: op.Scale,
		High: 127, ResidualScale: op.ResidualScale}
	if op.Signed {
		c.Low = -127
	}
	if op.Residual != "" {
		c.Residual = ResidualU7
		if signedResidual {
			c.Residual = ResidualI8
		}
	}
	return c
}

// Graph returns the graph; it must not be changed.
func (n *Net) Graph() *Graph { return n.graph }

// Kernels returns the tier.
func (n *Net) Kernels() Kernels { return n.kernels }
