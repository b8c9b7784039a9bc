package x86

// Scan describes the comparison of a tile of vectors with panels of rows.
type Scan struct {
	Vectors *uint8 // [positions][Depth], from Encode
	Depth   int    // a multiple of 4
	Rows    *int8  // [Panels][Depth/4][channels][4]
	Start   *int32 // [Panels][channels]: -|row|^2 - 128 * sum(row)
	Panels  int    // at least 1
	Best    *int32 // [positions][Lanes]: the largest 2 e.row - |row|^2 so far, by lane
}

// ScanShape is the tile of Run.
func (i ISA) ScanShape() Shape {
	if i == VNNI {
		return Shape{VNNI, 8, 48}
	}
	return Shape{AVX2, 4, 24}
}

// Lanes returns how many maxima Scan.Best holds for a vector.
func (i ISA) Lanes() int {
	if i == VNNI {
		return 16
	}
	return 8
}

// MaxLanes is the largest of Lanes.
const MaxLanes = 16

// Scan compares n vectors: as many as the tile has positions, or one.
func (i ISA) Scan(s *Scan, n int) {
	switch {
	case i == VNNI && n == 1:
		scan1x48VNNI(s)
	case i == VNNI:
		scan8x48VNNI(s)
	case n == 1:
		scan1x24AVX2(s)
	default:
		scan4x24AVX2(s)
	}
}

// Encode converts an embedding, -63..63, of n values, a multiple of 16, to the unsigned values of Scan and returns the sum of its squares.
func (i ISA) Encode(dst *uint8, src *int8, n int) int32 {
	if n == 0 {
		return 0
	}
	if i == VNNI {
		return encodeVNNI(dst, src, n)
	}
	return encodeAVX2(dst, src, n)
}

// EncodeOne is Encode for one value, without the square.
func (i ISA) EncodeOne(e int8) uint8 {
	if i == VNNI {
		return uint8(2 * (int(e) + 64))
	}
	return uint8(int(e) + 64)
}

// Peak does n steps of a register tile without memory and returns how many multiply-adds that were: a yardstick.
func (i ISA) Peak(n int) int {
	if i == VNNI {
		peakVNNI(n)
	} else {
		peakAVX2(n)
	}
	s := i.ScanShape()
	return n * s.Positions * s.Channels * 4
}

// The kernels.
//
//go:noescape
func scan8x48VNNI(s *Scan)

//go:noescape
func scan1x48VNNI(s *Scan)

//go:noescape
func scan4x24AVX2(s *Scan)

//go:noescape
func scan1x24AVX2(s *Scan)

//go:noescape
func encodeVNNI(dst *uint8, src *int8, n int) int32

//go:noescape
func encodeAVX2(dst *uint8, src *int8, n int) int32

//go:noescape
func peakVNNI(n int)

//go:noescape
func peakAVX2(n int)
