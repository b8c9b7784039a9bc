package kiosk

// Size of the frames that Still sees, in grey levels.
const (
	FrameWidth  = 64
	FrameHeight = 48
)

// Limits of Still, in grey levels of a block's mean: sensor noise stays below motion, and no part that a person can see is below change.
const (
	block       = 4
	motion      = 5
	change      = 10
	quietFrames = 5
)

// Still finds the moment when something new lies still before the camera. It fires once for each scene: for one that differs from the scene before,
// after quietFrames frames without motion. A scene like the empty place does not fire.
type Still struct {
	Empty []byte // the empty place; the first scene that is still when it is not known

	prev  []byte
	base  []float32 // the scene that was dealt with last; it follows slow changes of the light
	void  []float32
	quiet int
}

// Frame takes a frame of FrameWidth x FrameHeight grey levels and tells whether to take a picture now.
func (s *Still) Frame(grey []byte) bool {
	if len(grey) != FrameWidth*FrameHeight {
		return false
	}
	now := blocks(grey)
	moves := s.prev == nil || differ(now, blocks(s.prev)) >= motion
	s.prev = append(s.prev[:0], grey...)
	if moves {
		s.quiet = 0
		return false
	}
	if s.quiet++; s.quiet < quietFrames {
		return false
	}
	if s.void == nil && len(s.Empty) == len(grey) {
		s.void = blocks(s.Empty)
	}
	if s.void == nil {
		s.SetEmpty()
		return false
	}
	empty := differ(now, s.void) < change
	if empty {
		follow(s.void, now)
	}
	if s.base != nil && differ(now, s.base) < change {
		follow(s.base, now)
		return false
	}
	s.base = now
	return !empty
}

// SetEmpty takes what is seen now for the empty place. It returns false when nothing was seen yet.
func (s *Still) SetEmpty() bool {
	if len(s.prev) == 0 {
		return false
	}
	s.Empty = append([]byte(nil), s.prev...)
	s.void = blocks(s.prev)
	s.base = blocks(s.prev)
	return true
}

// Again lets the scene that lies there fire once more.
func (s *Still) Again() { s.base = nil }

// Restart forgets the scene, as after the camera was away.
func (s *Still) Restart() { s.prev, s.base, s.quiet = nil, nil, 0 }

// follow moves a by a fiftieth towards b: at ten frames a second it takes five seconds.
func follow(a, b []float32) {
	for i := range a {
		a[i] += (b[i] - a[i]) / 50
	}
}

// blocks are the mean grey levels of blocks of block x block.
func blocks(grey []byte) []float32 {
	out := make([]float32, (FrameWidth/block)*(FrameHeight/block))
	for i, v := range grey {
		x, y := i%FrameWidth/block, i/FrameWidth/block
		out[y*(FrameWidth/block)+x] += float32(v) / (block * block)
	}
	return out
}

// differ is the largest difference of a block.
func differ(a, b []float32) float32 {
	var most float32
	for i := range a {
		most = max(most, a[i]-b[i], b[i]-a[i])
	}
	return most
}
