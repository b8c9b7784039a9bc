package ui

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// TestRenewForgetsMovedLimits: a limit that a person has moved is a raw score of the version before. Another version may count in other units, and would
// call everything OK or NG by it.
func TestRenewForgetsMovedLimits(t *testing.T) {
	p, _ := readyPage(t, 1)
	part := bracket
	part.Limit, part.Review, part.Width, part.Height = 40, 30, 16, 16
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("i1")})
	p.Switched(part)
	p.Scored(1, score("OK", 0.5), []float32{1, 1, 1, 1})
	p.SetLimits(Limits{Review: 35, Limit: 42})
	p.Offer([]Offer{{Part: "Bracket", Head: "b2", Backbone: bracket.BackboneDigest}})
	require.True(t, p.Renew(bracket.HeadDigest, "Bracket", []Source{fakeFile("v2")}))
	v2 := part
	v2.HeadDigest, v2.Limit, v2.Review = "b2", 2, 1.5
	p.Switched(v2)
	assert.Equal(t, Limits{1.5, 2}, p.Limits())
	assert.False(t, p.LimitsMoved())
	p.Scored(1, score("NG", 1.2), []float32{1, 1, 1, 3})
	assert.Equal(t, "NG", p.Item(1).Result.Verdict)
	assert.Len(t, p.Found(p.Item(1)).Regions, 1)
}

// TestLabelsFollowVerdicts: what a screen reader says of an image is what is seen, also after the limits or the part have changed.
func TestLabelsFollowVerdicts(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 1.4})
	v := newView(t, p)
	label := func() string { return attrOf(find(v.tree(), "role", "option")[0], "aria-label") }
	assert.Equal(t, "0.70 a: OK", label())
	p.SetLimits(Limits{Review: 0.5, Limit: 1})
	assert.Equal(t, "1.40 a: NG", label())
	p.ResetLimits()
	assert.Equal(t, "0.70 a: OK", label())
}

// TestExportsThatFail: the history says of no results that they have left when they have not.
func TestExportsThatFail(t *testing.T) {
	p, b := donePage(t)
	var heard []string
	p.Watch(Watcher{Exported: func(form string, n int) { heard = append(heard, form) }})
	b.broken = errors.New("a worker ended")
	p.Export(FormCSV)
	p.Export(FormPictures)
	p.Saved("", 0, nil)
	p.Export(FormPictures)
	p.Saved("x.zip", 0, errors.New("no room"))
	assert.Empty(t, heard)
	b.broken = nil
	p.Export(FormCSV)
	p.Export(FormPictures)
	p.Saved("x.zip", 0, nil)
	assert.Equal(t, []string{FormCSV, FormPictures}, heard)
}

// TestCameraSaysNothingOfOtherImages: while a picture is on its way, the verdict of an image before is not shown as its own.
func TestCameraSaysNothingOfOtherImages(t *testing.T) {
	p, _ := readyPage(t, 2)
	p.Add(fakeFile("dropped.png"))
	p.Scored(1, score("NG", 2), nil)
	p.SetCamera(true)
	p.CameraRuns(640, 480, nil)
	c := &Camera{p}
	p.Shoot()
	assert.Equal(t, "1 picture taken.", c.Taken())
	assert.Empty(t, c.Kind())
	p.Add(fakeFile("camera.png"))
	p.Scored(2, score("OK", 0.5), nil)
	assert.Equal(t, "ok", c.Kind())
	p.UseCamera("other")
	p.CameraRuns(640, 480, nil)
	p.Shoot()
	assert.Equal(t, "2 pictures taken.", c.Taken())
}

// TestHiddenImagesAreCounted: the hint over the list names those that are hidden now.
func TestHiddenImagesAreCounted(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 1.4, "b": 2.5})
	p.SetFilter("NG")
	p.Add(fakeFile("1"), fakeFile("2"), fakeFile("3"), fakeFile("4"), fakeFile("5"), fakeFile("6"))
	assert.Equal(t, 6, p.List.Hidden)
	p.Cancel()
	assert.Equal(t, 4, p.List.Hidden, "four run")
	for id := 3; id <= 6; id++ {
		r := score("OK", 0.7)
		p.Scored(id, r, nil)
	}
	assert.Equal(t, 4, p.List.Hidden)
	p.SetLimits(Limits{Review: 0.5, Limit: 1})
	assert.Zero(t, p.List.Hidden, "all are NG now, also one that was there before")
	assert.Len(t, shownNames(p), 6)
	p.ResetLimits()
	assert.Equal(t, 4, p.List.Hidden)
	p.ShowAll()
	assert.Zero(t, p.List.Hidden)
}

// TestReviewKeepsWhatWasSaid: an earlier export does not undo what a person has said since.
func TestReviewKeepsWhatWasSaid(t *testing.T) {
	p, b := donePage(t)
	before := p.Batch(p.Items())
	b.clock = 5000
	p.Override(2, "OK", "dust")
	p.Review("r.json", before, nil, func(path string) Source { return placedFile(path) })
	require.NotNil(t, p.Item(2).Override)
	assert.Equal(t, "dust", p.Item(2).Override.Reason)
	saved := p.Batch(p.Items())
	b.clock = 9000
	p.Override(2, "NG", "a dent after all")
	p.Review("r.json", saved, nil, func(path string) Source { return placedFile(path) })
	assert.Equal(t, "a dent after all", p.Item(2).Override.Reason)
}

// TestReasonOfAnyScript: what the field takes is kept.
func TestReasonOfAnyScript(t *testing.T) {
	p, _ := donePage(t)
	reason := strings.Repeat("傷", 400)
	p.Override(2, protocol.VerdictOK, reason)
	assert.Equal(t, reason, p.Item(2).Override.Reason)
	_, err := report.JSON(p.Batch(p.Items()))
	assert.NoError(t, err)
}

// TestRegionsAreNotAtTheLimit: what is above the limit does not read as the limit.
func TestRegionsAreNotAtTheLimit(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 1.6681}) // its map's highest value is 1.2 times that
	r := p.Item(1)
	r.Map = []float32{1, 1, 1, 2.0006}
	p.Look.found = findings{}
	assert.Equal(t, "1.0003", (&Findings{p}).Regions()[0].Ratio)
	assert.Contains(t, p.regionText(r, 0), "1.0003 times the limit")
}

// TestReviewUnderTheLimitsOfTheExport: what the chart shows as limits is what the verdicts come from, also of results that were saved under moved ones.
func TestReviewUnderTheLimitsOfTheExport(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 1.4, "b": 0.2})
	p.SetLimits(Limits{Review: 0.5, Limit: 1})
	saved := p.Batch(p.Items())
	for i := range saved.Records {
		saved.Records[i].SHA256 = strings.Repeat(string(rune('1'+i)), 64)
	}
	absent := func(path string) Source { return placedFile(path) }

	empty, _ := judgedPage(t)
	empty.Review("r.json", saved, nil, absent)
	assert.Equal(t, Limits{0.5, 1}, empty.Limits())
	assert.Equal(t, saved.Records, empty.Batch(empty.Items()).Records)
	require.NotEmpty(t, empty.Items()[0].Result.Regions)
	empty.ResetLimits()
	assert.Equal(t, 2, empty.List.Count("OK"))
	assert.Empty(t, empty.Items()[0].Result.Regions, "they were measured at the other limit")

	busy, _ := judgedPage(t)
	inspect(t, busy, map[string]float32{"c": 1.4})
	busy.Review("r.json", saved, nil, absent)
	assert.Equal(t, Limits{1.5, 2}, busy.Limits())
	for _, r := range busy.Batch(busy.Items()).Records {
		assert.Equal(t, float32(2), r.Limit)
		assert.Equal(t, "OK", string(r.Verdict))
	}
}

// TestReviewOfAnotherPart: what a person said of an image is not carried to the same image under another part.
func TestReviewOfAnotherPart(t *testing.T) {
	p, _ := donePage(t)
	p.Override(2, "OK", "dust")
	saved := p.Batch(p.Items())
	q, _ := readyPage(t, 1)
	q.Part.HeadDigest, q.Part.BackboneDigest = saved.Header.HeadSHA256, saved.Header.BackboneSHA256
	q.parts[0].part = q.Part
	q.Review("r.json", saved, nil, func(path string) Source { return placedFile(path) })
	r := score("NG", 2)
	r.SHA256 = saved.Records[1].SHA256
	give := func() *Item {
		q.Add(fakeFile("b.png"))
		q.Scored(q.lastID, r, []float32{1, 2, 3, 4})
		return q.Item(q.lastID)
	}
	q.Give([]Source{fakeFile("b.anomnet")}, nil)
	q.Switched(bracket)
	assert.Nil(t, give().Override)
	q.Use(0)
	q.Switched(q.parts[0].part)
	it := give()
	require.NotNil(t, it.Override, "here it was said")
	assert.Equal(t, "dust", it.Override.Reason)
	assert.Len(t, q.Items(), 3, "it took the record's place")
}

// TestAnEmptyListIsSaid: a filter that nothing passes is no silence.
func TestAnEmptyListIsSaid(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 0.5})
	p.SetFilter("NG")
	assert.Equal(t, "No image has this verdict.", p.Live)
	p.ShowAll()
	p.SetSearch("zzz")
	assert.Equal(t, "No image has this name here.", p.Live)
}

// TestFileThatIsBack: an image whose file could not be read for a while, and is inspected again, is not said to be gone.
func TestFileThatIsBack(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("i1")})
	p.Switched(bracket)
	p.Scored(1, score("OK", 0.5), []float32{1, 1, 1, 1})
	p.Reload(1)
	p.Failed(1, protocol.Error{Code: protocol.CodeUnreadable})
	v := &Viewer{p}
	require.Equal(t, p.t("map.gone"), v.Note())
	renewed(t, p)
	p.Scored(1, score("OK", 0.4), []float32{1, 1, 1, 1})
	assert.Empty(t, v.Note())
}

// TestOneDecimalMark: Spanish of Mexico and German of Switzerland have a point, and no number of the page has another mark beside it.
func TestOneDecimalMark(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Locale = func(string) messages.Locale { return messages.Plain(".") }
	p.SetLanguage("es")
	assert.Equal(t, "1.50", p.Text.Number(1.5, 2))
	assert.Equal(t, "1.7308", p.Raw(1.7308))
	assert.Equal(t, ".", p.reportTexts()["format.decimal"])
}

// TestEntryOfTheVerdictThatIsShown: the number of an entry is that of the verdict beside it, not of one by the version before.
func TestEntryOfTheVerdictThatIsShown(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("i1")})
	p.Switched(bracket)
	p.Scored(1, score("NG", 2), []float32{1, 1, 1, 1})
	p.Recorded(p.Item(1), 7)
	f := &Facts{p}
	require.Equal(t, "7", f.entry())
	renewed(t, p)
	p.Scored(1, score("OK", 0.4), []float32{1, 1, 1, 1})
	assert.Equal(t, p.t("facts.entry.none"), f.entry(), "there is no room for it")
	p.Recorded(p.Item(1), 9)
	assert.Equal(t, "9", f.entry())
}

// renewed puts a second version of bracket into the place of the first.
func renewed(t *testing.T, p *Page) {
	t.Helper()
	p.Offer([]Offer{{Part: "Bracket", Head: "b2", Backbone: bracket.BackboneDigest}})
	require.True(t, p.Renew(bracket.HeadDigest, "Bracket", []Source{fakeFile("v2")}))
	v2 := bracket
	v2.HeadDigest = "b2"
	p.Switched(v2)
}

// TestTileOfThePartBefore: a click on it comes after another part has come into use, and before the page is drawn again. A person's verdict on it would be noted as
// one of that part.
func TestTileOfThePartBefore(t *testing.T) {
	p, _ := donePage(t)
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Switched(bracket)
	p.Select(1)
	assert.Nil(t, p.Selected())
	assert.False(t, (&Judge{p}).Shown())
}
