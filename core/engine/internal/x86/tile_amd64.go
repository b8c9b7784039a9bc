package x86

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../tile_amd64.s

// HasAVX2 reports whether the AVX2 kernels run here, HasVNNI those with AVX-512 VNNI.
func HasAVX2() bool { return cpu.X86.HasAVX2 }

// HasVNNI is described at HasAVX2.
func HasVNNI() bool {
	x := &cpu.X86
	return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI
}

// MaxPositions and MaxChannels bound the register tiles.
const (
	MaxPositions = 8
	MaxChannels  = 64
)

// PassShift is the weight of the first of two passes: its products count 1 << PassShift times.
const PassShift = 6

// Stream says where the positions of a tile find or leave their values: position i at Base + Off + At[i], in bytes. Off grows by Step from tile to tile.
type Stream[T any] struct {
	Base *T
	At   [MaxPositions]int
	Off  int
	Step int
}

// Tile describes successive register tiles that share their weights. Run changes the offsets of the streams and Count.
type Tile struct {
	In, Out   Stream[uint8]
	Res       Stream[uint8]   // Base is nil without
	Factor    Stream[float32] // Base is nil without
	Count     int             // of tiles, at least 1; counted down
	Weights   *int8           // [Passes][Rows][Run/4][channels][4]
	Rows, Run int             // runs of a window and their bytes, a multiple of 4
	RowSkip   int             // bytes from the end of a run to the next
	Passes    int             // 1 or 2
	left      int
	Init      *int32   // [channels]: the bias, or zeros before two passes
	Bias      *int32   // [channels]
	Scale     *float32 // [channels]
	ResScale  float32
	Low, High float32
}

// ISA is an instruction set with kernels.
type ISA int

// Instruction sets.
const (
	AVX2 ISA = iota
	VNNI     // AVX-512 with VNNI
)

// String returns the name of the tier.
func (i ISA) String() string { return [...]string{"avx2", "avx512vnni"}[i] }

// Shape is the register tile of a kernel.
type Shape struct {
	isa                 ISA
	Positions, Channels int
}

// shapes lists the kernels, those to prefer first.
var shapes = [...]Shape{{VNNI, 8, 48}, {VNNI, 6, 64}, {VNNI, 8, 32}, {VNNI, 8, 24}, {VNNI, 8, 16}, {AVX2, 4, 24}, {AVX2, 6, 16}}

// Fit returns the kernel that computes the fewest channels beside the wanted ones.
func (i ISA) Fit(channels int) Shape {
	var best Shape
	least := 0
	for _, s := range shapes {
		if n := (channels + s.Channels - 1) / s.Channels * s.Channels; s.isa == i && (least == 0 || n < least) {
			best, least = s, n
		}
	}
	return best
}

// Run computes tiles. It is a switch, not a table of functions, to keep tiles on the stack.
func (s Shape) Run(t *Tile) {
	switch {
	case s.isa == VNNI && s.Channels == 48:
		conv8x48VNNI(t)
	case s.isa == VNNI && s.Channels == 64:
		conv6x64VNNI(t)
	case s.isa == VNNI && s.Channels == 32:
		conv8x32VNNI(t)
	case s.isa == VNNI && s.Channels == 24:
		conv8x24VNNI(t)
	case s.isa == VNNI && s.Channels == 16:
		conv8x16VNNI(t)
	case s.isa == AVX2 && s.Channels == 24:
		conv4x24AVX2(t)
	case s.isa == AVX2 && s.Channels == 16:
		conv6x16AVX2(t)
	}
}

// The kernels, convPxC: P positions times C channels.
//
//go:noescape
func conv8x48VNNI(t *Tile)

//go:noescape
func conv6x64VNNI(t *Tile)

//go:noescape
func conv8x32VNNI(t *Tile)

//go:noescape
func conv8x24VNNI(t *Tile)

//go:noescape
func conv8x16VNNI(t *Tile)

//go:noescape
func conv4x24AVX2(t *Tile)

//go:noescape
func conv6x16AVX2(t *Tile)
