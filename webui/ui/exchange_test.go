package ui

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/zip"
)

func TestSortsOfFiles(t *testing.T) {
	mark := "\x68\x04\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{"anomnet":"{`
	for _, c := range []struct {
		name, mime, start string
		want              Sort
	}{
		{"a.png", "image/png", "", SortImage}, {"a", "", "", SortImage}, {"a.anomnet", "", "", SortModel}, {"a.bin", "", mark, SortModel},
		{"A.ZIP", "", "", SortArchive}, {"a", "application/zip", "", SortArchive}, {"a.dat", "", "PK\x03\x04xxxx", SortArchive},
		{"r.json", "", "", SortResults}, {"r", "application/json", "", SortResults}, {"a.txt", "text/plain", "hello", SortImage},
	} {
		assert.Equal(t, c.want, SortOf(c.name, c.mime, []byte(c.start)), "%+v", c)
	}
}

func TestChoiceInFolders(t *testing.T) {
	for name, want := range map[string]Choice{
		"a.png": Taken, "x/y/A.JPEG": Taken, "part.anomnet": Taken, "notes.txt": LeftOut, "Thumbs.db": LeftOut, "__MACOSX/a.png": LeftOut, ".a.png": LeftOut,
		"x/.git/a.png": LeftOut, "bottle/ground_truth/broken/a_mask.png": LeftOut, "in.zip": Nested, "x/IN.ZIP": Nested, "./a.png": Taken, "noext": LeftOut,
	} {
		assert.Equal(t, want, Choose(name), name)
	}
}

func TestFoldersAreLabels(t *testing.T) {
	p, _ := readyPage(t, 9)
	p.Add(placedFile("lot/good/a.png"), placedFile("lot/NG/b.png"), placedFile("lot/c.png"), fakeFile("d.png"))
	var labels []string
	for _, it := range p.Items() {
		labels = append(labels, it.Label)
	}
	assert.Equal(t, []string{"good", "defect", "", ""}, labels)
	assert.Equal(t, "lot/good/a.png", PathOf(p.Items()[0].Src))
	assert.Equal(t, "d.png", PathOf(p.Items()[3].Src))
}

func TestNoticesOfGiven(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Looking(Found{Name: "lot", Taken: 3})
	assert.Equal(t, NoticeBusy, p.Notice.Kind)
	p.Stop()
	assert.True(t, p.Stopped())
	p.Looked(Found{Name: "lot", Taken: 1, LeftOut: 2, Nested: 1, Unreadable: 1, Stopped: true})
	assert.False(t, p.Stopped())
	assert.Equal(t, "1 image from lot.", p.Notice.Text)
	for _, s := range []string{"2 other files were left out", "1 archive inside", "1 folder could not", "not looked through"} {
		assert.Contains(t, p.Notice.More, s)
	}
	assert.Contains(t, p.Live, "1 image from lot. ")
	p.Live = ""
	p.Looked(Found{Name: "lot"})
	assert.Equal(t, NoticeProblem, p.Notice.Kind)
	for _, k := range zip.Kinds() {
		p.Unopened("a.zip", k, "detail")
		assert.Equal(t, "a.zip was not opened.", p.Notice.Text)
		assert.NotEqual(t, p.t("refused.unreadable"), p.Notice.More, k)
	}
	p.Unopened("a.zip", "", "detail")
	assert.Equal(t, p.t("refused.unreadable"), p.Notice.More)
	assert.Empty(t, p.Live, "a problem is an alert, and would be said twice")
}

func TestGiveMoreGoesWhereTheFirstWent(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Give(nil, []Source{fakeFile("1")})
	p.GiveMore([]Source{fakeFile("2")})
	assert.Equal(t, []string{"1", "2"}, names(p))
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("3")})
	p.GiveMore([]Source{fakeFile("4")})
	p.Scored(1, score("OK", 0.5), nil)
	require.Len(t, b.loads, 1)
	p.Switched(bracket)
	assert.Equal(t, []string{"3", "4"}, names(p), "behind the part that is being loaded")
}

// TestGiveMoreAfterPeopleWentElsewhere: the rest of a folder is not good images because somebody looks at Teach meanwhile, and the other way round.
func TestGiveMoreAfterPeopleWentElsewhere(t *testing.T) {
	p, _ := readyPage(t, 1)
	var taken []Source
	p.Register(View{ID: "teach", Take: func(images []Source) bool {
		taken = append(taken, images...)
		return true
	}})
	p.Give(nil, []Source{fakeFile("1")})
	p.Show("teach")
	p.GiveMore([]Source{fakeFile("2")})
	assert.Equal(t, []string{"1", "2"}, names(p))
	assert.Empty(t, taken)
	p.Give(nil, []Source{fakeFile("3")})
	p.Show(inspectID)
	p.GiveMore([]Source{fakeFile("4")})
	assert.Equal(t, []Source{fakeFile("3"), fakeFile("4")}, taken)
	assert.Len(t, names(p), 2)
}

// TestReportOfThePartBefore: pictures for the report take a while, and another part comes into use.
func TestReportOfThePartBefore(t *testing.T) {
	p, b := donePage(t)
	p.Part.Scores = []float32{1, 2}
	p.Export(FormReport)
	b.late = true
	p.Export(FormReport)
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Switched(bracket)
	b.thumbs()
	require.Len(t, b.results, 2)
	assert.Equal(t, b.results[0], b.results[1])
	assert.Equal(t, b.downloads[0].name, b.downloads[1].name)
}

// TestTwoExportsOfPictures: the history would have the number of the second for both, and "Cancel" of one would end with the other.
func TestTwoExportsOfPictures(t *testing.T) {
	p, b := donePage(t)
	var heard []int
	p.Watch(Watcher{Exported: func(_ string, n int) { heard = append(heard, n) }})
	p.SetFilter("NG")
	p.Outlet.Shown = true
	p.Export(FormPictures)
	p.Outlet.Shown = false
	p.Export(FormPictures)
	p.Saved("x.zip", 0, nil)
	assert.Equal(t, []int{1}, heard)
	p.Export(FormPictures)
	p.Saved("x.zip", 0, nil)
	assert.Equal(t, []int{1, 3}, heard)
	assert.Len(t, b.drawn, 2)
}

func TestFileNames(t *testing.T) {
	at := report.Time{Milli: 1777896000000, Offset: 120}
	for part, want := range map[string]string{
		"Bracket v3": "Bracket-v3", "Größe": "Größe", "a/b\\c:d*e?f\"g<h>i|j": "a-b-c-d-e-f-g-h-i-j", "..": "part", "": "part", "CON": "CON",
		"\x00=cmd": "cmd", strings.Repeat("x", 99): strings.Repeat("x", 60), "洗浄": "洗浄",
	} {
		assert.Equal(t, want+"_2026-05-04_14-00-00_results.csv", FileName(part, at, "results"+".csv"), "%q", part)
	}
}

// done gives a page three finished images.
func donePage(t *testing.T) (*Page, *fakeBackend) {
	t.Helper()
	p, b := readyPage(t, 3)
	p.Software = "anomnet test"
	p.Part.HeadDigest, p.Part.BackboneDigest = strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	p.Add(placedFile("good/a.png"), fakeFile("b.png"), fakeFile("c.txt"))
	for i, r := range []protocol.ScoreResult{score("OK", 0.5), score("NG", 2)} {
		r.SHA256 = strings.Repeat([]string{"11", "22"}[i], 32)
		b.clock = float64(1000 * i)
		p.Scored(i+1, r, nil)
	}
	p.Failed(3, protocol.Error{Code: protocol.CodeNotImage, Message: "no image", Hint: "use PNG"})
	return p, b
}

func TestBatchIsWhatReportTakes(t *testing.T) {
	p, _ := donePage(t)
	p.SetOperator(" Eva ")
	p.Override(2, "OK", " only dust ")
	b := p.Batch(p.Items())
	data, err := report.JSON(b)
	require.NoError(t, err)
	again, err := report.Parse(data)
	require.NoError(t, err)
	assert.Equal(t, b, again)
	assert.Equal(t, "Eva", again.Header.Operator)
	assert.Equal(t, report.Good, again.Records[0].Label)
	assert.Equal(t, &report.Override{Verdict: "OK", Reason: "only dust", Operator: "Eva", Time: again.Records[1].Override.Time}, again.Records[1].Override)
	assert.Equal(t, "not_image", again.Records[2].Err.Code)
	assert.EqualValues(t, 1000, again.Header.Ended.Milli-again.Header.Started.Milli)
}

func TestOverrides(t *testing.T) {
	p, _ := donePage(t)
	var heard []string
	p.Watch(Watcher{Overridden: func(_ protocol.LoadResult, it *Item) {
		r := it.Record()
		heard = append(heard, string(r.Final()))
	}})
	for _, bad := range []struct {
		id              int
		verdict, reason string
	}{{1, "NG", " "}, {1, "REVIEW", "x"}, {1, "", "x"}, {3, "NG", "failed"}, {99, "NG", "x"}} {
		p.Override(bad.id, bad.verdict, bad.reason)
	}
	assert.Empty(t, heard)
	p.Override(1, "NG", strings.Repeat("ü", 400))
	assert.LessOrEqual(t, len(p.Item(1).Override.Reason), maxReason)
	assert.Equal(t, "OK", p.Item(1).Result.Verdict, "the program's verdict stays")
	p.Withdraw(1)
	p.Withdraw(1)
	assert.Equal(t, []string{"NG", "OK"}, heard)
}

// TestMarkForReview is done and undone by R, and does not touch a verdict that has a reason.
func TestMarkForReview(t *testing.T) {
	p, _ := donePage(t)
	p.Select(2)
	require.True(t, p.key("r", true))
	o := p.Item(2).Override
	require.NotNil(t, o)
	assert.Equal(t, []string{"REVIEW", "Marked for review."}, []string{string(o.Verdict), o.Reason})
	assert.Equal(t, "REVIEW is noted for b.png.", p.Live)
	_, err := report.JSON(p.Batch(p.Items()))
	require.NoError(t, err)
	p.key("R", true)
	assert.Nil(t, p.Item(2).Override)
	p.Override(2, "OK", "dust")
	p.key("r", true)
	assert.Equal(t, "dust", p.Item(2).Override.Reason)
	p.Select(3) // failed
	p.key("r", true)
	assert.Nil(t, p.Item(3).Override)
}

func TestExports(t *testing.T) {
	empty, _ := readyPage(t, 1)
	empty.SetExport(true)
	assert.False(t, empty.Outlet.Open, "there is nothing")
	p, b := donePage(t)
	var heard []string
	p.Watch(Watcher{Exported: func(form string, n int) { heard = append(heard, form+string(rune('0'+n))) }})
	p.Press("e", true, false)
	require.True(t, p.Outlet.Open)
	assert.False(t, p.Press("j", true, false), "keys rest while the dialog is open")
	p.Outlet.BOM = true
	for _, f := range Forms() {
		p.Export(f)
	}
	assert.False(t, p.Outlet.Open)
	assert.Equal(t, []string{"csv3", "report3", "json3"}, heard)
	p.Saved("x.zip", 0, nil)
	assert.Equal(t, "pictures3", heard[3], "when they are saved")
	require.Len(t, b.downloads, 3)
	assert.Equal(t, "Washer_2026-05-04_14-00-01_results.csv", b.downloads[0].name)
	assert.True(t, b.results[0].req.BOM)
	assert.Contains(t, b.results[1].page.Texts, "report.title")
	assert.Contains(t, b.drawn, "pictures Washer_2026-05-04_14-00-01_pictures.zip 3")

	p.SetFilter("NG")
	p.Outlet.Shown = true
	p.Export(FormCSV)
	assert.Len(t, b.results[len(b.results)-1].batch.Records, 1, "only what the filter shows")

	p.Saving(1, 3)
	assert.Equal(t, NoticeBusy, p.Notice.Kind)
	assert.Equal(t, "Drawing pictures: 1 of 3", p.Notice.Text)
	b.clock += 20_000
	p.Saving(2, 5)
	assert.Equal(t, "Drawing pictures: 2 of 5, about 30 s left", p.Notice.Text)
	p.Saved("x.zip", 2, nil)
	assert.Contains(t, p.Notice.More, "2 pictures are missing")
	p.Saved("", 0, nil)
	assert.Contains(t, p.Notice.Text, "Cancelled")
	p.Saved("x", 0, errors.New("no room"))
	assert.Equal(t, "no room", p.Notice.Detail)
}

func TestReviewAgain(t *testing.T) {
	p, _ := donePage(t)
	p.Override(2, "OK", "dust")
	saved := p.Batch(p.Items())
	absent := func(path string) Source { return placedFile(path) }

	q, b := readyPage(t, 3)
	q.Review("r.json", &report.Batch{}, errors.New("broken"), absent)
	assert.Equal(t, NoticeProblem, q.Notice.Kind)
	q.Review("r.json", saved, nil, absent)
	assert.Contains(t, q.Notice.More, "Load that part first", "another head")
	q.Part.HeadDigest, q.Part.BackboneDigest = saved.Header.HeadSHA256, saved.Header.BackboneSHA256
	q.Review("r.json", saved, nil, absent)
	require.Len(t, q.Items(), 3)
	assert.Equal(t, 1, q.List.Count("NG"))
	assert.Equal(t, saved.Records, q.Batch(q.Items()).Records, "nothing is lost on the way")

	q.Add(fakeFile("renamed.png")) // the second image
	r := score("NG", 2)
	r.SHA256 = saved.Records[1].SHA256
	q.Scored(b.scoring[0], r, []float32{1, 2, 3, 4})
	require.Len(t, q.Items(), 3, "it took the record's place")
	last := q.Items()[2]
	assert.Equal(t, "renamed.png", last.Src.Name())
	assert.Equal(t, saved.Records[1].Override, last.Override)
	assert.Len(t, last.Map, 4)

	p.Withdraw(2)
	p.Review("r.json", saved, nil, absent) // the images are there already
	assert.Len(t, p.Items(), 4, "only the failed one, which has no digest, comes again")
	assert.Equal(t, "dust", p.Item(2).Override.Reason)
}

func TestCameraChoice(t *testing.T) {
	one, two := Device{ID: "1"}, Device{ID: "2"}
	for _, c := range []struct {
		device  string
		devices []Device
		want    bool
	}{
		{"", nil, false}, {"", []Device{one}, false}, {"1", []Device{one}, false}, {"1", nil, false},
		{"", []Device{one, two}, true}, {"1", []Device{one, two}, true}, {"gone", []Device{one}, true},
	} {
		assert.Equal(t, c.want, (&CameraState{Device: c.device, Devices: c.devices}).Choice(), c)
	}
}

// TestSeries takes ten pictures unless it is ended, or the camera ends.
func TestSeries(t *testing.T) {
	p, b := readyPage(t, 1)
	run := func(n int) (taken int) {
		before := p.Camera.Taken
		for range n {
			if !p.NextOfSeries() {
				break
			}
		}
		return p.Camera.Taken - before
	}
	p.Series()
	assert.NotContains(t, b.drawn, "series", "no camera runs")
	p.SetCamera(true)
	p.CameraRuns(640, 480, nil)
	c := &Camera{p}
	assert.Equal(t, "Take 10 in a row", c.SeriesText())
	p.Series()
	assert.Contains(t, b.drawn, "series")
	assert.Equal(t, "Cancel", c.SeriesText())
	assert.Equal(t, 10, run(99))
	p.Series()
	assert.Equal(t, 3, run(3))
	p.Series()
	assert.Zero(t, run(99), "ended")
	p.Series()
	p.CameraFails(CameraUnplugged, "")
	assert.Zero(t, run(99))
	p.CameraRuns(640, 480, nil)
	assert.Equal(t, "Take 10 in a row", c.SeriesText())
}

func TestCameraStates(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Shoot()
	assert.NotContains(t, b.drawn, "shoot", "there is no picture yet")
	p.SetCamera(true)
	p.CameraRuns(640, 480, []Device{{"1", ""}, {"2", "Industrial"}})
	c := &Camera{p}
	assert.Equal(t, "Camera 1", c.DeviceName(0))
	assert.Equal(t, "Industrial", c.DeviceName(1))
	assert.True(t, p.Press(" ", true, false))
	assert.True(t, p.Press(" ", false, false))
	assert.False(t, p.Press("j", true, false))
	assert.Equal(t, 1, p.Camera.Taken)
	p.Add(fakeFile("camera.png"))
	p.Scored(1, score("NG", 2), nil)
	assert.Equal(t, "1 picture taken. The last one: NG, 2.00 × limit.", c.Taken())
	for problem := range cameraTexts {
		p.CameraFails(problem, "")
		assert.NotEmpty(t, c.What())
		assert.NotEmpty(t, c.Do())
		assert.NotContains(t, p.Live, c.Do(), "the alert says it")
	}
	p.Shoot()
	assert.Equal(t, 1, p.Camera.Taken, "not while it does not run")
	p.UseCamera("2")
	assert.Equal(t, []any{"2", "", 1}, []any{p.Camera.Device, p.Camera.Problem, p.Camera.Taken})
	p.SetCamera(false)
	assert.Equal(t, CameraState{Device: "2"}, p.Camera)
}
