package dataset

import (
	"crypto/sha256"
)

// Duplicates lists pairs of files with the same bytes of which one is for training and the other for testing: such an image makes the figures look
// better than they are. It reads all files.
func (s *Set) Duplicates() ([][2]string, error) {
	train := map[[32]byte]string{}
	for _, p := range s.Train {
		data, err := Read(p)
		if err != nil {
			return nil, err
		}
		train[sha256.Sum256(data)] = p
	}
	var out [][2]string
	for _, it := range s.Test {
		data, err := Read(it.Path)
		if err != nil {
			return nil, err
		}
		if p, ok := train[sha256.Sum256(data)]; ok {
			out = append(out, [2]string{p, it.Path})
		}
	}
	return out, nil
}
