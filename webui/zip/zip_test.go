package zip_test

import (
	archive "archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/webui/zip"
)

type member struct {
	name    string
	method  uint16
	content []byte
}

// pack makes an archive with the standard library.
func pack(t testing.TB, comment string, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for _, m := range members {
		f, err := w.CreateHeader(&archive.FileHeader{Name: m.name, Method: m.method})
		require.NoError(t, err)
		_, err = f.Write(m.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.SetComment(comment))
	require.NoError(t, w.Close())
	return b.Bytes()
}

// take gets the content of an entry out.
func take(t testing.TB, data []byte, e zip.Entry) []byte {
	t.Helper()
	start, err := zip.Start(bytes.NewReader(data), e)
	require.NoError(t, err)
	raw := data[start : start+e.Compressed]
	if e.Method == zip.Deflate {
		raw, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
		require.NoError(t, err)
	}
	return raw
}

func kind(t *testing.T, err error) zip.Kind {
	t.Helper()
	var e *zip.Error
	require.True(t, errors.As(err, &e), "%v", err)
	assert.NotEmpty(t, e.Detail)
	return e.Kind
}

func TestReadsWhatTheStandardLibraryWrites(t *testing.T) {
	long := bytes.Repeat([]byte("good part "), 5000)
	members := []member{
		{"good/", archive.Store, nil}, {"good/a.png", archive.Deflate, long}, {"good/b.png", archive.Store, []byte("b")},
		{"defect/ü.png", archive.Deflate, nil}, {`windows\c.png`, archive.Store, []byte("c")},
	}
	for _, comment := range []string{"", "made by a machine", strings.Repeat("PK\x05\x06", 1000)} {
		data := pack(t, comment, members...)
		list, err := zip.Read(bytes.NewReader(data), int64(len(data)), nil)
		require.NoError(t, err)
		var names []string
		for _, e := range list {
			names = append(names, e.Name)
		}
		require.Equal(t, []string{"good/a.png", "good/b.png", "defect/ü.png", "windows/c.png"}, names)
		for i, m := range []member{members[1], members[2], members[3], members[4]} {
			got := take(t, data, list[i])
			assert.Equal(t, string(m.content), string(got))
			assert.Equal(t, crc32.ChecksumIEEE(m.content), list[i].CRC)
			assert.EqualValues(t, len(m.content), list[i].Size)
		}
	}
}

func TestNamesOfOldPrograms(t *testing.T) {
	data := pack(t, "", member{"x", archive.Store, nil})
	data = bytes.ReplaceAll(data, []byte("x"), []byte{0x81}) // ü in code page 437
	list, err := zip.Read(bytes.NewReader(data), int64(len(data)), nil)
	require.NoError(t, err)
	assert.Equal(t, "ü", list[0].Name)
}

// central finds the nth entry of the directory, to change its fields.
func central(data []byte, n int) []byte {
	at := 0
	for ; n >= 0; n-- {
		at += bytes.Index(data[at:], []byte("PK\x01\x02")) + 4
	}
	return data[at-4:]
}

func TestHostileArchives(t *testing.T) {
	put16, put32 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32
	two := func() []byte {
		return pack(t, "", member{"a.png", archive.Store, []byte("first")}, member{"b.png", archive.Deflate, []byte("second, second, second")})
	}
	change := func(f func([]byte)) []byte {
		data := two()
		f(data)
		return data
	}
	named := func(name string) []byte { return pack(t, "", member{name, archive.Store, []byte("x")}) }
	end := func(d []byte) []byte { return d[len(d)-22:] }
	for name, c := range map[string]struct {
		data []byte
		want zip.Kind
	}{
		"nothing":         {nil, zip.NotZIP},
		"a picture":       {bytes.Repeat([]byte("not an archive "), 9), zip.NotZIP},
		"cut":             {two()[:60], zip.NotZIP},
		"start cut":       {two()[40:], zip.Damaged},
		"way up":          {named("../../etc/passwd"), zip.Suspicious},
		"way up inside":   {named("a/../b.png"), zip.Suspicious},
		"way up, Windows": {named(`a\..\b.png`), zip.Suspicious},
		"from the root":   {named("/a.png"), zip.Suspicious},
		"from a drive":    {named(`C:\a.png`), zip.Suspicious},
		"a line's end":    {named("a\n.png"), zip.Suspicious},
		"a zero":          {named("a\x00.png"), zip.Suspicious},
		"deep":            {named(strings.Repeat("d/", 40) + "a.png"), zip.TooLarge},
		"password":        {change(func(d []byte) { put16(central(d, 0)[8:], 1) }), zip.Encrypted},
		"compression":     {change(func(d []byte) { put16(central(d, 1)[10:], 14) }), zip.Unsupported},
		"volumes":         {change(func(d []byte) { put16(end(d)[4:], 1) }), zip.Unsupported},
		"two sizes":       {change(func(d []byte) { put32(central(d, 0)[24:], 6) }), zip.Damaged},
		"ratio":           {change(func(d []byte) { put32(central(d, 1)[24:], 1<<31) }), zip.Suspicious},
		"same data":       {change(func(d []byte) { put32(central(d, 1)[42:], 0) }), zip.Suspicious},
		"outside":         {change(func(d []byte) { put32(central(d, 1)[42:], 1<<20) }), zip.Damaged},
		"long data":       {change(func(d []byte) { put32(central(d, 1)[20:], 1<<20) }), zip.Damaged},
		"more records":    {change(func(d []byte) { put16(end(d)[10:], 3) }), zip.Damaged},
		"directory":       {change(func(d []byte) { put32(end(d)[16:], 1<<30) }), zip.Damaged},
		"long name":       {change(func(d []byte) { put16(central(d, 1)[28:], 9999) }), zip.Damaged},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := zip.Read(bytes.NewReader(c.data), int64(len(c.data)), nil)
			assert.Equal(t, c.want, kind(t, err), "%v %v", list, err)
		})
	}
}

func TestLimits(t *testing.T) {
	data := pack(t, "", member{"a/a.png", archive.Store, make([]byte, 100)}, member{"b.png", archive.Store, make([]byte, 100)})
	for name, lim := range map[string]zip.Limits{
		"entries": {Entries: 1}, "directory": {Directory: 50}, "total": {Total: 199}, "name": {Name: 6},
	} {
		_, err := zip.Read(bytes.NewReader(data), int64(len(data)), &lim)
		assert.Contains(t, []zip.Kind{zip.TooLarge, zip.Suspicious}, kind(t, err), name)
	}
	_, err := zip.Read(bytes.NewReader(data), int64(len(data)), &zip.Limits{Entries: 2, Total: 200, Name: 7, Depth: 1})
	assert.NoError(t, err)
}

// TestClaimedEntriesTakeNoMemory: an end that claims four billion entries in 64-bit fields is refused before anything is read for them.
func TestClaimedEntriesTakeNoMemory(t *testing.T) {
	le := binary.LittleEndian
	d := le.AppendUint32(nil, 0x06064b50)
	d = append(d, make([]byte, 20)...)
	d = le.AppendUint64(d, 1<<32)
	d = le.AppendUint64(d, 1<<32)
	d = le.AppendUint64(d, 1<<40)
	d = le.AppendUint64(d, 0)
	d = le.AppendUint32(d, 0x07064b50)
	d = append(d, make([]byte, 16)...)
	d = le.AppendUint32(d, 0x06054b50)
	d = append(d, bytes.Repeat([]byte{0xff}, 16)...)
	d = append(d, 0, 0)
	_, err := zip.Read(bytes.NewReader(d), int64(len(d)), nil)
	assert.Equal(t, zip.TooLarge, kind(t, err))
}

func TestReaderFails(t *testing.T) {
	_, err := zip.Read(failing{}, 1000, nil)
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

func TestTheStandardLibraryReadsWhatWeWrite(t *testing.T) {
	var w zip.Writer
	var out []byte
	at := time.Date(2026, 5, 4, 14, 1, 6, 0, time.UTC)
	contents := map[string]string{"NG/ü.png": "one", "NG/ü (2).png": "two", "NG/ü (3).png": "", "results.csv": "a,b\r\n"}
	for _, f := range []struct{ name, content string }{{"NG/ü.png", "one"}, {"NG/ü.png", "two"}, {"NG/ü.png", ""}, {"results.csv", "a,b\r\n"}} {
		h, err := w.Header(f.name, int64(len(f.content)), crc32.ChecksumIEEE([]byte(f.content)), at)
		require.NoError(t, err)
		out = append(append(out, h...), f.content...)
	}
	out = append(out, w.End()...)
	r, err := archive.NewReader(bytes.NewReader(out), int64(len(out)))
	require.NoError(t, err)
	require.Len(t, r.File, 4)
	for _, f := range r.File {
		rc, err := f.Open()
		require.NoError(t, err)
		got, err := io.ReadAll(rc)
		require.NoError(t, err)
		assert.Equal(t, contents[f.Name], string(got), f.Name)
		assert.Equal(t, at, f.Modified.UTC())
	}
	own, err := zip.Read(bytes.NewReader(out), int64(len(out)), nil)
	require.NoError(t, err)
	assert.Len(t, own, 4)
}

func TestWriterRefuses(t *testing.T) {
	var w zip.Writer
	_, err := w.Header("a", 1<<32, 0, time.Time{})
	assert.ErrorContains(t, err, "4 GB")
	_, err = w.Header("", 1, 0, time.Time{})
	assert.Error(t, err)
	_, err = w.Header(strings.Repeat("x", 1<<16), 1, 0, time.Time{})
	assert.Error(t, err)
	for i := range 1<<16 - 2 {
		_, err = w.Header(fmt.Sprint(i), 0, 0, time.Time{})
		require.NoError(t, err)
	}
	_, err = w.Header("one more", 0, 0, time.Time{})
	assert.ErrorContains(t, err, "files")
}
