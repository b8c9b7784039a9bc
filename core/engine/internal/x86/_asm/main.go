// Command _asm writes the assembly of package x86 with avo. Like the standard library's generators it is a module of its own, so that the
// generator's dependencies are not the program's. Run it with go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	tile512, tile256 := shape{vnni, 8, []int{64, 64, 64}}, shape{avx2, 4, []int{32, 32, 32}}
	for _, s := range []shape{
		tile512,
		{vnni, 6, []int{64, 64, 64, 64}},
		{vnni, 8, []int{64, 64}},
		{vnni, 8, []int{64, 32}},
		{vnni, 8, []int{64}},
		tile256,
		{avx2, 6, []int{32, 32}},
	} {
		conv(s)
	}
	for _, s := range []shape{tile512, tile256} {
		search(s)
		search(shape{s.isa, 1, s.columns})
		peak(s)
	}
	encode("encodeVNNI", true)
	encode("encodeAVX2", false)
	sums()
	requantiseRow()
	maximum3()
	Generate()
}
