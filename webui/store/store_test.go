package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// disk is a Disk in memory. It fails from the write on whose turn is left, as a tab that is closed or a device that is full.
type disk struct {
	files   map[string]string
	records map[string]string
	left    int
	locked  bool
}

func newDisk() *disk {
	return &disk{files: map[string]string{}, records: map[string]string{}, left: -1}
}

func (d *disk) turn() error {
	if d.left == 0 {
		return fmt.Errorf("disk: %w", ErrFull)
	}
	d.left--
	return nil
}

func (d *disk) Write(path string, data Blob) error {
	if err := d.turn(); err != nil {
		return err
	}
	d.files[path] = data.(string)
	return nil
}

func (d *disk) Read(path string) (Blob, error) {
	if s, ok := d.files[path]; ok {
		return s, nil
	}
	return nil, nil
}

func (d *disk) Remove(path string) error {
	maps.DeleteFunc(d.files, func(p, _ string) bool { return p == path || strings.HasPrefix(p, path+"/") })
	return nil
}

func (d *disk) List(folder string) ([]string, error) {
	seen := map[string]bool{}
	for p := range d.files {
		if rest, ok := strings.CutPrefix(p, folder+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

func (d *disk) Records(prefix string) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range d.records {
		if strings.HasPrefix(k, prefix) {
			out[k] = v
		}
	}
	return out, nil
}

func (d *disk) Put(key, text string) error {
	if err := d.turn(); err != nil {
		return err
	}
	d.records[key] = text
	if text == "" {
		delete(d.records, key)
	}
	return nil
}

func (d *disk) Lock(f func() error) error {
	if d.locked {
		return errors.New("disk: a lock inside a lock never comes")
	}
	d.locked = true
	defer func() { d.locked = false }()
	return f()
}

func model(name, head string) Model {
	return Model{Name: name, Head: "head " + head, Backbone: "backbone", Version: Version{Head: head, Backbone: "b0", Bytes: 10, Origin: Taught}}
}

func TestVersions(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	p, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	assert.Equal(t, 1, p.Use)
	assert.Nil(t, p.Before())
	m := model("Bracket", "h2")
	m.Version.Parent = "h1"
	m.Shots = []Shot{{Key: "k1"}, {Key: "k1"}, {Key: "k2"}}
	p, err = l.Add("p1", "", m)
	require.NoError(t, err)
	assert.Equal(t, 2, p.Use)
	assert.Len(t, p.Shots, 2)
	assert.Equal(t, "h1", p.Before().Head)
	assert.Equal(t, 1, strings.Count(strings.Join(slices.Collect(maps.Keys(d.files)), " "), "backbones/"), "a backbone is stored once")

	p, err = l.Choose("p1", 1)
	require.NoError(t, err)
	assert.Equal(t, "h1", p.Current().Head)
	p, err = l.Add("", "p9", model("Other name", "h2"))
	require.NoError(t, err)
	assert.Equal(t, "p1", p.ID, "a head that is there is only taken into use")
	assert.Equal(t, 2, p.Use)
	assert.Equal(t, "Bracket", p.Name)

	m = model("Bracket", "h3")
	m.Version.Parent = "h1" // taught further after going back
	p, err = l.Add("p1", "", m)
	require.NoError(t, err)
	assert.Equal(t, 3, p.Use)
	assert.Equal(t, "h1", p.Before().Head, "back is to what it was made from")

	_, err = l.Choose("p1", 7)
	assert.ErrorIs(t, err, ErrGone)
	_, err = l.Drop("p1", 3)
	assert.ErrorContains(t, err, "in use")
	_, err = l.Drop("p1", 2)
	require.NoError(t, err)
	assert.NotContains(t, d.files, "models/h2")
	head, backbone, err := l.Files(&p.Versions[0])
	require.NoError(t, err)
	assert.Equal(t, "head h1", head)
	assert.Equal(t, "backbone", backbone)
	_, _, err = l.Files(&Version{Head: "h2"})
	assert.ErrorIs(t, err, ErrGone)
}

func TestDelete(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	for _, n := range []string{"a", "b"} {
		_, err := l.Add("", "p-"+n, model("Part "+n, "h-"+n))
		require.NoError(t, err)
		require.NoError(t, l.Keep(FeaturePath("p-"+n, Shape{Width: 32, Height: 32, Mode: "fit"}, "k"), "f"))
	}
	require.NoError(t, l.SaveDraft(&Draft{ID: "d1"}))
	require.NoError(t, l.Keep(ThumbPath("d1", "k"), "t"))
	require.NoError(t, l.Delete("p-a"))
	parts, err := l.Parts()
	require.NoError(t, err)
	require.Len(t, parts, 1)
	assert.ElementsMatch(t, []string{"backbones/b0", "models/h-b", "features/p-b/k-32x32-fit", "features/d1/k-thumb"}, slices.Collect(maps.Keys(d.files)))
	require.NoError(t, l.EndDraft("d1"))
	require.NoError(t, l.Delete("p-b"))
	assert.Empty(t, d.files)
	assert.Empty(t, d.records)
}

// TestDeletedMeanwhile: a version that was on its way does not bring back a part that was deleted, a part that a person saves does.
func TestDeletedMeanwhile(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	_, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	m := model("Bracket", "h2")
	m.Further = true
	_, err = l.Add("p1", "", m)
	require.NoError(t, err)
	require.NoError(t, l.Delete("p1"))
	m.Version.Head = "h3"
	_, err = l.Add("p1", "", m)
	require.ErrorIs(t, err, ErrGone)
	assert.Empty(t, d.files)
	m.Further = false
	_, err = l.Add("p1", "", m)
	assert.NoError(t, err)
}

// TestTaughtFurtherInVain: images that were given for a further version and discarded leave nothing; those of the part stay.
func TestTaughtFurtherInVain(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	m := model("Bracket", "h1")
	m.Shots = []Shot{{Key: "k1"}}
	_, err := l.Add("", "p1", m)
	require.NoError(t, err)
	shape := Shape{Width: 32, Height: 32, Mode: "fit"}
	for _, key := range []string{"k1", "k2", "k3"} {
		require.NoError(t, l.Keep(FeaturePath("p1", shape, key), "f"))
		require.NoError(t, l.Keep(ThumbPath("p1", key), "t"))
	}
	require.NoError(t, l.SaveDraft(&Draft{ID: "p1", Good: []Shot{{Key: "k1"}, {Key: "k2"}}}))
	require.NoError(t, l.EndDraft("p1", "k1", "k2"))
	require.NoError(t, l.Sweep())
	names, err := d.List("features/p1")
	require.NoError(t, err)
	assert.Equal(t, []string{"k1-32x32-fit", "k1-thumb", "k3-32x32-fit", "k3-thumb"}, names, "k3 is on its way, of another tab perhaps")
}

// TestNothingHalfSaved stops a save at every one of its writes: the part is then as before, and Sweep leaves no trace.
func TestNothingHalfSaved(t *testing.T) {
	for left := range 4 {
		d := newDisk()
		l := NewLibrary(d)
		_, err := l.Add("", "p1", model("Bracket", "h1"))
		require.NoError(t, err)
		files, records := maps.Clone(d.files), maps.Clone(d.records)
		d.left = left
		m := model("Bracket", "h2")
		m.Version.Backbone = "b1"
		_, err = l.Add("p1", "", m)
		d.left = -1
		if left == 3 { // backbone, head, record: that was all
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrFull, left)
		assert.Equal(t, records, d.records, left)
		require.NoError(t, NewLibrary(d).Sweep())
		assert.Equal(t, files, d.files, left)
	}
}

// TestTwoTabs adds from two libraries on one disk: neither loses what the other wrote.
func TestTwoTabs(t *testing.T) {
	d := newDisk()
	a, b := NewLibrary(d), NewLibrary(d)
	_, err := a.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	_, err = b.Add("p1", "", model("Bracket", "h2"))
	require.NoError(t, err)
	p, err := a.Add("p1", "", model("Bracket", "h3"))
	require.NoError(t, err)
	require.Len(t, p.Versions, 3)
	assert.Equal(t, []int{1, 2, 3}, []int{p.Versions[0].N, p.Versions[1].N, p.Versions[2].N})
	require.NoError(t, a.Delete("p1"))
	_, err = b.Choose("p1", 1)
	assert.ErrorIs(t, err, ErrGone)
}

func TestUnreadableRecords(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	_, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	d.records[partKey+"p2"], d.files[models+"/h9"] = `{"versions":"later"}`, "of p2"
	parts, err := l.Parts()
	require.NoError(t, err)
	assert.Len(t, parts, 1)
	require.NoError(t, l.Sweep())
	assert.Contains(t, d.files, models+"/h9", "nothing is removed that a record may name")
	_, err = l.Choose("p2", 1)
	assert.ErrorContains(t, err, "cannot be read")
}

// TestUnreadablePart: teaching that is not finished is of a part whose record this version cannot read. Nothing is put in its place.
func TestUnreadablePart(t *testing.T) {
	d := newDisk()
	d.records[partKey+"p2"] = `{"versions":"later"}`
	_, err := NewLibrary(d).Add("p2", "", model("Bracket", "h1"))
	assert.ErrorContains(t, err, "cannot be read")
	assert.Equal(t, `{"versions":"later"}`, d.records[partKey+"p2"])
}

// TestTheSameHeadAgain goes back a version, marks an image as bad, and learns what was learned before: the head is the same, what is known of images is not.
func TestTheSameHeadAgain(t *testing.T) {
	l := NewLibrary(newDisk())
	_, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	m := model("Bracket", "h2")
	m.Shots = []Shot{{Key: "x"}}
	_, err = l.Add("p1", "", m)
	require.NoError(t, err)
	_, err = l.Choose("p1", 1)
	require.NoError(t, err)
	for _, key := range []string{"x", "y"} {
		_, err = l.MarkBad("p1", Shot{Key: key}, 1, false)
		require.NoError(t, err)
	}
	m.Unbad, m.Version.Checked, m.Version.Caught = []string{"x"}, []string{"y"}, []string{"y"}
	p, err := l.Add("p1", "", m)
	require.NoError(t, err)
	assert.Equal(t, 2, p.Use)
	assert.Len(t, p.Versions, 2)
	assert.Equal(t, []string{"y"}, p.Bad)
	caught, all := p.Recall()
	assert.Equal(t, []int{1, 1}, []int{caught, all})
}

// TestSignatureAndItsFile: a head that comes again, alone or with its backbone, leaves the last signature beside what it is of.
func TestSignatureAndItsFile(t *testing.T) {
	l := NewLibrary(newDisk())
	for i, file := range []Blob{nil, "head h1, backbone", nil, "head h1, backbone"} {
		m := model("Bracket", "h1")
		m.Signature, m.Signed = fmt.Sprint("signature ", i), file
		p, err := l.Add("", "p1", m)
		require.NoError(t, err)
		sig, of, err := l.Signature(p.Current())
		require.NoError(t, err)
		if file == nil {
			file = m.Head
		}
		assert.Equal(t, []Blob{m.Signature, file}, []Blob{sig, of})
	}
}

// TestWithdrawnDownload: what came of a file that the server does not offer any more does not stay for good.
func TestWithdrawnDownload(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	for _, load := range []Download{{"f1", []string{"c1", "c2"}}, {"f2", []string{"c2", "c3"}}} {
		require.NoError(t, l.Begin(load))
		for _, c := range load.Chunks {
			require.NoError(t, l.KeepChunk(c, "bytes"))
		}
	}
	require.NoError(t, l.Forget(func(sha256 string) bool { return sha256 == "f2" }))
	here, err := l.Here()
	require.NoError(t, err)
	assert.Equal(t, []string{"c2", "c3"}, here)
	assert.Equal(t, []string{"download/f2"}, slices.Collect(maps.Keys(d.records)))
}

func TestBadNames(t *testing.T) {
	l := NewLibrary(newDisk())
	for _, id := range []string{"", "../x", "A", "a/b"} {
		_, err := l.Add("", id, model("x", "h"))
		assert.Error(t, err, id)
		assert.Error(t, l.SaveDraft(&Draft{ID: id}), id)
		assert.Error(t, l.EndDraft(id), id)
		assert.Error(t, l.Delete(id), id)
	}
	_, err := l.Add("", "p", model("x", "../h"))
	assert.Error(t, err)
	assert.Error(t, l.Keep("models/x", "data"))
}

func TestFileName(t *testing.T) {
	for _, c := range []struct {
		part string
		n    int
		want string
	}{
		{"Bracket", 1, "Bracket-01234567.anomnet"}, {"Bracket", 12, "Bracket-v12-01234567.anomnet"}, {" a/b:c\x00. ", 1, "a-b-c--01234567.anomnet"},
		{"...", 1, "part-01234567.anomnet"}, {"Träger 4", 2, "Träger 4-v2-01234567.anomnet"},
	} {
		assert.Equal(t, c.want, FileName(c.part, c.n, "0123456789"))
	}
	assert.LessOrEqual(t, len(FileName(strings.Repeat("x", 500), 1, "0123456789")), 100)
}

func TestDrafts(t *testing.T) {
	l := NewLibrary(newDisk())
	for i, id := range []string{"d1", "d2"} {
		require.NoError(t, l.SaveDraft(&Draft{ID: id, Changed: float64(i), Good: []Shot{{Key: Key(strings.Repeat("a", 64)), Name: "x.png"}}}))
	}
	ds, err := l.Drafts()
	require.NoError(t, err)
	require.Len(t, ds, 2)
	assert.Equal(t, "d2", ds[0].ID)
	assert.Len(t, ds[0].Good[0].Key, 20)
}

func TestBadImages(t *testing.T) {
	l := NewLibrary(newDisk())
	_, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	for i, key := range []string{"k1", "k2", "k1"} {
		_, err = l.MarkBad("p1", Shot{Key: key}, 1, i != 1)
		require.NoError(t, err)
	}
	p, err := l.Choose("p1", 1)
	require.NoError(t, err)
	caught, all := p.Recall()
	assert.Equal(t, []int{1, 2}, []int{caught, all})
	assert.Len(t, p.Shots, 2)
	m := model("Bracket", "h2")
	m.Version.Caught = []string{"k1", "k2"}
	p, err = l.Add("p1", "", m)
	require.NoError(t, err)
	caught, all = p.Recall()
	assert.Equal(t, []int{2, 2}, []int{caught, all}, "they are the part's, and each version says what it finds")
	good, bad := p.Further(nil)
	assert.Equal(t, [][]string{nil, {"k1", "k2"}}, [][]string{good, bad})
	p.Current().Good = []string{"k0", "k1"}
	good, bad = p.Further([]Shot{{Key: "k2"}})
	assert.Equal(t, [][]string{{"k0", "k2"}, {"k1"}}, [][]string{good, bad}, "what is bad is not good, but for what a person says now")
	m = model("Bracket", "h3")
	m.Bad, m.Unbad = []string{"k3"}, []string{"k1", "none"}
	p, err = l.Add("p1", "", m)
	require.NoError(t, err)
	assert.Equal(t, []string{"k2", "k3"}, p.Bad, "k2 was marked while the version was learned")
	_, err = l.MarkBad("p1", Shot{Key: "k"}, 9, true)
	assert.ErrorIs(t, err, ErrGone)
}

// TestUndoTakesTheStatementBack: an image that is bad is called good by mistake; with the version before it is bad again. To choose that version takes nothing back.
func TestUndoTakesTheStatementBack(t *testing.T) {
	for undo, want := range map[bool][]string{true: {"k2", "k1"}, false: {"k2"}} {
		l := NewLibrary(newDisk())
		m := model("Bracket", "h1")
		m.Bad, m.Version.Checked, m.Version.Good = []string{"k1", "k2"}, []string{"k1", "k2"}, []string{"g1"}
		_, err := l.Add("", "p1", m)
		require.NoError(t, err)
		m = model("Bracket", "h2")
		m.Unbad, m.Version.Checked, m.Version.Good = []string{"k1"}, []string{"k2"}, []string{"g1", "k1"}
		_, err = l.Add("p1", "", m)
		require.NoError(t, err)
		back := l.Choose
		if undo {
			back = l.Undo
		}
		p, err := back("p1", 1)
		require.NoError(t, err)
		assert.Equal(t, want, p.Bad)
		_, all := p.Recall()
		assert.Equal(t, len(want), all)
		_, err = back("p1", 9)
		assert.ErrorIs(t, err, ErrGone)
	}
}

// TestVersionsSayWhatTheyWereCheckedWith: a version that came as a file, or that is gone back to, was not checked with images that were marked under others.
func TestVersionsSayWhatTheyWereCheckedWith(t *testing.T) {
	l := NewLibrary(newDisk())
	recall := func(p *Part, err error) []int {
		require.NoError(t, err)
		caught, all := p.Recall()
		return []int{caught, all}
	}
	for i := range 2 {
		m := model("Bracket", fmt.Sprint("h", i))
		m.Version.Checked = []string{}
		assert.Equal(t, []int{0, 0}, recall(l.Add("p1", "", m)))
	}
	assert.Equal(t, []int{1, 1}, recall(l.MarkBad("p1", Shot{Key: "k1"}, 2, true)))
	assert.Equal(t, []int{1, 2}, recall(l.MarkBad("p1", Shot{Key: "k2"}, 2, false)), "what is missed counts")
	assert.Equal(t, []int{0, 0}, recall(l.Choose("p1", 1)))
	m := model("Bracket", "h3")
	m.Version.Origin, m.Version.Checked = Imported, []string{}
	assert.Equal(t, []int{0, 0}, recall(l.Add("", "", m)))
	m = model("Bracket", "h4")
	m.Version.Checked, m.Version.Caught = []string{"k1", "k2"}, []string{"k2"}
	assert.Equal(t, []int{1, 2}, recall(l.Add("p1", "", m)))
}

// TestAPartTaughtAtAnotherSize has versions of both: each is taught further at its own.
func TestAPartTaughtAtAnotherSize(t *testing.T) {
	l := NewLibrary(newDisk())
	small, large := Shape{Width: 256, Height: 256, Mode: "stretch"}, Shape{Width: 384, Height: 384, Mode: "fit"}
	for i, s := range []Shape{small, large} {
		m := model("Bracket", fmt.Sprint("h", i))
		m.Shape = s
		p, err := l.Add("p1", "", m)
		require.NoError(t, err)
		assert.Equal(t, s, p.ShapeNow())
	}
	p, err := l.Choose("p1", 1)
	require.NoError(t, err)
	assert.Equal(t, small, p.ShapeNow())
	assert.Equal(t, large, (&Part{Shape: large, Versions: []Version{{N: 1}}}).ShapeNow(), "a record of before")
}
