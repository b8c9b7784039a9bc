package pseudo

import "math/bits"

// rng is splitmix64 (Steele, Lea and Flood, 2014, figure 14): eight bytes of state, the same everywhere.
type rng struct{ state uint64 }

func (g *rng) next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	return mix(g.state)
}

// mix is splitmix64's finaliser; it also serves as the hash of lattice points.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns 0..n-1, n >= 1. The bias of at most n/2^64 does not matter here.
func (g *rng) intn(n int) int {
	hi, _ := bits.Mul64(g.next(), uint64(n))
	return int(hi)
}

// between returns lo..hi, both included; lo if hi < lo.
func (g *rng) between(lo, hi int) int {
	if hi < lo {
		return lo
	}
	return lo + g.intn(hi-lo+1)
}

// sign returns -1 or 1.
func (g *rng) sign() int { return 2*g.intn(2) - 1 }

// unit returns a direction of length about 4096, uniform over angles, without sine or cosine.
func (g *rng) unit() (x, y int64) {
	for {
		x, y = int64(g.between(-4096, 4096)), int64(g.between(-4096, 4096))
		d2 := x*x + y*y
		if d2 >= 256*256 && d2 <= 4096*4096 {
			d := isqrt(d2)
			return x * 4096 / d, y * 4096 / d
		}
	}
}

// isqrt returns the integer square root, rounded down, of v >= 0.
func isqrt(v int64) int64 {
	if v <= 0 {
		return 0
	}
	r := int64(1) << ((bits.Len64(uint64(v)) + 1) / 2)
	for {
		n := (r + v/r) >> 1
		if n >= r {
			return r
		}
		r = n
	}
}

// gradients are eight directions of length 256.
var gradients = [8][2]int{{256, 0}, {181, 181}, {0, 256}, {-181, 181}, {-256, 0}, {-181, -181}, {0, -256}, {181, -181}}

// perlin is gradient noise (Perlin, 2002) at (x, y) in 1/256 lattice cells; the result lies within about -181..181.
func perlin(x, y int, seed uint64) int {
	ix, iy, fx, fy := x>>8, y>>8, x&255, y&255
	corner := func(cx, cy int) int {
		h := mix(seed ^ uint64(int64(ix+cx))*0x9e3779b97f4a7c15 ^ bits.RotateLeft64(uint64(int64(iy+cy))*0xc2b2ae3d27d4eb4f, 32))
		gr := gradients[h>>61]
		return (gr[0]*(fx-cx<<8) + gr[1]*(fy-cy<<8)) >> 8
	}
	u, v := fade(fx), fade(fy)
	top := corner(0, 0)*(256-u) + corner(1, 0)*u
	bottom := corner(0, 1)*(256-u) + corner(1, 1)*u
	return (top*(256-v) + bottom*v) >> 16
}

// fade is 3t^2 - 2t^3 with t and the result in 1/256.
func fade(t int) int { return t * t * (768 - 2*t) >> 16 }
