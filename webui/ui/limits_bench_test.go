package ui

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"

	"anomnet/assets/messages"
	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// BenchmarkDragLimit moves the limit through ten thousand labelled images and builds what changes on the page.
func BenchmarkDragLimit(b *testing.B) {
	text, err := messages.Load("en")
	require.NoError(b, err)
	p := New(&fakeBackend{}, text, 1<<20)
	part := protocol.LoadResult{Part: "Washer", Calibration: 300, FalseRejectRate: 0.01, Promised: true, Width: 256, Height: 192, Mode: protocol.ModeStretch,
		Limit: 2, Review: 1.5, MapLow: 1, MapHigh: 3}
	for i := range 300 {
		part.Scores = append(part.Scores, float32(i)/150)
	}
	p.Loaded(part)
	const n = 10_000
	for i := range n {
		p.Add(placedFile(fmt.Sprintf("%s/%05d.png", []string{"good", "ng"}[i%2], i)))
	}
	for i := range n {
		r := score("OK", float64(i%400)/200)
		r.Raw = float32(i%400) / 100
		p.Scored(i+1, r, make([]float32, 4))
	}
	env, err := vugu.NewBuildEnv()
	require.NoError(b, err)
	root := NewRoot(p)
	for i := 0; b.Loop(); i++ {
		p.Touch()
		p.DragLimit("limit", 0.4+float64(i%20)/100)
		if _, err := vdom.Flatten(env.RunBuild(root)); err != nil {
			b.Fatal(err)
		}
	}
}
