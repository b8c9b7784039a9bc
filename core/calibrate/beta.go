package calibrate

import "math"

// betaQuantile is the x with I_x(a, b) = p for a, b >= 1 and 0 < p < 1, by bisection: the interval is shown to a person a few
// times, so plain and certain beats fast.
func betaQuantile(p, a, b float64) float64 {
	lo, hi := 0.0, 1.0
	for range 200 {
		mid := (lo + hi) / 2
		if mid <= lo || mid >= hi {
			break
		}
		if betaCDF(mid, a, b) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// betaCDF is the regularised incomplete beta function I_x(a, b), DLMF 8.17.22, with the symmetry 8.17.4 where the continued
// fraction would converge slowly.
func betaCDF(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - betaFront(1-x, b, a)*betaFraction(1-x, b, a)
	}
	return betaFront(x, a, b) * betaFraction(x, a, b)
}

// betaFront is x^a (1-x)^b / (a B(a, b)).
func betaFront(x, a, b float64) float64 {
	lab, _ := math.Lgamma(a + b)
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	return math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
}

// betaFraction evaluates the continued fraction of DLMF 8.17.22 by the modified Lentz method.
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 { // from zero
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, f := 1.0, 1/away(1-(a+b)*x/(a+1))
	d := f
	for m := 1.0; m <= 10000; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / away(1+even*d)
		c = away(1 + even/c)
		f *= c * d
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / away(1+odd*d)
		c = away(1 + odd/c)
		f *= c * d
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return f
}
