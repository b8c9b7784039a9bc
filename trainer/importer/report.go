package importer

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"anomnet/core/engine"
	"anomnet/core/imaging"
)

// Report says what quantisation cost, measured on held-out images. Its JSON keys are stable.
type Report struct {
	Images          int           `json:"images"`   // for calibration
	HeldOut         int           `json:"held_out"` // for this report
	Percentile      float64       `json:"percentile"`
	BackboneSHA256  string        `json:"backbone_sha256"`
	MultiplyAdds    int64         `json:"multiply_adds"`    // an image
	FeaturesFloored int           `json:"features_floored"` // patch channels that hardly vary, see model.Backbone.FeatureStd
	Taps            []TapReport   `json:"taps"`
	Layers          []LayerReport `json:"layers"`
}

// TapReport compares a tap of the integer network with the float network: the explained variance is
// 1 - sum (f-q)^2 / sum (f-mean_c)^2, with q the integer times its step and mean_c the mean of the channel.
type TapReport struct {
	Name              string  `json:"name"`
	Channels          int     `json:"channels"`
	Stride            int     `json:"stride"`
	ExplainedVariance float64 `json:"explained_variance"`
	Loss              float64 `json:"loss"` // 1 - ExplainedVariance
}

// LayerReport is one layer. Errors add up from layer to layer, so ExplainedVariance is that of everything up to it.
type LayerReport struct {
	Name              string  `json:"name"`
	In                int     `json:"in"`
	Out               int     `json:"out"`
	Signed            bool    `json:"signed"`
	Step              float64 `json:"step"`               // value of one integer step
	Clip              float64 `json:"clip"`               // share of float values beyond the largest integer
	ExplainedVariance float64 `json:"explained_variance"` // as for taps
}

// WriteTable writes the report as text.
func (r *Report) WriteTable(out io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "layer\tchannels\tstep\tclipped\texplained variance\ttap\t")
	taps := map[string]string{}
	for _, p := range r.Taps {
		taps[p.Name] = fmt.Sprintf("stride %d", p.Stride)
	}
	for _, l := range r.Layers {
		fmt.Fprintf(t, "%s\t%d -> %d\t%.5f\t%.4f %%\t%.5f\t%s\t\n", l.Name, l.In, l.Out, l.Step, 100*l.Clip, l.ExplainedVariance, taps[l.Name])
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("importer: report: %w", err)
	}
	for _, p := range r.Taps {
		fmt.Fprintf(&b, "tap %s: %.3f %% of the variance lost\n", p.Name, 100*p.Loss)
	}
	fmt.Fprintf(&b, "calibrated on %d images at the %g percentile, measured on %d others\n", r.Images, r.Percentile, r.HeldOut)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("importer: report: %w", err)
	}
	return nil
}

// errorSums collects the sums of one layer over one image or more.
type errorSums struct {
	n, clipped int64     // values in all
	sum, sum2  []float64 // [C], of the float values
	err2       float64
}

// compareState is one worker's pair of networks.
type compareState struct {
	*forward
	runner *engine.Runner
}

// compare runs both networks over the held-out images. Sums are kept by image and added in the order of the images, so that
// the figures do not depend on the number of workers.
func compare(ctx context.Context, opt *Options, n *network, net *engine.Net, s *steps) (*Report, error) {
	h, w := opt.Preprocess.Height, opt.Preprocess.Width
	byImage := make([][]errorSums, opt.HeldOut.N)
	_, err := each(ctx, opt, "comparison", opt.HeldOut, func() (*compareState, error) {
		r, err := engine.NewRunner(net, h, w, &engine.RunnerOptions{Keep: true})
		return &compareState{newForward(n, h, w), r}, err
	}, func(c *compareState, i int, img *imaging.RGB) error {
		c.run(img)
		if err := c.runner.Run(img.Pix); err != nil {
			return err
		}
		byImage[i] = c.sums(s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	total := byImage[0]
	for _, sums := range byImage[1:] {
		for i := range total {
			total[i].add(&sums[i])
		}
	}
	r := &Report{Images: opt.Images.N, HeldOut: opt.HeldOut.N, Percentile: opt.Percentile, MultiplyAdds: net.Graph().MultiplyAdds(h, w)}
	r.fill(n, net.Graph(), s, total)
	return r, nil
}

func (r *Report) fill(n *network, g *engine.Graph, s *steps, total []errorSums) {
	variance := map[string]float64{}
	for i := range n.layers {
		l := &n.layers[i]
		ev := total[i].explained()
		variance[l.name] = ev
		r.Layers = append(r.Layers, LayerReport{
			Name: l.name, In: l.in, Out: l.out, Signed: g.Ops[i].Signed, Step: s.layer[i],
			Clip: float64(total[i].clipped) / float64(total[i].n), ExplainedVariance: ev,
		})
	}
	for i, name := range n.taps {
		c, stride := g.TapShape(i)
		r.Taps = append(r.Taps, TapReport{Name: name, Channels: c, Stride: stride, ExplainedVariance: variance[name], Loss: 1 - variance[name]})
	}
}

// sums compares the outputs of all layers for the image that both networks have just seen.
func (c *compareState) sums(s *steps) []errorSums {
	all := make([]errorSums, len(c.out))
	for i := range c.out {
		f, q, step := &c.out[i], c.runner.Output(i), s.layer[i]
		e := errorSums{n: int64(len(f.data)), sum: make([]float64, f.c), sum2: make([]float64, f.c)}
		signed := c.net.layers[i].kind == engine.KindConv && !c.net.layers[i].relu
		limit := float32((levels + 0.5) * step)
		for y := range f.h {
			row := q.Row(y)
			for j, v := range f.data[y*f.w*f.c : (y+1)*f.w*f.c] {
				k := float64(row[j])
				if signed {
					k = float64(int8(row[j]))
				}
				if v > limit || v < -limit {
					e.clipped++
				}
				x := float64(v)
				d := x - float64(k*step)
				e.sum[j%f.c] += x
				e.sum2[j%f.c] += float64(x * x)
				e.err2 += float64(d * d)
			}
		}
		all[i] = e
	}
	return all
}

func (e *errorSums) add(o *errorSums) {
	e.n += o.n
	e.clipped += o.clipped
	e.err2 += o.err2
	for c := range e.sum {
		e.sum[c] += o.sum[c]
		e.sum2[c] += o.sum2[c]
	}
}

// explained returns 1 - sum (f-q)^2 / sum (f-mean_c)^2; a layer that is constant explains nothing, unless it is exact.
func (e *errorSums) explained() float64 {
	n := float64(e.n) / float64(len(e.sum))
	spread := 0.0
	for c := range e.sum {
		spread += max(e.sum2[c]-float64(e.sum[c]*e.sum[c])/n, 0)
	}
	if spread == 0 {
		if e.err2 == 0 {
			return 1
		}
		return 0
	}
	return 1 - e.err2/spread
}
