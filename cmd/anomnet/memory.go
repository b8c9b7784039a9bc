package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"

	"anomnet/core/detect"
)

// freeMemory is what Linux says can be taken.
func freeMemory() (bytes int64, known bool) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer file.Close()
	for s := bufio.NewScanner(file); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "MemAvailable: %d kB", &kb); n == 1 {
			return kb << 10, true
		}
	}
	return 0, false
}

// learnBytes is about what learning from so many images holds at once: patch vectors of c values, embeddings, and a copy of most of both.
func (l *learnFlags) learnBytes(images, c int) int64 {
	patches := int64(l.size/detect.GridStride) * int64(l.size/detect.GridStride)
	return 2 * int64(images) * patches * int64(c+l.embedding)
}

// within keeps the garbage of learning within the free memory, where the collector would let it grow to four times of what is held: 5,000 images took 7.5 GB. It says when
// even that is not enough: the system would end the program without a word.
func (l *learnFlags) within(c *console, images, channels int) {
	free, known := freeMemory()
	if !known {
		return
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(free / 10 * 9)
	}
	if need := l.learnBytes(images, channels); need > free {
		c.log("anomnet: warning: %d images at --size %d take about %.1f GB, and %.1f GB are free: fewer images or a smaller size may be needed", images, l.size,
			float64(need)/1e9, float64(free)/1e9)
	}
}
