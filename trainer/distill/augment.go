package distill

import (
	"math"
	"math/rand/v2"

	"anomnet/core/imaging"
)

// The probabilities and ranges of the augmentation. They make up for what photographs lack of industrial images: gray, dark, flat and noisy ones.
const (
	shareGray   = 0.4
	shareTone   = 0.7 // contrast, brightness and gamma
	shareInvert = 0.05
	shareBlur   = 0.2
	shareNoise  = 0.2

	leastScale  = 0.5 // of the shorter side
	leastSlope  = 0.35
	mostSlope   = 1.4
	mostShift   = 40.0
	mostGamma   = 0.4 // of the logarithm
	mostNoise   = 12.0
	mostBlurred = 3 // passes of [1 2 1]/4
)

// crop makes one crop of side x side pixels, by rng alone.
func crop(img *imaging.RGB, side int, rng *rand.Rand) *imaging.RGB {
	short := float64(min(img.W, img.H))
	size := max(1, int(math.Round(short*(leastScale+(1-leastScale)*rng.Float64()))))
	x, y := rng.IntN(img.W-size+1), rng.IntN(img.H-size+1)
	out := imaging.Resize(window(img, x, y, size), side, side)
	turn(out, rng.IntN(8))
	if rng.Float64() < shareBlur {
		for range 1 + rng.IntN(mostBlurred) {
			blur(out)
		}
	}
	gray := rng.Float64() < shareGray
	if gray {
		toGray(out)
	}
	table := tone(rng)
	for i, v := range out.Pix {
		out.Pix[i] = table[v]
	}
	if rng.Float64() < shareNoise {
		noise(out, 1+(mostNoise-1)*rng.Float64(), gray, rng)
	}
	return out
}

func window(img *imaging.RGB, x, y, size int) *imaging.RGB {
	out := imaging.NewRGB(size, size)
	for r := range size {
		from := ((y+r)*img.W + x) * 3
		copy(out.Pix[r*size*3:(r+1)*size*3], img.Pix[from:from+size*3])
	}
	return out
}

// turn applies one of the eight symmetries of the square: bit 0 mirrors, bit 1 turns upside down, bit 2 transposes.
func turn(img *imaging.RGB, k int) {
	n := img.W
	src := append([]uint8(nil), img.Pix...)
	for y := range n {
		for x := range n {
			sx, sy := x, y
			if k&4 != 0 {
				sx, sy = sy, sx
			}
			if k&1 != 0 {
				sx = n - 1 - sx
			}
			if k&2 != 0 {
				sy = n - 1 - sy
			}
			copy(img.Pix[(y*n+x)*3:][:3], src[(sy*n+sx)*3:][:3])
		}
	}
}

// blur applies [1 2 1]/4 along both axes; edges repeat.
func blur(img *imaging.RGB) {
	for _, step := range []struct{ next, n, rows, stride int }{{3, img.W, img.H, img.W * 3}, {img.W * 3, img.H, img.W, 3}} {
		for r := range step.rows {
			for c := range 3 {
				at := r*step.stride + c
				before := int(img.Pix[at])
				for i := range step.n {
					v := int(img.Pix[at])
					after := v
					if i+1 < step.n {
						after = int(img.Pix[at+step.next])
					}
					img.Pix[at] = uint8((before + 2*v + after + 2) / 4)
					before, at = v, at+step.next
				}
			}
		}
	}
}

func toGray(img *imaging.RGB) {
	for i := 0; i < len(img.Pix); i += 3 {
		p := img.Pix[i : i+3]
		v := uint8((19595*int(p[0]) + 38470*int(p[1]) + 7471*int(p[2]) + 32768) >> 16)
		p[0], p[1], p[2] = v, v, v
	}
}

// tone draws a table of 256 brightnesses.
func tone(rng *rand.Rand) *[256]uint8 {
	slope, shift, gamma := 1.0, 0.0, 1.0
	if rng.Float64() < shareTone {
		slope = leastSlope + (mostSlope-leastSlope)*rng.Float64()
		shift = mostShift * (2*rng.Float64() - 1)
		gamma = math.Exp(mostGamma * (2*rng.Float64() - 1))
	}
	invert := rng.Float64() < shareInvert
	var t [256]uint8
	for i := range t {
		v := 255 * math.Pow(float64(i)/255, gamma)
		v = (v-128)*slope + 128 + shift
		if invert {
			v = 255 - v
		}
		t[i] = uint8(math.Round(min(max(v, 0), 255)))
	}
	return &t
}

// noise adds normal noise, the same to all channels of a gray image.
func noise(img *imaging.RGB, sigma float64, gray bool, rng *rand.Rand) {
	var n float64
	for i, v := range img.Pix {
		if !gray || i%3 == 0 {
			n = sigma * rng.NormFloat64()
		}
		img.Pix[i] = uint8(math.Round(min(max(float64(v)+n, 0), 255)))
	}
}
