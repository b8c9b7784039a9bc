package distill

import (
	"context"

	"anomnet/core/imaging"
)

// batch is what one step sees.
type batch struct {
	ids      []int64
	pix      []uint8    // [B][side][side][3]
	features [][]uint16 // by crop; nil where the teacher is still to be asked
	err      error
}

// prefetch is how many batches are made ahead of the training.
const prefetch = 2

// load makes the batches of steps from..to-1 of seq in a goroutine. kept may be nil. It ends with ctx.
func load(ctx context.Context, seq sequence, p *photos, kept *pool, side, from, to int) <-chan *batch {
	out := make(chan *batch, prefetch)
	go func() {
		defer close(out)
		for i := from; i < to; i++ {
			b := loadBatch(&seq, p, kept, side, seq.crops(i))
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	return out
}

func loadBatch(seq *sequence, p *photos, kept *pool, side int, ids []int64) *batch {
	b := &batch{ids: ids, features: make([][]uint16, len(ids))}
	for k, id := range ids {
		if kept != nil {
			if pix, features, ok := kept.get(id); ok {
				b.pix, b.features[k] = append(b.pix, pix...), features
				continue
			}
		}
		img, err := seq.make(p, id, side)
		if err != nil {
			b.err = err
			return b
		}
		b.pix = append(b.pix, img.Pix...)
	}
	return b
}

// centre gives the pixels of photographs for measuring: the largest central square at side x side pixels.
func centre(p *photos, places []int, side int) ([]uint8, error) {
	var pix []uint8
	for _, i := range places {
		img, err := p.read(i)
		if err != nil {
			return nil, err
		}
		if img, err = imaging.Prepare(img, imaging.Preprocess{Width: side, Height: side, Mode: imaging.Crop}); err != nil {
			return nil, err
		}
		pix = append(pix, img.Pix...)
	}
	return pix, nil
}
