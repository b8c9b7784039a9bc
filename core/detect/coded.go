package detect

import (
	"fmt"

	"anomnet/core/engine"
)

// Coded are centroids in fewer bytes. The first Exact are kept whole. Each other one is an earlier one, its parent, plus a correction of Bits bits a value:
//
//	value = clamp(parent + ((2*level - (1<<Bits) + 1) * step + 8) >> 4, -63, 63)        level = 0 .. (1<<Bits)-1
//
// Centres of greedy k-centre lie ever closer to earlier ones, so few bits say where: at 3 bits and 128 values a centroid takes 51 bytes in place of 128. (Residual
// quantisation, Chen, Guan and Wang, Approximate Nearest Neighbor Search by Residual Vector Quantization, 2010; that the choice of the next centre sees the decoded
// ones is ours.) All arithmetic is on integers.
type Coded struct {
	Exact, Bits int
	Whole       []int8  // [Exact][D]
	Parent      []int16 // [K-Exact] index of an earlier centroid
	Step        []uint8 // [K-Exact] 1..255
	Levels      []uint8 // [K-Exact][(D*Bits+7)/8], the first value in the lowest bits; bits left over are 0
}

// Limits of Coded: with one bit a value cannot stay as it is, beyond four little is saved, and a parent is an int16.
const (
	MinCodeBits = 2
	MaxCodeBits = 4
	MaxCoded    = 1 << 15
)

// LevelBytes is how many bytes the levels of a centroid of d values take.
func LevelBytes(d, bits int) int { return (d*bits + 7) / 8 }

// CodedBytes is how many bytes k centroids of d values take, of which exact are whole.
func CodedBytes(k, d, exact, bits int) int { return exact*d + (k-exact)*(LevelBytes(d, bits)+3) }

// Rows is the number of centroids.
func (c *Coded) Rows() int { return c.Exact + len(c.Parent) }

// Decode checks c and returns its centroids of d values.
func (c *Coded) Decode(d int) (Centroids, error) {
	out := Centroids{K: c.Rows(), D: d}
	n, width := len(c.Parent), LevelBytes(d, c.Bits)
	switch {
	case c.Bits < MinCodeBits || c.Bits > MaxCodeBits || c.Exact < 1 || d < 1 || d > 1024 || out.K > MaxCoded:
		return out, fmt.Errorf("detect: coded centroids: %d bits, %d whole ones of %d values, %d in all", c.Bits, c.Exact, d, out.K)
	case n < 1 || len(c.Whole) != c.Exact*d || len(c.Step) != n || len(c.Levels) != n*width:
		return out, fmt.Errorf("detect: coded centroids: %d whole values, %d steps and %d bytes of levels for %d centroids", len(c.Whole), len(c.Step), len(c.Levels), out.K)
	}
	out.Data = make([]int8, out.K*d)
	copy(out.Data, c.Whole)
	for i := range n {
		k := c.Exact + i
		if p := int(c.Parent[i]); p < 0 || p >= k || c.Step[i] == 0 {
			return out, fmt.Errorf("detect: coded centroid %d: parent %d, step %d", k, p, c.Step[i])
		}
		levels := c.Levels[i*width : (i+1)*width]
		if used := d * c.Bits % 8; used > 0 && levels[width-1]>>used != 0 {
			return out, fmt.Errorf("detect: coded centroid %d: bits after the last level", k)
		}
		parent := out.Data[int(c.Parent[i])*d:][:d]
		for j, row := 0, out.Data[k*d:(k+1)*d]; j < d; j++ {
			row[j] = corrected(parent[j], levelAt(levels, j, c.Bits), c.Bits, int32(c.Step[i]))
		}
	}
	return out, nil
}

// Cut keeps the first k centroids of d values.
func (c *Coded) Cut(k, d int) {
	if k < c.Exact {
		c.Exact, c.Whole = k, c.Whole[:k*d]
	}
	n := k - c.Exact
	c.Parent, c.Step, c.Levels = c.Parent[:n], c.Step[:n], c.Levels[:n*LevelBytes(d, c.Bits)]
}

// Append codes a centroid e as a correction of the nearest of those before it, which are decoded, and returns what it decodes to. Until there are whole centroids
// enough it keeps e as it is.
func (c *Coded) Append(e []int8, before Centroids, whole int) []int8 {
	if c.Exact < whole {
		c.Exact++
		c.Whole = append(c.Whole, e...)
		return e
	}
	at, _ := before.Which(e)
	parent := before.Data[at*before.D:][:before.D]
	step, levels := c.fit(e, parent)
	packed, row := make([]uint8, LevelBytes(len(e), c.Bits)), make([]int8, len(e))
	for j, l := range levels {
		bit := j * c.Bits
		packed[bit/8] |= l << (bit % 8)
		if bit%8+c.Bits > 8 {
			packed[bit/8+1] |= l >> (8 - bit%8)
		}
		row[j] = corrected(parent[j], l, c.Bits, step)
	}
	c.Parent, c.Step, c.Levels = append(c.Parent, int16(at)), append(c.Step, uint8(step)), append(c.Levels, packed...)
	return row
}

// fit returns the step that comes nearest to e, the smallest of equals, and its levels. Steps with which no level would be near the ends are not tried, but for 8,
// with which every value comes nearer to that of e unless it is there: so a coded centroid is always nearer than its parent.
func (c *Coded) fit(e, parent []int8) (best int32, levels []uint8) {
	var far int32
	for j, v := range e {
		far = max(far, abs(int32(v)-int32(parent[j])))
	}
	top := int32(1)<<c.Bits - 1
	hi := min(16*far/top+16, 255)
	least := int32(1) << 30
	try := make([]uint8, len(e))
	levels = make([]uint8, len(e))
	for step := max(1, min(hi/5, 8)); step <= hi; step++ {
		var sum int32
		for j, v := range e {
			l := c.nearest(int32(v)-int32(parent[j]), step, top)
			d := int32(v) - int32(corrected(parent[j], l, c.Bits, step))
			try[j] = l
			if sum += d * d; sum >= least {
				break
			}
		}
		if sum < least {
			least, best = sum, step
			copy(levels, try)
		}
	}
	return best, levels
}

// nearest returns the level whose correction comes nearest to r.
func (c *Coded) nearest(r, step, top int32) uint8 {
	at := (16*r + top*step + step) / (2 * step)
	at = max(0, min(at, top))
	l, miss := at, abs(r-correction(uint8(at), top, step))
	for _, other := range [...]int32{at - 1, at + 1} {
		if other < 0 || other > top {
			continue
		}
		if d := abs(r - correction(uint8(other), top, step)); d < miss {
			l, miss = other, d
		}
	}
	return uint8(l)
}

func correction(level uint8, top, step int32) int32 { return ((2*int32(level)-top)*step + 8) >> 4 }

func corrected(parent int8, level uint8, bits int, step int32) int8 {
	v := int32(parent) + correction(level, int32(1)<<bits-1, step)
	return int8(max(-engine.EmbeddingMax, min(v, engine.EmbeddingMax)))
}

// levelAt reads the level of value j.
func levelAt(packed []uint8, j, bits int) uint8 {
	bit := j * bits
	v := uint16(packed[bit/8])
	if bit%8+bits > 8 {
		v |= uint16(packed[bit/8+1]) << 8
	}
	return uint8(v>>(bit%8)) & (1<<bits - 1)
}

func abs(v int32) int32 { return max(v, -v) }
