package engine

// roundMagic is 1.5 * 2^23: adding it to a float32 of magnitude below 2^22 leaves no fraction bits, and the addition rounds half to even.
const roundMagic = 12582912

// Requantize returns clamp(roundHalfToEven(t), lo, hi). lo and hi are whole numbers of magnitude below 2^22.
func Requantize(t, lo, hi float32) int32 {
	if t < lo { // clamping first gives the same result and keeps the trick's range
		t = lo
	} else if t > hi {
		t = hi
	}
	t = float32(t + roundMagic)
	return int32(float32(t - roundMagic))
}
