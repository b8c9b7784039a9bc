package main

import (
	"flag"
	"fmt"
	"strings"

	"anomnet/core/calibrate"
	"anomnet/core/engine"
	"anomnet/core/inspect"
	"anomnet/core/model"
)

// modelFlags are the flags of every command that scores.
type modelFlags struct {
	head, backbone, tier string
	loaded               *model.Head // by open
}

func (m *modelFlags) add(fs *flag.FlagSet) {
	fs.StringVar(&m.head, "model", "", "`file` with the head (or head and backbone)")
	fs.StringVar(&m.backbone, "backbone", "", backboneUsage)
	m.addTier(fs)
}

// backboneUsage is the flag --backbone beside a head.
const backboneUsage = "`file` with the head's backbone, or a folder that holds it; default: the built-in one, or one beside the head"

func (m *modelFlags) addBackbone(fs *flag.FlagSet) {
	fs.StringVar(&m.backbone, "backbone", "", "backbone `file`; default: the built-in one")
	m.addTier(fs)
}

func (m *modelFlags) addTier(fs *flag.FlagSet) {
	fs.StringVar(&m.tier, "tier", "", "kernel `tier`, see anomnet bench engine; default: the fastest")
}

// open loads head and backbone.
func (m *modelFlags) open() (*inspect.Inspector, error) {
	if m.head == "" {
		return nil, usageError("--model is missing")
	}
	f, b, err := readPart(m.head, m.backbone)
	if err != nil {
		return nil, err
	}
	kernels, err := engine.Choose(engine.Tiers(), m.tier)
	if err != nil {
		return nil, err
	}
	in, err := inspect.New(b, f.Head, f.Digest, &inspect.Options{Kernels: kernels})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.head, err)
	}
	m.loaded = f.Head
	return in, nil
}

// loadBackbone reads the file of --backbone or the built-in backbone, for those who have no head yet.
func (m *modelFlags) loadBackbone() (*model.Backbone, error) {
	if m.backbone == "" {
		return builtInBackbone()
	}
	return readBackbone(m.backbone)
}

func showModel(c *console, name string, size int, f *model.File) {
	fmt.Fprintf(c.out, "%s  %d bytes  sha256 %s\n", name, size, f.Digest)
	if b := f.Backbone; b != nil {
		fmt.Fprintf(c.out, "backbone %s  %d operations  %.1f M multiply-adds at 256 x 256\n  licence: %s\n", oneLine(b.Name), len(b.Graph.Ops),
			float64(b.Graph.MultiplyAdds(256, 256))/1e6, oneLine(b.Licence))
		showProvenance(c, b.Provenance)
	}
	if h := f.Head; h != nil {
		norm, coded := "raw", ""
		if h.Coded != nil {
			coded = fmt.Sprintf(" (%d of them in %d bits a value)", len(h.Coded.Parent), h.Coded.Bits)
		}
		if h.Adapter.L2 {
			norm = "l2"
		}
		fmt.Fprintf(c.out, "head %q  for backbone %.16s\n  input %d x %d (%s)  %d features -> %d  norm %s  %d centroids%s  top %d patches\n", h.Part,
			h.BackboneDigest, h.Preprocess.Width, h.Preprocess.Height, h.Preprocess.Mode, h.Adapter.In, h.Adapter.Out, norm, h.Centroids.K, coded, h.TopK)
		if inside, all := h.Inspected(); inside < all {
			fmt.Fprintf(c.out, "  region of interest: %d of %d patches (%.1f %%)\n", inside, all, 100*float64(inside)/float64(all))
		}
		lo, hi := h.Calibration.Interval(calibrate.Confidence)
		fmt.Fprintf(c.out, "  limit %v  review %v  from %d held-out good images  false rejects %.2g %% (%v %% interval %.2g-%.2g %%)\n", h.Calibration.Limit,
			h.Calibration.Review, len(h.Calibration.Scores), 100*h.Calibration.FalseRejectRate, 100*calibrate.Confidence, 100*lo, 100*hi)
		showProvenance(c, h.Provenance)
	}
}

func showProvenance(c *console, p model.Provenance) {
	fmt.Fprintf(c.out, "  made by %s (%s)  seed %d  %d images", oneLine(p.Method), oneLine(p.Software), p.Seed, p.Images)
	if p.DataSHA256 != "" {
		fmt.Fprintf(c.out, "  data %.16s", p.DataSHA256)
	}
	fmt.Fprintln(c.out)
	for line := range strings.SplitSeq(p.Card, "\n") {
		if line != "" {
			fmt.Fprintf(c.out, "  %s\n", oneLine(line))
		}
	}
}
