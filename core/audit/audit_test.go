package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/audit/payload"
	"anomnet/core/report"
)

var (
	header = &report.Header{Part: "Bracket", HeadSHA256: strings.Repeat("ab", 32), BackboneSHA256: strings.Repeat("cd", 32), Software: "anomnet 1", Limit: 10, Review: 8, FalseRejectRate: 0.01}
	record = &report.Record{Path: "a/ü \"1\".png", Verdict: "NG", Raw: 12.5, Limit: 10, Review: 8, PValue: 1.0 / 97, SHA256: strings.Repeat("0f", 32), Width: 64, Height: 48}
)

// moment is a second of 4 May 2026 in Berlin.
func moment(second int) report.Time {
	return report.Time{Milli: 1777896000000 + int64(second)*1000, Offset: 120}
}

// history makes n entries of several kinds.
func history(t testing.TB, n int) []*audit.Entry {
	t.Helper()
	chain := &audit.Chain{}
	var entries []*audit.Entry
	changed := *record
	changed.Override = &report.Override{Verdict: "OK", Reason: "dust; wiped off", Operator: "Eva", Time: moment(9)}
	for i := range n {
		kind, content := payload.Inspected, any(payload.Inspection(header, record))
		switch {
		case i == 0:
			kind, content = payload.Model, payload.Using(header)
		case i%7 == 3:
			kind, content = payload.Override, payload.Overriding(&changed)
		case i%7 == 5:
			kind, content = payload.Threshold, payload.Limits(header, header)
		}
		e, err := chain.Append(moment(i), "Eva Müller", kind, content)
		require.NoError(t, err)
		entries = append(entries, e)
	}
	return entries
}

func file(entries ...*audit.Entry) []byte {
	var b []byte
	for _, e := range entries {
		b = append(b, e.Line()...)
	}
	return b
}

func verify(data []byte, head string) (*audit.Summary, *audit.Broken, error) {
	sum, err := audit.Verify(bytes.NewReader(data), &audit.Options{Head: head})
	var broken *audit.Broken
	errors.As(err, &broken)
	return sum, broken, err
}

func TestVerifyUnbroken(t *testing.T) {
	entries := history(t, 30)
	var heard int
	sum, err := audit.Verify(iotest.OneByteReader(bytes.NewReader(file(entries...))), &audit.Options{Head: entries[9].Hash, Entry: func(e *audit.Entry) {
		assert.Equal(t, entries[heard], e)
		heard++
	}})
	require.NoError(t, err)
	assert.Equal(t, &audit.Summary{Entries: 30, Chain: audit.Chain{Seq: 30, Hash: entries[29].Hash}, First: moment(0), Last: moment(29), HeadSeq: 10,
		Kinds: map[string]int64{"model": 1, "inspected": 21, "override": 4, "threshold": 4}}, sum)
	assert.Equal(t, 30, heard)
}

func TestVerifyNamesTheFault(t *testing.T) {
	e := history(t, 12)
	again := func(i int, operator string) *audit.Entry { // a new entry in the place of e[i], with a hash of its own
		chain := &audit.Chain{Seq: e[i].Seq - 1, Hash: e[i].Prev}
		made, err := chain.Append(e[i].Time, operator, e[i].Kind, map[string]any{})
		require.NoError(t, err)
		return made
	}
	edited := *e[4]
	edited.Operator = "Someone else"
	reversed := []*audit.Entry{e[3], e[2], e[1], e[0]}
	for name, c := range map[string]struct {
		data   []byte
		head   string
		line   int64
		seq    uint64
		reason audit.Reason
	}{
		"nothing":               {nil, "", 0, 0, audit.Empty},
		"a text":                {[]byte("hello\n"), "", 1, 0, audit.Unreadable},
		"edited":                {file(e[0], e[1], e[2], e[3], &edited, e[5]), "", 5, 5, audit.Changed},
		"made anew":             {file(e[0], e[1], again(2, "x"), e[3]), "", 4, 4, audit.Unlinked},
		"first made anew":       {file(again(0, "x"), e[1]), "", 2, 2, audit.Unlinked},
		"one missing":           {file(e[0], e[1], e[3], e[4]), "", 3, 4, audit.Missing},
		"three missing":         {file(e[0], e[4], e[5]), "", 2, 5, audit.Missing},
		"missing, then damaged": {append(file(e[0], e[4]), "x\n"...), "", 2, 5, audit.Missing},
		"two swapped":           {file(e[0], e[2], e[1], e[3]), "", 2, 3, audit.Reordered},
		"one moved to the end":  {file(e[0], e[2], e[3], e[1]), "", 2, 3, audit.Reordered},
		"reversed":              {file(reversed...), "", 1, 4, audit.Reordered},
		"twice":                 {file(e[0], e[1], e[1], e[2]), "", 3, 2, audit.Repeated},
		"start cut":             {file(e[2:]...), "", 1, 3, audit.CutStart},
		"start cut, damaged":    {append(file(e[2:]...), "x\n"...), "", 1, 3, audit.CutStart},
		"end cut":               {file(e[:8]...), e[9].Hash, 8, 8, audit.CutEnd},
		"half a line":           {file(e...)[:len(file(e...))-20], "", 12, 0, audit.Unfinished},
		"no last line's end":    {bytes.TrimSuffix(file(e...), []byte("\n")), "", 12, 0, audit.Unfinished},
		"empty line":            {append(file(e...), '\n'), "", 13, 0, audit.Unreadable},
		"CR LF":                 {bytes.ReplaceAll(file(e...), []byte("\n"), []byte("\r\n")), "", 1, 0, audit.Unreadable},
		"a long line":           {append(file(e[0]), bytes.Repeat([]byte("x"), 200_000)...), "", 2, 0, audit.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			_, broken, err := verify(c.data, c.head)
			require.NotNil(t, broken, "%v", err)
			assert.Equal(t, []any{c.line, c.seq, c.reason}, []any{broken.Line, broken.Seq, broken.Reason}, broken.Detail)
			assert.ErrorContains(t, err, string(c.reason))
			assert.NotEmpty(t, broken.Detail)
		})
	}
}

// TestTheEndCutWithoutAHeadIsNotFound states the limit of a chain without a key; the package comment says so too.
func TestTheEndCutWithoutAHeadIsNotFound(t *testing.T) {
	e := history(t, 12)
	sum, _, err := verify(file(e[:8]...), "")
	require.NoError(t, err)
	assert.EqualValues(t, 8, sum.Entries)
	_, broken, _ := verify(file(e[:8]...), e[11].Hash)
	require.NotNil(t, broken)
	assert.Equal(t, audit.CutEnd, broken.Reason)
	_, err = audit.Verify(bytes.NewReader(file(e...)), &audit.Options{Head: strings.ToUpper(e[0].Hash)})
	assert.ErrorContains(t, err, "no SHA-256")
}

// TestEveryChangedByteIsFound changes 1,000 bytes at random, and every bit of a small history.
func TestEveryChangedByteIsFound(t *testing.T) {
	whole := file(history(t, 40)...)
	rng := rand.New(rand.NewPCG(7, 7))
	for range 1000 {
		data := bytes.Clone(whole)
		at, change := rng.IntN(len(data)), byte(1+rng.IntN(255))
		data[at] ^= change
		_, broken, _ := verify(data, "")
		require.NotNil(t, broken, "byte %d xor %d", at, change)
		line := int64(1 + bytes.Count(whole[:at], []byte("\n")))
		assert.Equal(t, line, broken.Line, "byte %d xor %d: %s", at, change, broken.Detail)
	}
	small := file(history(t, 2)...)
	for at := range small {
		for bit := range 8 {
			data := bytes.Clone(small)
			data[at] ^= 1 << bit
			_, broken, _ := verify(data, "")
			require.NotNil(t, broken, "byte %d bit %d", at, bit)
		}
	}
}

func TestEveryCutAndInsertionIsFound(t *testing.T) {
	whole := file(history(t, 20)...)
	rng := rand.New(rand.NewPCG(8, 8))
	ends := map[int]bool{0: true}
	for i, c := range whole {
		ends[i+1] = ends[i+1] || c == '\n'
	}
	for range 1000 {
		at := rng.IntN(len(whole))
		to := at + 1 + rng.IntN(len(whole)-at)
		if to == len(whole) && ends[at] {
			continue // the end cut at an entry: not found without a head
		}
		_, broken, _ := verify(append(bytes.Clone(whole[:at]), whole[to:]...), "")
		require.NotNil(t, broken, "without bytes %d to %d", at, to)
		_, broken, _ = verify(append(append(bytes.Clone(whole[:at]), byte(rng.Uint32())), whole[at:]...), "")
		require.NotNil(t, broken, "one more at %d", at)
	}
}

func TestClockSetBackIsCounted(t *testing.T) {
	chain := &audit.Chain{}
	var data []byte
	for _, second := range []int{5, 3, 4, 1, 1} {
		e, err := chain.Append(moment(second), "", payload.Opened, map[string]any{})
		require.NoError(t, err)
		data = append(data, e.Line()...)
	}
	sum, _, err := verify(data, "")
	require.NoError(t, err)
	assert.EqualValues(t, 2, sum.ClockBack)
}

func TestAppendRefuses(t *testing.T) {
	deep := any(1)
	for range 9 {
		deep = map[string]any{"a": deep}
	}
	for name, c := range map[string]struct {
		operator, kind string
		at             report.Time
		payload        any
	}{
		"no object":      {"", "note", moment(0), []int{1}},
		"a channel":      {"", "note", moment(0), make(chan int)},
		"bad key":        {"", "note", moment(0), map[string]any{"Key": 1}},
		"large number":   {"", "note", moment(0), map[string]any{"n": uint64(1) << 60}},
		"written short":  {"", "note", moment(0), json.RawMessage(`{"n":1e16}`)},
		"too deep":       {"", "note", moment(0), deep},
		"too large":      {"", "note", moment(0), map[string]any{"t": strings.Repeat("x", audit.MaxPayload)}},
		"kind":           {"", "Note!", moment(0), map[string]any{}},
		"no kind":        {"", "", moment(0), map[string]any{}},
		"operator":       {strings.Repeat("x", 257), "note", moment(0), map[string]any{}},
		"operator bytes": {"\xff", "note", moment(0), map[string]any{}},
		"time":           {"", "note", report.Time{Milli: -1}, map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			chain := audit.Chain{}
			_, err := chain.Append(c.at, c.operator, c.kind, c.payload)
			assert.Error(t, err)
			assert.Zero(t, chain, "the chain did not move")
		})
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1.50 , "a" : [ true , null , "\u00e9\/" ] } `: `{"a":[true,null,"é/"],"b":1.5}`,
		`{"x":1e3,"y":1E-7,"z":-0.0,"w":-0}`:                    `{"w":0,"x":1000,"y":1e-7,"z":0}`,
		`{"x":9007199254740992.0,"y":1e21,"z":-1E300}`:          `{"x":9007199254740992,"y":1e+21,"z":-1e+300}`,
		`{}`: `{}`,
	} {
		got, err := audit.Canonical([]byte(in))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		again, err := audit.Canonical(got)
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	for _, bad := range []string{"", "1", "[]", `{"a":1,"a":2}`, `{"a":01}`, `{"a":9007199254740993}`, `{"a":1e16}`, `{"a":-1e20}`,
		`{"a":9007199254740994.0}`, `{"ä":1}`, `{"a":1e400}`, "{\"a\":\"\xff\"}"} {
		_, err := audit.Canonical([]byte(bad))
		assert.Error(t, err, bad)
	}
}

const (
	formatDoc   = "../../docs/report-format.md"
	exampleFile = "../../docs/example/history.jsonl"
)

// TestWorkedExample holds the example of docs/report-format.md against the code, and runs its commands.
func TestWorkedExample(t *testing.T) {
	chain := &audit.Chain{}
	ok := *record
	ok.Verdict, ok.Raw = "OK", 6.25
	var want []byte
	for i, c := range []struct {
		kind    string
		payload any
	}{{payload.Model, payload.Using(header)}, {payload.Inspected, payload.Inspection(header, &ok)}} {
		e, err := chain.Append(moment(i), "Eva", c.kind, c.payload)
		require.NoError(t, err)
		want = append(want, e.Line()...)
	}
	if os.Getenv("ANOMNET_UPDATE") != "" {
		require.NoError(t, os.WriteFile(exampleFile, want, 0o644))
	}
	got, err := os.ReadFile(exampleFile)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	doc, err := os.ReadFile(formatDoc)
	require.NoError(t, err)
	for line := range strings.Lines(string(got)) {
		assert.Contains(t, string(doc), line, "the document shows the file")
	}
	_, script, found := strings.Cut(string(doc), "```sh\n")
	require.True(t, found)
	script, _, _ = strings.Cut(script, "```")
	if _, err := exec.LookPath("sha256sum"); err != nil || runtime.GOOS == "js" {
		t.Skip("sha256sum is not here: the document's commands were not run")
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = filepath.Dir(exampleFile)
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%s  -\n", chain.Hash), string(out), "the document's commands print the hash of the last entry")
}

// FuzzVerify: whatever the bytes are, Verify returns, and what it accepts is exactly what entries write.
func FuzzVerify(f *testing.F) {
	whole := file(history(f, 8)...)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"v":1,"seq":1,"time":"2026-05-04T14:00:00.000+02:00","operator":"","kind":"note","payload":{},"prev":"","hash":""}` + "\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		sum, err := audit.Verify(bytes.NewReader(data), &audit.Options{Entry: func(e *audit.Entry) { again = append(again, e.Line()...) }})
		require.True(t, bytes.HasPrefix(data, again))
		if err == nil {
			require.Equal(t, data, again)
			require.Positive(t, sum.Entries)
		}
	})
}

// FuzzParseEntry: an entry that is accepted is written in the same bytes.
func FuzzParseEntry(f *testing.F) {
	for _, e := range history(f, 4) {
		f.Add(e.Line())
	}
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := audit.ParseEntry(data); err == nil {
			require.Equal(t, data, e.Line())
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	data := file(history(b, 1000)...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.Verify(bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
}
