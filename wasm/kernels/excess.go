package kernels

// ChainLimit is 32767/127: what the weights of one sign in an int16 lane of Chained may have together.
const ChainLimit = 258

// TakeExcess makes the weights of a Chained step fit into int16 for every x: what is too much moves from quad i, the last ones first, to take(i). The first quad
// always fits.
func (d Dot) TakeExcess(step []byte, take func(quad int) *Excess) {
	for at := 0; at < quadBytes; at += 2 { // int16 lanes: two weights of each quad
		sum, magnitude := 0, 0
		for i := at; i < d.Chain*quadBytes; i += quadBytes {
			a, b := int(int8(step[i])), int(int8(step[i+1]))
			sum += a + b
			magnitude += max(a, -a) + max(b, -b)
		}
		if over := (magnitude+sum)/2 - ChainLimit; over > 0 {
			d.takeLane(step, at, 1, over, take)
		}
		if over := (magnitude-sum)/2 - ChainLimit; over > 0 {
			d.takeLane(step, at, -1, over, take)
		}
	}
}

// takeLane takes over from the weights of one sign in the lane at at.
func (d Dot) takeLane(step []byte, at, sign, over int, take func(quad int) *Excess) {
	for i := d.Chain - 1; i > 0 && over > 0; i-- {
		for k := range 2 {
			w := &step[i*quadBytes+at+k]
			if n := min(over, part(*w, sign)); n > 0 {
				*w = byte(int(int8(*w)) - sign*n)
				take(i).Weights[at+k] += int8(sign * n)
				over -= n
			}
		}
	}
}

// part returns the magnitude of a weight that has the sign, else 0.
func part(w byte, sign int) int { return max(0, sign*int(int8(w))) }

// Fits reports whether a row needs no Excess.
func (d Dot) Fits(row []int8) bool {
	var lanes [4]int // two lanes, positive and negative
	for i, v := range row {
		if i%d.PerStep() == 0 {
			lanes = [4]int{}
		}
		lane := i / 2 % 2
		if v < 0 {
			lane += 2
		}
		if lanes[lane] += max(int(v), -int(v)); lanes[lane] > ChainLimit {
			return false
		}
	}
	return true
}
