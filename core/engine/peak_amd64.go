package engine

// Peak does n steps of the register tile without memory and returns how many multiply-adds that were: the speed limit for benchmarks.
func (k x86Kernels) Peak(n int) int { return k.isa.Peak(n) }
