package detect

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// codedRows codes random rows, most of them near one before, and returns what they decode to and what they were.
func codedRows(t *testing.T, k, d, bits, whole int) (c *Coded, decoded, rows []int8) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(bits), uint64(d)))
	c = &Coded{Bits: bits}
	for i := range k {
		row := make([]int8, d)
		for j := range row {
			row[j] = int8(r.IntN(127) - 63)
		}
		if i%5 > 0 { // every fifth is anywhere
			for j, v := range decoded[r.IntN(i)*d:][:d] {
				row[j] = int8(max(-63, min(63, int(v)+r.IntN(2*i+1)-i)))
			}
		}
		before := Centroids{K: i, D: d, Data: decoded}
		got := c.Append(row, before, whole)
		if i >= whole {
			at, far := before.Which(row)
			assert.Equal(t, int16(at), c.Parent[i-whole], "row %d", i)
			assert.True(t, squared(row, got) < int(far) || far == 0, "row %d: coding brings it nearer than its parent", i)
		}
		decoded, rows = append(decoded, got...), append(rows, row...)
	}
	return c, decoded, rows
}

func squared(a, b []int8) (s int) {
	for i := range a {
		s += (int(a[i]) - int(b[i])) * (int(a[i]) - int(b[i]))
	}
	return s
}

func TestCodedDecodesToWhatAppendReturned(t *testing.T) {
	for _, bits := range []int{2, 3, 4} {
		for _, d := range []int{1, 7, 8, 33} {
			c, decoded, rows := codedRows(t, 40, d, bits, 3)
			out, err := c.Decode(d)
			require.NoError(t, err)
			assert.Equal(t, Centroids{K: 40, D: d, Data: decoded}, out)
			require.NoError(t, out.Validate())
			assert.Equal(t, rows[:3*d], out.Data[:3*d], "the first are whole")
			assert.Equal(t, CodedBytes(40, d, 3, bits), len(c.Whole)+2*len(c.Parent)+len(c.Step)+len(c.Levels))
			c.Cut(17, d)
			cut, err := c.Decode(d)
			require.NoError(t, err)
			assert.Equal(t, decoded[:17*d], cut.Data)
		}
	}
}

// TestCodedByHand: 3 bits, parent 10, step 16: corrections are -7, -5 ... 7; 17 is 7 away, level 7; -60 is far away and takes level 0.
func TestCodedByHand(t *testing.T) {
	c := &Coded{Exact: 1, Bits: 3, Whole: []int8{10, 10, 62}, Parent: []int16{0}, Step: []uint8{16}, Levels: []uint8{0b11_000_111, 0b1}}
	out, err := c.Decode(3)
	require.NoError(t, err)
	assert.Equal(t, []int8{10, 10, 62, 17, 3, 63}, out.Data, "62+7 stays within the range of embeddings")
}

func TestCodedRefuses(t *testing.T) {
	make := func() *Coded {
		return &Coded{Exact: 1, Bits: 3, Whole: []int8{1, 2}, Parent: []int16{0}, Step: []uint8{9}, Levels: []uint8{1}}
	}
	_, err := make().Decode(2)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*Coded){
		"one bit":             func(c *Coded) { c.Bits = 1 },
		"five bits":           func(c *Coded) { c.Bits = 5 },
		"no whole one":        func(c *Coded) { c.Exact, c.Whole = 0, nil },
		"none coded":          func(c *Coded) { c.Parent, c.Step, c.Levels = nil, nil, nil },
		"itself as parent":    func(c *Coded) { c.Parent[0] = 1 },
		"a parent below 0":    func(c *Coded) { c.Parent[0] = -1 },
		"step 0":              func(c *Coded) { c.Step[0] = 0 },
		"a step too many":     func(c *Coded) { c.Step = append(c.Step, 1) },
		"levels missing":      func(c *Coded) { c.Levels = nil },
		"whole ones missing":  func(c *Coded) { c.Whole = c.Whole[:1] },
		"bits after the last": func(c *Coded) { c.Levels[0] = 1 << 6 },
	} {
		c := make()
		spoil(c)
		_, err := c.Decode(2)
		assert.ErrorContains(t, err, "detect: coded centroid", name)
	}
	_, err = make().Decode(0)
	assert.Error(t, err)
}

// TestCutKeepsTheFirst centroids, whole and coded ones, and nothing of the others.
func TestCutKeepsTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	const k, d, whole = 12, 5, 4
	data := make([]int8, k*d)
	for i := range data {
		data[i] = int8(r.IntN(127) - 63)
	}
	for keep := 1; keep <= k; keep++ {
		c := &Coded{Bits: 3}
		for i := range k {
			row := data[i*d : (i+1)*d]
			copy(row, c.Append(row, Centroids{K: i, D: d, Data: data[:i*d]}, whole))
		}
		c.Cut(keep, d)
		assert.Equal(t, keep, c.Rows())
		if keep <= whole {
			assert.Equal(t, data[:keep*d], c.Whole)
			assert.Empty(t, c.Levels)
			continue
		}
		out, err := c.Decode(d)
		require.NoError(t, err)
		assert.Equal(t, data[:keep*d], out.Data)
	}
}

// TestNearestLevel: no level of any step comes nearer to what is wanted.
func TestNearestLevel(t *testing.T) {
	for bits := MinCodeBits; bits <= MaxCodeBits; bits++ {
		top := int32(1)<<bits - 1
		for step := int32(1); step <= 255; step++ {
			for want := int32(-126); want <= 126; want++ {
				least := abs(want - correction((&Coded{}).nearest(want, step, top), top, step))
				for level := range top + 1 {
					if d := abs(want - correction(uint8(level), top, step)); d < least {
						t.Fatalf("%d bits, step %d, %d: level %d misses by %d, the chosen one by %d", bits, step, want, level, d, least)
					}
				}
			}
		}
	}
}
