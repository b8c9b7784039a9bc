package kernels

// PairLimit is 32767/127: what the weights of one sign in an int16 lane of Paired may have together.
const PairLimit = 258

// TakeExcess makes the weights of a Paired step fit into int16 for every x: what is too much moves from the second quad to x. It reports
// whether anything moved.
func TakeExcess(step []byte, x *Excess) bool {
	moved := false
	for slot := range Group {
		for _, half := range []int{0, 2} {
			at := 4*slot + half
			second := step[quadBytes+at:][:2]
			for _, sign := range []int{1, -1} {
				over := reach(step[at:], sign) + reach(second, sign) - PairLimit
				for i := 0; i < 2 && over > 0; i++ {
					take := min(over, max(0, sign*int(int8(second[i]))))
					second[i] = byte(int(int8(second[i])) - sign*take)
					x.Weights[at+i] += int8(sign * take)
					over -= take
					moved = moved || take > 0
				}
			}
		}
	}
	return moved
}

// reach returns the sum of two weights of one sign.
func reach(w []byte, sign int) int {
	return max(0, sign*int(int8(w[0]))) + max(0, sign*int(int8(w[1])))
}

// FitsPairs reports whether a row needs no Excess.
func FitsPairs(row []int8) bool {
	var lanes [4]int // two lanes, positive and negative
	for i, v := range row {
		if i%8 == 0 {
			lanes = [4]int{}
		}
		lane := i / 2 % 2
		if v < 0 {
			lane += 2
		}
		if lanes[lane] += max(int(v), -int(v)); lanes[lane] > PairLimit {
			return false
		}
	}
	return true
}
