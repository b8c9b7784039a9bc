package engine

// groupRows is the number of matrix rows that dot12 multiplies at a time.
const groupRows = 12

// Three weights share one int64: each field has fieldBits bits, so a product with one activation makes three products. A
// field holds the sum of at most chunkCols products of 7-bit magnitudes: 64 * 127 * 127 < 2^20, signed in 21 bits.
const (
	fieldBits  = 21
	fieldCount = 3
	chunkCols  = 64
)

// packed holds int8 rows in groups of twelve, [groups][cols]; missing rows of the last group are 0.
type packed [][groupRows / fieldCount]int64

// append adds row number i.
func (p *packed) append(row []int8, i int) {
	group, slot := i/groupRows, i%groupRows
	if slot == 0 {
		*p = append(*p, make(packed, len(row))...)
	}
	for c, v := range row {
		(*p)[group*len(row)+c][slot/fieldCount] += int64(v) << (fieldBits * (slot % fieldCount))
	}
}

func (p packed) group(g, cols int) packed { return p[g*cols : (g+1)*cols] }

// dot12 multiplies one vector with twelve packed rows: one 64-bit product serves three rows.
func dot12[T uint8 | int8](x []T, w packed, out *[groupRows]int32) {
	*out = [groupRows]int32{}
	for len(w) > 0 {
		n := min(chunkCols, len(w))
		xs, ws := x[:n], w[:n]
		var a0, a1, a2, a3 int64
		for i := range ws {
			v, p := int64(xs[i]), &ws[i]
			a0 += v * p[0]
			a1 += v * p[1]
			a2 += v * p[2]
			a3 += v * p[3]
		}
		addFields(a0, (*[fieldCount]int32)(out[0:3]))
		addFields(a1, (*[fieldCount]int32)(out[3:6]))
		addFields(a2, (*[fieldCount]int32)(out[6:9]))
		addFields(a3, (*[fieldCount]int32)(out[9:12]))
		x, w = x[n:], w[n:]
	}
}

// addFields splits a into its three signed fields and adds them to out. A negative lower field has borrowed from the one
// above; subtracting it first gives the loan back.
func addFields(a int64, out *[fieldCount]int32) {
	const up = 64 - fieldBits
	f0 := a << up >> up
	a = (a - f0) >> fieldBits
	f1 := a << up >> up
	a = (a - f1) >> fieldBits
	out[0] += int32(f0)
	out[1] += int32(f1)
	out[2] += int32(a)
}
