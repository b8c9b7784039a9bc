// Package compare runs methods on data sets with seeds on the same features, and makes one table of what they reach.
//
//	r := compare.Runner{Grid: compare.Grid{Methods: []string{"anomnet", "patchcore"}, Seeds: 3, Bytes: []int{method.DefaultBytes}}, Store: store}
//	for _, dir := range dirs {
//		s, err := compare.Open(dir)
//		data, err := s.Describe(backbone, pre)
//		err = s.Load(ctx, data, backbone, r.Grid, opt)
//		cells, failed, err := r.Run(ctx, data)
//	}
//
// A cell is one method on one data set with one seed and one size of head. It is stored when it is done, whole or not at all, so a run that was
// stopped goes on where it was. Features are computed once for each data set and shared by its cells, which run side by side.
package compare
