package enginetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"anomnet/core/engine"
)

// TestResultsLieInsideTheirRange: where all are clamped, a wrong accumulator shows in none.
func TestResultsLieInsideTheirRange(t *testing.T) {
	for _, fill := range []Fill{Random, Extreme} {
		inside, all := 0, 0
		for i, c := range ConvCases() {
			if c.Fill != fill {
				continue
			}
			p := c.make(rand.New(rand.NewPCG(uint64(i), 1)))
			out := p.run(t, engine.Ref())
			for n := range p.call.H * p.call.W * c.Out {
				y, x, o := n/c.Out/p.call.W, n/c.Out%p.call.W, n%c.Out
				v := float32(int8(out[p.call.Out.At+y*p.call.Out.Row+x*p.call.Out.Col+o]))
				if all++; v > p.conv.Low && v < p.conv.High {
					inside++
				}
			}
		}
		assert.Greater(t, inside, all*2/5, "fill %d", fill) // of extreme rows every other one is negative
		for _, input := range []engine.InputKind{engine.InputU7, engine.InputRaw} {
			for i, values := range outputs(t, engine.Ref(), graph(input, 12, fill)) {
				seen := map[uint8]bool{}
				for _, v := range values {
					seen[v] = true
				}
				assert.Greater(t, len(seen), 12, fmt.Sprintf("%s fill=%d op %d", input, fill, i))
			}
		}
	}
}
