package session

import (
	"fmt"

	"anomnet/core/engine"
	"anomnet/core/inspect"
	"anomnet/core/model"
)

// Open makes an inspector of the part that files hold. lent are model files whose backbones may serve it.
type Open func(lent, files [][]byte, k engine.Kernels) (Inspector, error)

// OpenModel opens model files with core/inspect. files hold one head, and perhaps its backbone; without one, the backbone comes
// from lent. Errors wrap model.ErrCorrupt or model.ErrMismatch.
func OpenModel(lent, files [][]byte, k engine.Kernels) (Inspector, error) {
	var head *model.Head
	var digest string
	var backbones []*model.Backbone
	for i, data := range files {
		f, err := model.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("session: model file %d: %w", i+1, err)
		}
		if f.Backbone != nil {
			backbones = append(backbones, f.Backbone)
		}
		if f.Head == nil {
			continue
		}
		if head != nil {
			return nil, fmt.Errorf("session: %w: parts %q and %q, want one", model.ErrMismatch, head.Part, f.Head.Part)
		}
		head, digest = f.Head, f.Digest
	}
	if head == nil {
		return nil, fmt.Errorf("session: %w: a backbone without a part", model.ErrMismatch)
	}
	if len(backbones) == 0 {
		var err error
		if backbones, err = lend(lent); err != nil {
			return nil, err
		}
	}
	return join(head, digest, backbones, k)
}

// lend returns the backbones that files hold.
func lend(files [][]byte) ([]*model.Backbone, error) {
	var out []*model.Backbone
	for i, data := range files {
		f, err := model.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("session: lent model file %d: %w", i+1, err)
		}
		if f.Backbone != nil {
			out = append(out, f.Backbone)
		}
	}
	return out, nil
}

// join puts a head on the backbone that it names.
func join(head *model.Head, digest string, backbones []*model.Backbone, k engine.Kernels) (Inspector, error) {
	err := fmt.Errorf("session: %w: part %q comes without a backbone", model.ErrMismatch, head.Part)
	for _, b := range backbones {
		var in *inspect.Inspector
		if in, err = inspect.New(b, head, digest, &inspect.Options{Kernels: k}); err == nil {
			return in, nil
		}
	}
	return nil, err
}
