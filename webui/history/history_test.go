package history

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets/messages"
	"anomnet/core/audit"
	"anomnet/core/audit/payload"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

type fakeFile string

func (f fakeFile) Name() string { return string(f) }

// pageBackend does nothing but tell the time; what the page does not call here is not there.
type pageBackend struct {
	ui.Backend
	milli int64
}

func (b *pageBackend) Score(int, ui.Source) {}
func (b *pageBackend) Save(ui.Settings)     {}
func (b *pageBackend) Now() float64         { return 0 }
func (b *pageBackend) Wall() report.Time    { return report.Time{Milli: b.milli, Offset: 120} }

func (b *pageBackend) Download(string, string, []byte) {}

func (b *pageBackend) Results(_ protocol.ResultsRequest, _ *report.Batch, _ *protocol.Page, answer func([]byte, error)) {
	answer(nil, nil)
}

// store is Backend without a browser: it chains with core/audit and can be told to fail.
type store struct {
	page    *pageBackend
	chain   audit.Chain
	lines   []string
	pending []func() // appends that were not answered
	hold    bool
	err     error
	refuse  string // drafts with this in them
	sizes   []int
	saved   string
	slow    bool // load answers Load
	load    func()
}

func (s *store) Append(drafts []protocol.Draft, answer func([]string, error)) {
	s.sizes = append(s.sizes, len(drafts))
	do := func() { answer(s.add(drafts)) }
	if s.hold {
		s.pending = append(s.pending, do)
		return
	}
	do()
}

func (s *store) add(drafts []protocol.Draft) ([]string, error) {
	if s.err != nil {
		return nil, s.err
	}
	for _, d := range drafts {
		if s.refuse != "" && bytes.Contains(d.Payload, []byte(s.refuse)) {
			return nil, ErrRefused
		}
	}
	var lines []string
	for _, d := range drafts {
		t, err := report.ParseTime(d.Time)
		if err != nil {
			return nil, err
		}
		e, err := s.chain.Append(t, d.Operator, d.Kind, d.Payload)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		lines = append(lines, string(e.Line()))
	}
	s.lines = append(s.lines, lines...)
	return lines, nil
}

func (s *store) Load(most int, answer func([]string, int64, error)) {
	lines, last := slices.Clone(s.lines[max(len(s.lines)-most, 0):]), int64(s.chain.Seq)
	if s.load = func() { answer(lines, last, s.err) }; !s.slow {
		s.load()
	}
}

func (s *store) Verify(head string, answer func(protocol.VerifyResult, error)) {
	sum, err := audit.Verify(strings.NewReader(strings.Join(s.lines, "")), &audit.Options{Head: head})
	r := protocol.VerifyResult{Entries: sum.Entries, Hash: sum.Chain.Hash, HeadSeq: int64(sum.HeadSeq), ClockBack: sum.ClockBack}
	var broken *audit.Broken
	if errors.As(err, &broken) {
		r.Reason, r.Line, r.Detail = string(broken.Reason), broken.Line, broken.Detail
	}
	answer(r, nil)
}

func (s *store) Save(name string, answer func(error)) {
	s.saved = name
	answer(s.err)
}

func (s *store) Wall() report.Time { return s.page.Wall() }

var part = protocol.LoadResult{Part: "Washer", HeadDigest: strings.Repeat("ab", 32), BackboneDigest: strings.Repeat("cd", 32), Limit: 2, Review: 1.5}

func score(raw float32) protocol.ScoreResult {
	verdict := protocol.VerdictOK
	if raw > 2 {
		verdict = protocol.VerdictNG
	}
	return protocol.ScoreResult{Raw: raw, Limit: 2, Review: 1.5, Ratio: float64(raw) / 2, PValue: 0.5, Verdict: verdict, SHA256: strings.Repeat("11", 32), Width: 4, Height: 3}
}

type fixture struct {
	p *ui.Page
	s *store
	c *History
	n int
}

func setup(t *testing.T) *fixture {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	b := &pageBackend{milli: 1777896000000}
	p := ui.New(b, text, 1000)
	p.Software = "anomnet test"
	s := &store{page: b}
	v := New(p, s)
	p.Register(v)
	p.Loaded(part)
	return &fixture{p: p, s: s, c: v.Body.(*History)}
}

// inspect scores an image.
func (f *fixture) inspect(name string, raw float32) *ui.Item {
	f.n++
	f.s.page.milli += 1000
	f.p.Add(fakeFile(name))
	f.p.Scored(f.n, score(raw), nil)
	return f.p.Item(f.n)
}

func (f *fixture) kinds() string {
	var k []string
	for _, l := range f.s.lines {
		k = append(k, Parse(l).Kind)
	}
	return strings.Join(k, " ")
}

func TestLog(t *testing.T) {
	f := setup(t)
	assert.Empty(t, f.s.lines, "opening the page is no entry")
	f.p.SetOperator("Eva")
	it := f.inspect("a.png", 1)
	assert.EqualValues(t, 3, it.Recorded)
	f.p.Override(1, "NG", "burr")
	f.p.Withdraw(1)
	f.p.Export(ui.FormCSV)
	assert.Equal(t, "opened model inspected override override exported", f.kinds())
	f.p.SetLimits(ui.Limits{Review: 1, Limit: 1.25})
	low := score(1)
	low.Limit, low.Review = 1.25, 1
	f.n++
	f.p.Add(fakeFile("b.png"))
	f.p.Scored(f.n, low, nil)
	f.n++
	f.p.Add(fakeFile("c.txt"))
	f.p.Failed(f.n, protocol.Error{Code: protocol.CodeNotImage})
	assert.Equal(t, "opened model inspected override override exported threshold inspected inspected", f.kinds())
	sum, err := audit.Verify(strings.NewReader(strings.Join(f.s.lines, "")), nil)
	require.NoError(t, err)
	assert.EqualValues(t, 9, sum.Entries)
	e := Parse(f.s.lines[3])
	assert.Equal(t, []string{"Eva", "OK", "NG", "burr", "a.png"}, []string{e.Operator, e.From, e.To, e.Reason, e.Path})
	assert.Equal(t, Entry{}, Parse("no line"))
	assert.Equal(t, Entry{}, Parse(`{"seq":1,"time":"yesterday"}`))
}

// TestFieldsKeepWhatIsTyped: a render may come after every key, and it writes into a field what the view says.
func TestFieldsKeepWhatIsTyped(t *testing.T) {
	f := setup(t)
	f.p.SetOperator("Eva")
	h := f.c
	assert.Equal(t, "Eva", h.Operator())
	for _, s := range []string{"", "E", "Eva ", "Eva M"} {
		h.TypeOperator(s)
		assert.Equal(t, s, h.Operator())
		assert.Equal(t, "Eva", f.p.Settings.Operator, "a half name stands in no entry")
	}
	h.SetOperator(" Eva M ")
	assert.Equal(t, []string{"Eva M", "Eva M"}, []string{h.Operator(), f.p.Settings.Operator})
	f.inspect("dent part.png", 1)
	h.Reload()
	h.SetSearch("dent ")
	assert.Equal(t, "dent ", h.Search())
	assert.Len(t, h.Rows(), 1)
}

// TestWaitsUntilStored: while the store is slow, entries gather and go together; none counts as recorded before.
func TestWaitsUntilStored(t *testing.T) {
	f := setup(t)
	f.s.hold = true
	first := f.inspect("1.png", 1)
	for i := range 5 {
		f.inspect(fmt.Sprint(i, ".png"), 1)
	}
	assert.Zero(t, first.Recorded)
	assert.Equal(t, []int{3}, f.s.sizes, "one at a time")
	f.s.hold = false
	f.s.pending[0]()
	assert.EqualValues(t, 3, first.Recorded)
	assert.Equal(t, []int{3, 5}, f.s.sizes)
	assert.Zero(t, f.c.Log.Waiting())
}

func TestFullStore(t *testing.T) {
	f := setup(t)
	f.s.err = fmt.Errorf("%w: disk", ErrFull)
	it := f.inspect("a.png", 1)
	assert.Equal(t, ui.Done, it.State, "inspection goes on")
	require.NotNil(t, f.p.Notice)
	assert.Contains(t, f.p.Notice.More, "no room")
	f.p.Dismiss()
	f.inspect("b.png", 1)
	assert.Nil(t, f.p.Notice, "said once")
	assert.Contains(t, f.c.Unstored(), "4 entries are not stored")
	f.s.err = nil
	f.c.Retry()
	assert.Empty(t, f.c.Unstored())
	assert.Equal(t, "opened model inspected inspected", f.kinds())

	f.s.err = errors.New("something else")
	for range MaxPending + 10 {
		f.c.Log.note(payload.Exported, payload.Exporting("csv", 1), nil)
	}
	assert.Equal(t, MaxPending, f.c.Log.Waiting())
	assert.Contains(t, f.c.Unstored(), "10 entries were given up")
	assert.Contains(t, f.c.Unstored(), f.p.Text.T("history.failed"))
}

func TestRefusedEntryDoesNotStopTheOthers(t *testing.T) {
	f := setup(t)
	f.s.hold = true
	f.inspect("1.png", 1)
	f.inspect("evil.png", 1)
	f.inspect("3.png", 1)
	f.s.hold, f.s.refuse = false, "evil"
	f.s.pending[0]()
	assert.Equal(t, "opened model inspected inspected", f.kinds())
	assert.Equal(t, 1, f.c.Log.Lost)
	assert.Zero(t, f.p.Items()[1].Recorded)
	assert.NotZero(t, f.p.Items()[2].Recorded)
}

func TestViewFiltersAndPages(t *testing.T) {
	f := setup(t)
	f.c.Reload()
	assert.True(t, f.c.Empty())
	for i := range 250 {
		f.inspect(fmt.Sprintf("part-%d.png", i), float32(i%5))
	}
	f.p.Override(1, "NG", "burr")
	require.Len(t, f.c.Rows(), perPage)
	assert.Equal(t, payload.Override, f.c.Rows()[0].Kind, "the newest first")
	assert.Equal(t, "1 to 100 of 253", f.c.Place())
	f.c.Older()
	f.c.Older()
	assert.True(t, f.c.IsOldest())
	assert.Equal(t, "201 to 253 of 253", f.c.Place())
	f.c.SetFilter("NG")
	assert.Equal(t, "1 to 100 of 100", f.c.Place(), "to the newest page")
	f.c.SetFilter(filterOverride)
	assert.Len(t, f.c.Rows(), 1)
	f.c.SetFilter(filterOther)
	assert.Len(t, f.c.Rows(), 2)
	f.c.SetFilter(filterFailed)
	assert.Empty(t, f.c.Rows())
	f.c.SetFilter("")
	f.c.SetSearch("PART-24")
	assert.Len(t, f.c.Rows(), 11)
	f.c.SetSearch("")
	f.c.SetTo("2026-05-03")
	assert.Empty(t, f.c.Rows())
	f.c.SetTo("2026-05-04")
	f.c.SetFrom("2026-05-04")
	assert.Len(t, f.c.Rows(), perPage)
	assert.Contains(t, f.c.Sum(), "250 inspected, yield 59.6 %: 149 OK, 0 REVIEW, 101 NG", "the override counts")
	bars := f.c.Bars()
	require.Len(t, bars, 1)
	assert.Equal(t, "59.6\u00a0%", bars[0].Share)
	f.c.SetDaily(true)
	assert.Equal(t, "05-04", f.c.Bars()[0].Label)
	for _, fl := range Filters() {
		assert.NotEmpty(t, f.c.FilterName(fl))
	}
	for _, e := range f.c.now().rows {
		assert.NotEmpty(t, f.c.Word(e))
		assert.NotEmpty(t, f.c.What(e))
	}
}

// TestAnotherTab: entries of another tab in between make the view read again.
func TestAnotherTab(t *testing.T) {
	f := setup(t)
	f.c.Reload()
	f.inspect("a.png", 1)
	_, err := f.s.add([]protocol.Draft{{Time: f.s.Wall().String(), Kind: "note", Payload: []byte("{}")}})
	require.NoError(t, err)
	f.inspect("b.png", 1)
	assert.Len(t, f.c.now().rows, 5)
	assert.Empty(t, f.c.Limited())
	assert.Equal(t, "note", f.c.Word(f.c.Rows()[1]), "a kind that we do not know")
}

func TestDriftWarns(t *testing.T) {
	f := setup(t)
	f.c.Reload()
	raw := func(i int) float32 { return 0.5 + float32((i*37)%100)/1000 }
	for i := range 200 {
		f.inspect(fmt.Sprint(i), raw(i))
	}
	assert.Empty(t, f.c.Warning())
	for i := range 50 {
		f.inspect(fmt.Sprint(i), raw(i)+0.2)
	}
	assert.Contains(t, f.c.Warning(), "have risen since")
	for i := range 50 {
		f.inspect(fmt.Sprint(i), raw(i)-0.2)
	}
	assert.Contains(t, f.c.Warning(), "have fallen since")
	for i := range 50 {
		f.inspect(fmt.Sprint(i), raw(i))
	}
	assert.Empty(t, f.c.Warning(), "it has gone back")
}

func TestVerifyAndSave(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 1)
	f.c.Reload()
	f.c.SetHead("  " + strings.ToUpper(Parse(f.s.lines[0]).hash(f.s.lines[0])) + " ")
	f.c.Verify()
	assert.Equal(t, "3 entries, all in order. The noted hash is that of entry 1.", f.c.Finding())
	f.c.SetHead("")
	f.s.lines[1] = strings.Replace(f.s.lines[1], "Washer", "Bracket", 1)
	f.c.Verify()
	assert.True(t, f.c.Broken())
	assert.Equal(t, "Entry 2: it was changed. The 1 before it are in order.", f.c.Finding())
	for _, r := range []audit.Reason{audit.Empty, audit.Unreadable, audit.Unfinished, audit.Changed, audit.CutStart, audit.Missing, audit.Reordered,
		audit.Repeated, audit.Unlinked, audit.CutEnd} {
		assert.NotEmpty(t, findings[string(r)], r)
	}
	f.c.Save()
	assert.Regexp(t, `^anomnet_.*_history\.jsonl$`, f.s.saved)
	assert.True(t, strings.HasSuffix(f.kinds(), "exported"))
	f.s.err = errors.New("no")
	f.c.Save()
	assert.Equal(t, "no", f.c.Trouble())
}

// TestFindingOfAnotherHash: a finding does not stand beside a hash that was not looked for.
func TestFindingOfAnotherHash(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 1)
	f.c.Reload()
	f.c.SetHead(Parse(f.s.lines[0]).hash(f.s.lines[0]))
	f.c.Verify()
	require.True(t, f.c.Checked())
	f.c.SetHead(strings.Repeat("0", 64))
	assert.False(t, f.c.Checked())
}

// TestConfirmedVerdict: a person who gives the program's verdict a reason has not withdrawn anything.
func TestConfirmedVerdict(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 3)
	f.p.Override(1, "NG", "a burr indeed")
	f.c.Reload()
	e := f.c.Rows()[0]
	assert.Equal(t, "confirmed: a burr indeed", f.c.Note(e))
	require.NotNil(t, f.c.now().records[0].Override)
	assert.Equal(t, "a burr indeed", f.c.now().records[0].Override.Reason)
	f.p.Withdraw(1)
	f.c.Reload()
	assert.Equal(t, "override withdrawn", f.c.Note(f.c.Rows()[0]))
	assert.Nil(t, f.c.now().records[0].Override)
}

// TestNumbersFitTheirVerdicts: an NG image does not stand at 1.00, and a yield with one NG is not 100 %.
func TestNumbersFitTheirVerdicts(t *testing.T) {
	f := setup(t)
	f.c.Reload()
	for range 2500 {
		f.inspect("a.png", 1)
	}
	f.inspect("b.png", 2.0006)
	f.c.Reload()
	assert.Equal(t, "1.0003 × limit", f.c.Note(f.c.Rows()[0]))
	f.p.Text.Locale = grouped{messages.Plain(".")}
	assert.Contains(t, f.c.Sum(), "2,501 inspected, yield 99.96 %: 2,500 OK, 0 REVIEW, 1 NG")
	assert.Contains(t, f.c.Bars()[0].Title, "2,500 OK")
	assert.Equal(t, "1 to 100 of 2,503", f.c.Place())
	assert.Equal(t, "99.96\u00a0%", f.c.Bars()[0].Share)
}

// grouped writes thousands apart, as a browser does.
type grouped struct{ messages.Plain }

func (g grouped) Number(f float64, digits int) string {
	s := g.Plain.Number(f, digits)
	if whole, rest, _ := strings.Cut(s, "."); digits == 0 && len(whole) > 3 {
		s = whole[:len(whole)-3] + "," + whole[len(whole)-3:] + rest
	}
	return s
}

// TestOverrideOfTheDayAfter counts for the image, also when only its day is chosen.
func TestOverrideOfTheDayAfter(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 3)
	f.s.page.milli += 24 * 3600_000
	f.p.Override(1, "OK", "dust")
	f.c.Reload()
	all := f.c.Sum()
	assert.Contains(t, all, "1 OK")
	f.c.SetTo("2026-05-04")
	assert.Equal(t, all, f.c.Sum())
	f.c.SetTo("")
	f.c.SetFrom("2026-05-05")
	assert.Empty(t, f.c.Sum())
}

// TestNoticeGoesWithItsCause: nobody is told that nothing is recorded when everything is, and other notices stay.
func TestNoticeGoesWithItsCause(t *testing.T) {
	for name, other := range map[string]bool{"its own": false, "another": true} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.s.err = ErrFull
			f.inspect("a.png", 1)
			require.NotNil(t, f.p.Notice)
			if other {
				f.p.Tell("x.csv is saved.", "")
			}
			f.s.err = nil
			f.c.Retry()
			require.Zero(t, f.c.Log.Waiting())
			assert.Equal(t, other, f.p.Notice != nil)
		})
	}
}

// hash is the hash of an entry's line.
func (Entry) hash(line string) string {
	_, h, _ := strings.Cut(line, `"hash":"`)
	return h[:64]
}
