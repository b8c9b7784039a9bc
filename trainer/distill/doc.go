// Package distill trains backbones: a small student network learns to predict the features of a larger teacher on unlabelled photographs.
//
//	res, err := distill.Run(ctx, &distill.Options{Teacher: weights, Arch: "resnet18", Images: "photos", Dir: "run", Steps: 10000})
//
// The student is a chain of plain convolutions with ReLU. Linear heads on its taps predict the teacher's features, standardised by
// channel; they serve the training only. Batch norm is folded at the end. A finish with simulated integers (u7 activations, int8 weights,
// straight-through gradients) may follow: then the exported steps and weights give in core/engine the very integers that the training saw.
//
// Everything random follows from the seed and the number of the step, so a run that was cut and resumed gives the bits of one that was not, at the
// same number of threads. Files of a run: photos-*.bin (the decoded photographs), crops-*.bin (crops with the teacher's features, with
// Options.Crops), checkpoint.safetensors.
//
// It needs libtorch and the build tag torch, as package trainer does; without, Run gives trainer.ErrNoTorch. CUDA and bfloat16 on CUDA have
// not been run by us.
package distill
