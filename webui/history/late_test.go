package history

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestStoredWhileTheHistoryIsRead, by this tab or by another one: what was read before has not got it.
func TestStoredWhileTheHistoryIsRead(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 1)
	f.s.slow = true
	f.c.Reload()
	f.s.load()
	assert.Len(t, f.c.Rows(), 3, "session, part, image")

	f.c.Reload()
	early := f.s.load
	f.inspect("b.png", 1)
	early()
	assert.Len(t, f.c.Rows(), 4)

	f.c.Reload()
	early = f.s.load
	f.s.hold = true
	f.inspect("c.png", 1)
	f.s.pending[0]() // of this tab, and it is in what is read next
	f.c.Reload()     // another tab has said so
	early()
	f.s.load()
	assert.Len(t, f.c.Rows(), 5)
	f.c.stored(f.s.lines[4:])
	assert.Len(t, f.c.Rows(), 5, "an entry is there once")
}
