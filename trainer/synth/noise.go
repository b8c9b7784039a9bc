package synth

import "math"

// hash01 returns a number from -1 to 1 for a lattice point.
func hash01(x, y int32, seed uint32) float64 {
	h := uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35 ^ seed
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	h ^= h >> 15
	return float64(h)*(2.0/(1<<32)) - 1
}

// noise is smooth value noise with lattice spacing 1, from -1 to 1.
func noise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int32(fx), int32(fy)
	u, v := x-fx, y-fy
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	top := mix(hash01(ix, iy, seed), hash01(ix+1, iy, seed), u)
	return mix(top, mix(hash01(ix, iy+1, seed), hash01(ix+1, iy+1, seed), u), v)
}

// gaussTable holds 4,096 quantiles of the normal distribution: sensor noise without a logarithm a pixel.
func gaussTable() []float64 {
	const n = 4096
	t := make([]float64, n)
	for i := range t {
		t[i] = math.Sqrt2 * math.Erfinv((2*float64(i)+1)/n-1)
	}
	return t
}
