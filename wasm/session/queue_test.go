package session

import (
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/assert"

	"anomnet/wasm/protocol"
)

func TestQueue(t *testing.T) {
	var q Queue
	job := func(id int) protocol.Message { return protocol.Message{ID: id, Op: protocol.OpScore} }
	cancel := func(id int) protocol.Message { return protocol.Message{ID: id, Op: protocol.OpCancel} }
	for _, m := range []protocol.Message{cancel(1), job(1), job(2), job(3), cancel(2), cancel(9)} {
		q.Push(m)
	}
	assert.Equal(t, 3, q.Len())
	type out struct {
		id        int
		cancelled bool
	}
	var got []out
	for q.Len() > 0 {
		m, c := q.Pop()
		got = append(got, out{m.ID, c})
		q.Push(cancel(m.ID)) // it has started: too late
	}
	assert.Equal(t, []out{{1, false}, {2, true}, {3, false}}, got)
	q.Push(job(2))
	_, c := q.Pop()
	assert.False(t, c, "a cancel is used up")
	assert.False(t, q.Stopped())
	q.Push(cancel(3))
	assert.False(t, q.Stopped(), "another job")
	q.Push(cancel(2))
	assert.True(t, q.Stopped(), "a long job can stop")
	q.Push(job(4))
	q.Pop()
	assert.False(t, q.Stopped())
}

func TestQueueHoldsNoFileOfAJobThatWasTaken(t *testing.T) {
	var q Queue
	var files []weak.Pointer[byte]
	for id := range 3 {
		file := make([]byte, 1<<20)
		files = append(files, weak.Make(&file[0]))
		q.Push(protocol.Message{ID: id, Op: protocol.OpScore, Bufs: [][]byte{file}})
	}
	for i := range files {
		q.Pop()
		runtime.GC()
		assert.Nil(t, files[i].Value(), "job %d", i)
	}
	assert.Zero(t, q.Len())
}
