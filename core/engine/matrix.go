package engine

import (
	"fmt"
	"slices"
)

// GroupRows is the number of matrix rows that one group product computes.
const GroupRows = 12

// Three weights share one int64: each field has fieldBits bits, so a product with one activation makes three products. A
// field holds the sum of at most chunkCols products of 7-bit magnitudes: 64 * 127 * 127 < 2^20, signed in 21 bits.
const (
	fieldBits  = 21
	fieldCount = 3
	chunkCols  = 64
)

// Matrix is an int8 matrix [Rows][Cols], -127..127, prepared for products with vectors of 7-bit magnitude.
type Matrix struct {
	Rows, Cols int

	tier   Tier
	dense  []int8                          // [Rows][Cols], for TierRef
	packed [][GroupRows / fieldCount]int64 // [Groups][Cols], for TierGeneric
}

// NewMatrix packs w, [rows][cols], for a tier.
func NewMatrix(w []int8, rows, cols int, tier Tier) (*Matrix, error) {
	if rows < 0 || cols < 1 || len(w) != rows*cols {
		return nil, fmt.Errorf("engine: matrix %d x %d has %d values", rows, cols, len(w))
	}
	m := &Matrix{Cols: cols, tier: tier}
	for r := range rows {
		if err := m.Append(w[r*cols : (r+1)*cols]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Append adds a row, [Cols].
func (m *Matrix) Append(row []int8) error {
	if len(row) != m.Cols {
		return fmt.Errorf("engine: row of %d values in a matrix of %d columns", len(row), m.Cols)
	}
	if i := slices.Index(row, -128); i >= 0 {
		return fmt.Errorf("engine: value %d of row %d is -128", i, m.Rows)
	}
	group, slot := m.Rows/GroupRows, m.Rows%GroupRows
	m.Rows++
	if m.tier == TierRef {
		m.dense = append(m.dense, row...)
		return nil
	}
	if slot == 0 {
		m.packed = append(m.packed, make([][GroupRows / fieldCount]int64, m.Cols)...)
	}
	for c, v := range row {
		m.packed[group*m.Cols+c][slot/fieldCount] += int64(v) << (fieldBits * (slot % fieldCount))
	}
	return nil
}

// Groups returns the number of row groups; the last may be partly empty (its products are 0).
func (m *Matrix) Groups() int { return (m.Rows + GroupRows - 1) / GroupRows }

// MulU7 computes acc[i][r] = sum over c of x[i][c] * w[group*GroupRows+r][c] for n vectors. x is [n][Cols], 0..127; acc is
// [n][GroupRows].
func (m *Matrix) MulU7(group int, x []uint8, n int, acc []int32) { mulGroup(m, group, x, n, acc) }

// MulI8 is MulU7 for signed vectors, -127..127.
func (m *Matrix) MulI8(group int, x []int8, n int, acc []int32) { mulGroup(m, group, x, n, acc) }

func mulGroup[T uint8 | int8](m *Matrix, group int, x []T, n int, acc []int32) {
	if m.tier == TierRef {
		mulGroupRef(m, group, x, n, acc)
		return
	}
	w := m.packed[group*m.Cols : (group+1)*m.Cols]
	for i := 0; i < n; i++ {
		dot12(x[i*m.Cols:(i+1)*m.Cols], w, (*[GroupRows]int32)(acc[i*GroupRows:]))
	}
}

// mulGroupRef is the definition: plain loops.
func mulGroupRef[T uint8 | int8](m *Matrix, group int, x []T, n int, acc []int32) {
	for i := 0; i < n; i++ {
		for r := 0; r < GroupRows; r++ {
			var sum int32
			if row := group*GroupRows + r; row < m.Rows {
				for c := 0; c < m.Cols; c++ {
					sum += int32(x[i*m.Cols+c]) * int32(m.dense[row*m.Cols+c])
				}
			}
			acc[i*GroupRows+r] = sum
		}
	}
}

// dot12 multiplies one vector with twelve packed rows: one 64-bit product serves three rows.
func dot12[T uint8 | int8](x []T, w [][GroupRows / fieldCount]int64, out *[GroupRows]int32) {
	*out = [GroupRows]int32{}
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
