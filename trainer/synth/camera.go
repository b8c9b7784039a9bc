package synth

import (
	"math"
	"math/rand/v2"

	"anomnet/core/imaging"
)

// render takes the picture: scene, lens, sensor. d may be nil; the mask is then nil too.
func (s *scene) render(d defect) (*imaging.RGB, []bool) {
	light, mask := s.expose(d)
	s.lens(light)
	return s.develop(light), mask
}

// at returns the middle of pixel (x, y) in units from the picture's centre.
func (s *scene) at(x, y int) vec {
	half := float64(s.size) / 2
	return vec{(float64(x) + 0.5 - half) / s.perUnit, (float64(y) + 0.5 - half) / s.perUnit}
}

// expose returns the linear light of every pixel, [size][size][3], and the mask of the defect.
func (s *scene) expose(d defect) (light []float32, mask []bool) {
	n := s.size
	light = make([]float32, n*n*3)
	if d != nil {
		mask = make([]bool, n*n)
	}
	for y := range n {
		for x := range n {
			p := s.at(x, y)
			c, fine := s.light(p, d)
			marked := s.marked(p, d)
			if fine || marked {
				c = s.average(p, d)
			}
			fall := 1 - 0.16*p.dot(p)/(192*192*2)
			for k := range c {
				light[(y*n+x)*3+k] = float32(c[k] * fall * s.exposure[k])
			}
			if marked {
				mask[y*n+x] = true
			}
		}
	}
	return light, mask
}

// corners are the sample points of a pixel with fine detail: a rotated grid, in pixels from its middle.
var corners = [4]vec{{-0.125, -0.375}, {0.375, -0.125}, {0.125, 0.375}, {-0.375, 0.125}}

// average samples a pixel four times, so that glints on thin edges do not break into dashes.
func (s *scene) average(p vec, d defect) (sum [3]float64) {
	for _, o := range corners {
		c, _ := s.light(p.add(o.mul(1/s.perUnit)), d)
		for k := range sum {
			sum[k] += c[k] / 4
		}
	}
	return sum
}

// visibility measures a defect: the number of pixels that it marks and their mean relative change of brightness.
func (s *scene) visibility(d defect) (pixels int, contrast float64) {
	for y := range s.size {
		for x := range s.size {
			p := s.at(x, y)
			if !s.marked(p, d) {
				continue
			}
			pixels++
			with, without := s.average(p, d), s.average(p, nil)
			var diff, sum float64
			for k := range with {
				diff += math.Abs(with[k] - without[k])
				sum += with[k] + without[k]
			}
			contrast += 2 * diff / (sum + 0.1)
		}
	}
	return pixels, contrast / float64(max(pixels, 1))
}

// lens blurs by a narrow separable kernel, in place.
func (s *scene) lens(light []float32) {
	const side, mid = 0.16, 0.68
	n := s.size
	line := make([]float32, n)
	pass := func(start, step int) {
		for i := range n {
			line[i] = light[start+i*step]
		}
		for i := range n {
			light[start+i*step] = mid*line[i] + side*(line[max(i-1, 0)]+line[min(i+1, n-1)])
		}
	}
	for i := range n {
		for k := range 3 {
			pass(i*n*3+k, 3)
			pass(i*3+k, n*3)
		}
	}
}

// develop adds shot and read noise and applies the tone curve.
func (s *scene) develop(light []float32) *imaging.RGB {
	img := imaging.NewRGB(s.size, s.size)
	curve, gauss := toneCurve(), gaussTable()
	r := rand.NewPCG(uint64(s.seed), 7)
	for i := 0; i < len(light); i += 3 {
		bits := r.Uint64()
		shared := gauss[bits&4095] * 0.5
		for k := range 3 {
			bits >>= 12
			v := float64(light[i+k])
			v += (gauss[bits&4095] + shared) * math.Sqrt(2.5e-6+9e-5*v)
			img.Pix[i+k] = curve[int(clamp(v*curveStep, 0, curveSize-1))]
		}
	}
	return img
}

const (
	curveStep = 4096 // entries of the tone curve for one unit of light
	curveSize = 3 * curveStep
)

// toneCurve maps linear light to 8 bits: a soft shoulder, then the sRGB transfer function.
func toneCurve() []uint8 {
	t := make([]uint8, curveSize)
	for i := range t {
		v := (float64(i) + 0.5) / curveStep
		v = 1 - math.Exp(-1.45*v)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(v*255 + 0.5)
	}
	return t
}
