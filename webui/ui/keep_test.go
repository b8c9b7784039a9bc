package ui

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

func TestOfferedPartsCanBeChosen(t *testing.T) {
	p, b := readyPage(t, 1)
	file := []Source{fakeFile("stored")}
	p.Offer([]Offer{{Part: "Bracket", Head: "b1", Backbone: "fedcba9876543210", Models: file}, {Part: "Gone", Head: "g1", Models: file}})
	parts, at := p.Parts()
	assert.Equal(t, []string{"Washer", "Bracket", "Gone"}, parts)
	assert.Equal(t, 0, at)
	assert.False(t, p.UseHead("unknown"))
	assert.True(t, p.UseHead("b1"))
	require.Len(t, b.loads, 1)
	assert.Equal(t, file, b.loads[0])
	p.Switched(bracket)
	parts, at = p.Parts()
	assert.Len(t, parts, 3)
	assert.Equal(t, 1, at)

	p.Use(0)
	p.Switched(washer)
	require.Equal(t, 1, p.Notice.other)
	p.Offer(nil)
	parts, at = p.Parts()
	assert.Equal(t, []string{"Washer"}, parts, "what is deleted is not offered")
	assert.Equal(t, 0, at)
	p.Back()
	assert.Len(t, b.loads, 2, "there is no way back to a part that is gone")
}

// TestDeletedWithImages: a part that is deleted goes on with its images like one from a file, as they were read before. An earlier version is not deleted.
func TestDeletedWithImages(t *testing.T) {
	p, b := readyPage(t, 1)
	stored, held := []Source{fakeFile("stored")}, fakeFile("held")
	offer := Offer{Part: "Bracket", Head: bracket.HeadDigest, Backbone: bracket.BackboneDigest, Models: stored, Heads: []string{bracket.HeadDigest}}
	p.Offer([]Offer{offer})
	p.UseHead(bracket.HeadDigest)
	p.Switched(bracket, held)
	p.Add(fakeFile("i1"))
	p.Scored(1, score("NG", 2), nil)
	later := offer
	later.Head, later.Heads = "b2", append(offer.Heads, "b2")
	p.Offer([]Offer{later})
	assert.True(t, p.AllLoaded()[1].Kept)
	p.Offer(nil)
	assert.False(t, p.AllLoaded()[1].Kept)
	p.Use(0)
	p.Switched(washer)
	p.Back()
	assert.Equal(t, []Source{held}, b.loads[2])
	p.Switched(bracket, held)
	assert.Equal(t, []string{"i1"}, names(p))
	p.Offer([]Offer{offer})
	assert.True(t, p.AllLoaded()[1].Kept, "it was kept again")
}

// TestRenew puts another version into the place of the one in use: the images stay and are inspected again.
func TestRenew(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("i1"), fakeFile("i2")})
	p.Switched(bracket)
	p.Scored(1, score("NG", 2), []float32{1})
	p.Scored(2, score("OK", 0.5), []float32{1})
	p.Select(1)
	p.Offer([]Offer{{Part: "Bracket", Head: "b2", Backbone: bracket.BackboneDigest}})
	assert.True(t, p.Renew(bracket.HeadDigest, "Bracket", []Source{fakeFile("v2")}))
	require.Len(t, b.loads, 2)
	v2 := bracket
	v2.HeadDigest = "b2"
	p.Switched(v2)
	parts, at := p.Parts()
	assert.Equal(t, []string{"Washer", "Bracket"}, parts)
	assert.Equal(t, 1, at)
	assert.Equal(t, "b2", p.Part.HeadDigest)
	assert.Equal(t, []string{"i1", "i2"}, names(p))
	assert.Equal(t, 1, p.Selected().ID)
	assert.True(t, p.Busy())
	assert.Equal(t, []int{1, 2, 1}, b.scoring)
	p.Scored(1, score("OK", 0.9), []float32{1})
	p.Scored(2, score("OK", 0.4), []float32{1})
	assert.False(t, p.Busy())
	assert.Equal(t, 2, p.List.Count("OK"))
}

// TestRenewAfterAnotherPart has a new version ready when another part is in use, or on its way: that one keeps its place and its images.
func TestRenewAfterAnotherPart(t *testing.T) {
	plate := protocol.LoadResult{Part: "Plate", HeadDigest: "p1", BackboneDigest: bracket.BackboneDigest}
	for name, late := range map[string]bool{"in use": false, "on its way": true} {
		t.Run(name, func(t *testing.T) {
			p, b := readyPage(t, 1)
			p.Give([]Source{fakeFile("p.anomnet")}, []Source{fakeFile("i1")})
			p.Switched(plate)
			p.Scored(1, score("NG", 2), []float32{1})
			p.Give([]Source{fakeFile("b.anomnet")}, nil)
			p.Switched(bracket)
			p.Use(1)
			if !late {
				p.Switched(plate)
			}
			assert.Equal(t, late, p.Renew(bracket.HeadDigest, "Bracket", []Source{fakeFile("v2")}))
			if late {
				p.Switched(plate)
			}
			assert.Len(t, b.loads, 3)
			assert.False(t, p.Switching())
			parts, at := p.Parts()
			assert.Equal(t, []string{"Washer", "Plate", "Bracket"}, parts)
			assert.Equal(t, 1, at)
			assert.Equal(t, Done, p.Item(1).State, "it is not inspected again")
		})
	}
}

func TestPanelKeys(t *testing.T) {
	p, _ := readyPage(t, 1)
	var keys []string
	p.AddPanel(Panel{Key: func(k string) bool { keys = append(keys, k); return k == "g" }, Keys: []Shortcut{{"G", "keys.map"}}})
	assert.True(t, p.Press("g", true, false))
	p.Press("g", false, false)
	assert.Equal(t, []string{"g"}, keys)
	assert.Contains(t, (&Help{Page: p}).Keys(), Shortcut{"G", "keys.map"})
}

// TestThePartOfTheLastVisit comes into use again when it is offered, unless a person has begun something else.
func TestThePartOfTheLastVisit(t *testing.T) {
	offers := []Offer{{Part: "Bracket", Head: bracket.HeadDigest, Backbone: bracket.BackboneDigest, Models: []Source{fakeFile("stored")}}}
	p, b := readyPage(t, 1)
	p.Offer(offers)
	assert.Empty(t, b.loads, "the first visit")
	p.UseHead(bracket.HeadDigest)
	p.Switched(bracket)
	assert.Equal(t, bracket.HeadDigest, p.Settings.Head)

	again, b := readyPage(t, 1)
	again.Settings = p.Settings
	again.Offer(offers)
	require.Len(t, b.loads, 1)
	again.Switched(bracket)
	again.Use(0)
	again.Switched(washer)
	assert.Empty(t, again.Settings.Head, "the site's own part needs no note")
	again.Offer(offers)
	assert.Len(t, b.loads, 2, "only when the page begins")

	busy, b := readyPage(t, 1)
	busy.Settings = p.Settings
	busy.Add(fakeFile("i1"))
	busy.Offer(offers)
	assert.Empty(t, b.loads, "images were given already")

	gone, b := readyPage(t, 1)
	gone.Settings = p.Settings
	gone.Offer(nil)
	assert.Empty(t, b.loads)
}
