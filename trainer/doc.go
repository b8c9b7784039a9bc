// Package trainer learns the heads of parts on a workstation: the two-stage adapter of [LearnAdapter] on features that core
// computed. Scoring stays with core: nothing that a verdict depends on is computed here.
//
// The learner needs libtorch and the build tag torch; trainer/torch/setup.sh prepares such a build:
//
//	e=$(trainer/torch/setup.sh) && eval "$e" && go build -tags torch ./cmd/anomnet
//
// Without the tag the package compiles, and [LearnAdapter] gives [ErrNoTorch].
package trainer
