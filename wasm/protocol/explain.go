package protocol

import (
	"errors"
	"fmt"
	"math"
)

// OpSimilar asks for the spots of good images that are most like the spot of an image that weighs most in its score.
const OpSimilar = "similar"

// MaxSimilar is how many good images a similar message brings at most.
const MaxSimilar = 8

// Spot is a patch of the anomaly map and a distance.
type Spot struct {
	X        int     `json:"x"`
	Y        int     `json:"y"`
	Distance float32 `json:"distance"`
}

// SimilarResult has the patch of the image that is least like the reference patches, with its distance from them, and for each good image
// the patch that is most like that one, with the distance between the two; it is negative for a file that cannot be decoded.
type SimilarResult struct {
	MapW  int    `json:"map_w"`
	MapH  int    `json:"map_h"`
	Worst Spot   `json:"worst"`
	Good  []Spot `json:"good"`
}

func (r SimilarResult) check() error {
	if r.Good == nil || len(r.Good) > MaxSimilar {
		return fmt.Errorf("field good: %d spots, want 0 to %d", len(r.Good), MaxSimilar)
	}
	if err := side("map_w", r.MapW, "map_h", r.MapH); err != nil {
		return err
	}
	for _, s := range append([]Spot{r.Worst}, r.Good...) {
		if s.X < 0 || s.Y < 0 || s.X >= r.MapW || s.Y >= r.MapH {
			return fmt.Errorf("a spot at %d, %d of %d x %d", s.X, s.Y, r.MapW, r.MapH)
		}
		if d := float64(s.Distance); math.IsNaN(d) || math.IsInf(d, 0) {
			return errors.New("a distance is not finite")
		}
	}
	return nil
}

// WithScores is r with the scores of its buffer, which must be as many as Calibration, ascending and finite.
func (r LoadResult) WithScores(bufs [][]byte) (LoadResult, error) {
	if len(bufs) != 1 || len(bufs[0]) != 4*r.Calibration {
		return LoadResult{}, fmt.Errorf("protocol: load result has %d buffers, want one of %d float32", len(bufs), r.Calibration)
	}
	r.Scores = DecodeMap(bufs[0])
	for i, s := range r.Scores {
		if !(s >= 0 && s <= math.MaxFloat32) || i > 0 && s < r.Scores[i-1] {
			return LoadResult{}, fmt.Errorf("protocol: calibration score %d is %v", i, s)
		}
	}
	return r, nil
}
