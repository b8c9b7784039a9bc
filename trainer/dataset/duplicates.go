package dataset

import (
	"crypto/sha256"
)

// Duplicates looks for files with the same bytes. Repeated are pairs for training, of which the second is taken out of Train: it shows nothing new, and would count as a
// held-out image of its own, as which no limit can promise anything. Both are pairs of which one is for training and the other for testing: such an image
// makes the figures look better than they are. It reads all files.
func (s *Set) Duplicates() (repeated, both [][2]string, err error) {
	train := map[[32]byte]string{}
	var kept []string
	for _, p := range s.Train {
		sum, err := fileSum(p)
		if err != nil {
			return nil, nil, err
		}
		if first, ok := train[sum]; ok {
			repeated = append(repeated, [2]string{first, p})
			continue
		}
		train[sum] = p
		kept = append(kept, p)
	}
	s.Train = kept
	for _, it := range s.Test {
		sum, err := fileSum(it.Path)
		if err != nil {
			return nil, nil, err
		}
		if p, ok := train[sum]; ok {
			both = append(both, [2]string{p, it.Path})
		}
	}
	return repeated, both, nil
}

func fileSum(path string) ([32]byte, error) {
	data, err := Read(path)
	return sha256.Sum256(data), err
}
