package inspect

import (
	"anomnet/core/calibrate"
	"anomnet/core/detect"
)

// Calibration is what turns the inspector's scores into verdicts. It must not be changed.
func (in *Inspector) Calibration() *calibrate.Calibration { return in.head.Calibration }

// Similar explains a score by example: it returns the patch of an image that is least like the model's reference patches and, for each of
// some good images, the patch that is most like that one, with the distance between the two. A good image that cannot be decoded gives a
// negative Distance. Only patches inside of the region of interest are looked at. The reference patches themselves have no picture: a head keeps embeddings only.
func (in *Inspector) Similar(data []byte, good [][]byte) (worst Spot, spots []Spot, err error) {
	if _, _, err = in.embed(data); err != nil {
		return Spot{}, nil, err
	}
	in.mapper.Map(in.e)
	worst = in.worst()
	d := in.head.Adapter.Out
	inside, _ := in.head.Inspected()
	patch, _, _ := in.mapper.Worst()
	query := append([]int8(nil), in.e[patch*d:(patch+1)*d]...)
	for _, file := range good {
		if _, _, err := in.embed(file); err != nil {
			spots = append(spots, Spot{Distance: -1})
			continue
		}
		all := detect.Centroids{K: inside, D: d, Data: in.e}
		at, d2 := all.Which(query)
		spots = append(spots, in.spot(in.mapper.Place(at), detect.Distance(d2)))
	}
	return worst, spots, nil
}
