package bench

import (
	"context"
	"fmt"

	"anomnet/core/engine"
)

// addLayers times every operation of a network, the tiers in turns. Run of a contender returns what the image and each operation took in one run.
func (r *Report) addLayers(ctx context.Context, n *Net, tiers []Contender, opt *Options) error {
	o := opt.resolve()
	count := len(n.Backbone.Graph.Ops) + 1
	samples := make([][][]float64, len(tiers))
	for i := range tiers {
		samples[i] = make([][]float64, count)
		if _, err := tiers[i].warm(ctx, o.Warm); err != nil {
			return err
		}
	}
	for range o.Rounds {
		for i := range tiers {
			ms, err := tiers[i].run(ctx, 1)
			if err != nil {
				return err
			}
			if len(ms) != count {
				return fmt.Errorf("bench: %s: %d layers, want %d", tiers[i].Engine, len(ms), count)
			}
			for op, v := range ms {
				samples[i][op] = append(samples[i][op], v)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for i := range tiers {
		r.Layers = append(r.Layers, r.layers(n, tiers[i].Engine, samples[i])...)
	}
	return nil
}

// layers turns the samples of a tier, the image first and then each operation, into rows.
func (r *Report) layers(n *Net, tier string, samples [][]float64) []Layer {
	var total float64
	peak := r.peak(tier)
	for _, s := range samples {
		total += Quantile(s, 0.5)
	}
	strides := map[string]int{engine.ImageInput: 1}
	rows := []Layer{{Name: "image", Shape: fmt.Sprintf("%dx%dx3", n.Image.H, n.Image.W)}}
	var macs int64
	for i := range n.Backbone.Graph.Ops {
		op := &n.Backbone.Graph.Ops[i]
		s := strides[op.Input] * op.Stride
		strides[op.Name] = s
		h, w := n.Image.H/s, n.Image.W/s
		l := Layer{Name: op.Name, Shape: fmt.Sprintf("%dx%d/%d %d->%d, %dx%d", op.Kernel, op.Kernel, op.Stride, op.In, op.Out, h, w)}
		if op.Kind == engine.KindConv {
			ops := 2 * int64(h*w) * int64(op.Kernel*op.Kernel*op.In*op.Out)
			macs += ops
			l.Gops = gops(ops, Quantile(samples[i+1], 0.5))
		}
		rows = append(rows, l)
	}
	for i := range rows {
		rows[i].Median, rows[i].Min = Quantile(samples[i], 0.5), Quantile(samples[i], 0)
		rows[i].Share = rows[i].Median / total
	}
	rows = append(rows, Layer{Name: "total", Median: total, Gops: gops(macs, total), Share: 1})
	for i := range rows {
		rows[i].Net, rows[i].Engine = n.Name, tier
		if peak > 0 {
			rows[i].Peak = rows[i].Gops / peak
		}
	}
	return rows
}
