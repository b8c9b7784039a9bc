// Package torch is a thin layer over libtorch, through the C interface of github.com/sugarme/gotch/libtch v0.9.1: tensors
// with an explicit end of life, the few dozen operations that the learner needs, reverse-mode gradients and Adam.
//
// It exists with the build tag torch only; without the tag this file is all there is. Prepare a build with setup.sh:
//
//	e=$(trainer/torch/setup.sh) && eval "$e" && go build -tags torch ./cmd/anomnet
//
// Rules, each of which is the cure of a fault measured in gotch's own Go layer:
//
//   - All tensor work happens inside [Do], which pins the goroutine to its thread: libtorch keeps errors and the
//     gradient mode per thread.
//   - Every tensor belongs to a [Scope] and is freed when the scope ends, never by a finalizer.
//   - A call that fails records the first line of libtorch's message in the scope and gives an empty tensor; further calls
//     of the scope do nothing. [Scope.Err] reports it. No call ends the process.
//   - "cuda" is there if libtorch counts a device, see [Open]. No CUDA kernel has been run through this package yet.
package torch
