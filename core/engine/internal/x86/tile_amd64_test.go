package x86

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// TestOffsets: the assembly knows where the fields are.
func TestOffsets(t *testing.T) {
	assert.EqualValues(t, 8, unsafe.Offsetof(Stream[uint8]{}.At))
	assert.EqualValues(t, 72, unsafe.Offsetof(Stream[uint8]{}.Off))
	assert.EqualValues(t, 80, unsafe.Offsetof(Stream[uint8]{}.Step))
	assert.EqualValues(t, 88, unsafe.Sizeof(Stream[uint8]{}))
	first := unsafe.Offsetof(Tile{}.Count)
	assert.EqualValues(t, 4*88, first)
	for i, offset := range []uintptr{unsafe.Offsetof(Tile{}.Weights), unsafe.Offsetof(Tile{}.Rows), unsafe.Offsetof(Tile{}.Run), unsafe.Offsetof(Tile{}.RowSkip),
		unsafe.Offsetof(Tile{}.Passes), unsafe.Offsetof(Tile{}.left), unsafe.Offsetof(Tile{}.Init), unsafe.Offsetof(Tile{}.Bias),
		unsafe.Offsetof(Tile{}.Scale), unsafe.Offsetof(Tile{}.ResScale)} {
		assert.EqualValues(t, first+8*uintptr(i+1), offset)
	}
	assert.EqualValues(t, unsafe.Offsetof(Tile{}.ResScale)+4, unsafe.Offsetof(Tile{}.Low))
	assert.EqualValues(t, unsafe.Offsetof(Tile{}.ResScale)+8, unsafe.Offsetof(Tile{}.High))
}
