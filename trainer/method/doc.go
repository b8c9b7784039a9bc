// Package method makes heads that the engine can score: by AnomNet, and by those baselines that end as centroids.
//
//	made, err := method.Fit(ctx, set, method.Options{Method: method.AnomNet, Part: "screw"}, opt)
//	file, err := model.Encode(&model.File{Head: made.Head})
//
// All of them see the same features, end as a linear adapter and centroids, and are calibrated by core/teach on held-out good images.
package method
