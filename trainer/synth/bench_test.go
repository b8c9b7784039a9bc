package synth

import "testing"

func BenchmarkGood(b *testing.B) {
	for _, kind := range Kinds() {
		b.Run("kind="+kind, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				Good(Options{Kind: kind}, i)
				i++
			}
		})
	}
}
