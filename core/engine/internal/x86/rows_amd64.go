package x86

// Add3 writes a + b + c for n values; n is at least 16.
//
//go:noescape
func Add3(dst *uint16, a, b, c *uint8, n int)

// Add3Wide is Add3 for sums.
//
//go:noescape
func Add3Wide(dst, a, b, c *uint16, n int)

// Blend writes 3 a + b for n values; n is at least 16.
//
//go:noescape
func Blend(dst, a, b *uint16, n int)

// Requantise turns sums, [n][channels], into u7 values: clamp(roundHalfToEven(f32(sum) * scale), 0, 127). The values of the next position come
// step bytes after those of one; channels is at least 16.
//
//go:noescape
func Requantise(dst *uint8, step int, sums *uint16, scale *float32, channels, n int)

// Maximum3 writes the maximum over windows of 3 x 3 pixels for n positions; channels is at least 16.
//
//go:noescape
func Maximum3(dst, src *uint8, channels, rowStep, colStep, dstStep, srcStep, n int)
