// Package compare runs methods on data sets with seeds on the same features, and makes one table of what they reach.
//
//	grid := compare.Grid{Methods: []string{"anomnet", "patchcore"}, Seeds: 3}
//	for _, dir := range dirs {
//		data, err := compare.Load(ctx, dir, backbone, opt)
//		cells, err := data.Run(ctx, grid, store, opt)
//	}
//
// A cell is one method on one data set with one seed and one size of head. It is stored when it is done, whole or not at all, so a run that was
// stopped goes on where it was. Features are computed once for each data set and shared by its cells, which run side by side.
package compare
