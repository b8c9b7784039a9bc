package kernels

import "unsafe"

// The kernels take one argument: where their arguments lie. These structs are read by the modules, which know the offsets of the fields.
// Pointers are 8 bytes wide in Go's wasm port and on the machines that emit the modules; kernels read the lower four.

// ConvArgs is what conv8 and conv16 read.
type ConvArgs struct {
	In, Out, Res unsafe.Pointer // first run of position (0, 0), its first output value, its first residual value
	Panels       unsafe.Pointer // see Packing
	Factor       unsafe.Pointer // or nil
	Table        unsafe.Pointer // scratch, TableBytes
	Wide         unsafe.Pointer // conv16: scratch, WideBytes
	Excess       unsafe.Pointer // conv8_chained: quads of weights that did not fit, see Excess
	ExcessEnds   unsafe.Pointer // conv8_chained: int32 by panel, where its bytes of Excess end; one more before the first, 0

	H, W           int32
	InRow, InCol   int32 // bytes from a position to the next
	OutRow, OutCol int32
	ResRow, ResCol int32
	Span           int32 // conv16: bytes from In to the end of the last run
	Channels       int32
	PanelBytes     int32
	BlockBytes     int32 // of the table: positions that all panels go over before the next ones, a multiple of Dot.TileBytes
	Rows           int32 // runs of a window
	RowStep        int32 // bytes from one to the next
	MainBytes      int32 // bytes of the weights of one run: whole turns of the unrolled loop,
	RestBytes      int32 // and what is left
	Advance        int32 // bytes from the end of a run, as it is read, to the start of the next

	Residual      int32 // 1 with a residual
	Low, High     float32
	ResidualScale float32
	Magic         float32 // RoundMagic
}

// Excess is a quad of weights of a panel that conv8_chained adds on its own: what goes beyond ChainLimit.
type Excess struct {
	Run, At int32 // the run and the offset of the four values of x in it
	_       [2]int32
	Weights [quadBytes]int8 // [Group][4]
}

// RoundMagic rounds half to even: added to an f32 of small magnitude, it leaves a whole number in the low bits.
const RoundMagic = 12582912

// NearestArgs is what nearest8 and nearest16 read.
type NearestArgs struct {
	E       unsafe.Pointer // [N][D] int8
	Panels  unsafe.Pointer // the first group of rows to look at
	D2      unsafe.Pointer // [N] int32
	Scratch unsafe.Pointer // NearestScratch bytes

	N, D       int32
	Groups     int32
	PanelBytes int32
	MainBytes  int32
	RestBytes  int32
	Stride     int32 // bytes of a prepared vector
	Best       int32 // offset of the running minima in Scratch
}

// PoolArgs is what max_pool reads.
type PoolArgs struct {
	In, Out          unsafe.Pointer
	H, W, C          int32
	Kernel           int32
	InRow, InCol     int32
	OutRow, OutCol   int32
	RowStep, ColStep int32
}

// MeanArgs is what local_mean reads. Scratch is laid out as the sums [H][W][C] behind room for four rows.
type MeanArgs struct {
	In, Out, Scale, Scratch unsafe.Pointer
	H, W, C                 int32
	InRow, InCol            int32
	OutRow, OutCol          int32
	Up, Zeros               int32
	Low, High, Magic        float32
}

// PeakArgs is what peak16, peak8 and peak8_chained read.
type PeakArgs struct {
	Turns int32
	_     [3]int32
	V     [2][16]uint8
}
