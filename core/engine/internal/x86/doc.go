// Package x86 holds the inner loops of the amd64 tiers of package engine in assembly. They know nothing of planes or graphs: a Tile says
// where values lie, package engine packs and drives. The assembly is written by the generator in _asm.
package x86
