package main

import (
	"bytes"
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWithin: what will not fit into memory is said before the system ends the program, and garbage does not take what is free.
func TestWithin(t *testing.T) {
	free, known := freeMemory()
	if !known {
		t.Skip("only Linux says how much memory is free")
	}
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "") // nobody has set one
	debug.SetMemoryLimit(math.MaxInt64)
	l := &learnFlags{size: 256, embedding: 128}
	assert.Equal(t, int64(2*5000*1024*416), l.learnBytes(5000, 288))
	var stderr bytes.Buffer
	c := &console{out: &stderr, err: &stderr}
	l.within(c, 5, 288)
	assert.Empty(t, stderr.String())
	assert.LessOrEqual(t, debug.SetMemoryLimit(-1), 2*free)
	l.size = 2048
	l.within(c, 5000, 288)
	assert.Contains(t, stderr.String(), "5000 images at --size 2048 take about 272.6 GB")
	debug.SetMemoryLimit(math.MaxInt64)
	t.Setenv("GOMEMLIMIT", "off")
	l.within(c, 5, 288)
	assert.Equal(t, int64(math.MaxInt64), debug.SetMemoryLimit(-1), "a limit that somebody set stays")
}
