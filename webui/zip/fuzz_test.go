package zip_test

import (
	archive "archive/zip"
	"bytes"
	"errors"
	"hash/crc32"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"anomnet/webui/zip"
)

// allocated is how many bytes the program has allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzRead: what is accepted names no place outside, shares no data, and was read with memory in proportion to the archive.
func FuzzRead(f *testing.F) {
	f.Add(pack(f, "c", member{"a/b.png", archive.Deflate, []byte("content")}, member{"c", archive.Store, []byte("c")}))
	f.Add(pack(f, "", member{"folder/", archive.Store, nil}, member{"folder/ü.png", archive.Store, []byte("ü")}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		before := allocated()
		list, err := zip.Read(r, int64(len(data)), nil)
		if took := allocated() - before; took > uint64(64*len(data))+1<<20 {
			t.Fatalf("%d bytes allocated for an archive of %d", took, len(data))
		}
		if err != nil {
			var e *zip.Error
			require.True(t, errors.As(err, &e), "%v", err)
			require.Contains(t, zip.Kinds(), e.Kind)
			return
		}
		total := int64(0)
		for _, e := range list {
			total += e.Compressed
			require.NotEmpty(t, e.Name)
			require.False(t, strings.HasPrefix(e.Name, "/") || slices.Contains(strings.Split(e.Name, "/"), ".."), e.Name)
			start, err := zip.Start(r, e)
			if err == nil && start+e.Compressed > int64(len(data))+1<<17 {
				t.Fatalf("%q ends far outside", e.Name)
			}
		}
		require.LessOrEqual(t, total, int64(len(data)), "no byte belongs to two entries")
	})
}

// FuzzWrite: what is written is read again, here and by the standard library, whatever the names are.
func FuzzWrite(f *testing.F) {
	f.Add("NG/a.png", []byte("one"), "NG/a.png", []byte("two"))
	f.Add("ü", []byte{}, "a\\b", []byte("\x00"))
	f.Add("../../etc/passwd", []byte("x"), "/root", []byte("y"))
	f.Fuzz(func(t *testing.T, name1 string, data1 []byte, name2 string, data2 []byte) {
		var w zip.Writer
		var out []byte
		var contents [][]byte
		for _, one := range []struct {
			name string
			data []byte
		}{{name1, data1}, {name2, data2}} {
			h, err := w.Header(one.name, int64(len(one.data)), crc32.ChecksumIEEE(one.data), time.Unix(1<<30, 0))
			if err != nil {
				continue
			}
			out, contents = append(append(out, h...), one.data...), append(contents, one.data)
		}
		out = append(out, w.End()...)
		std, err := archive.NewReader(bytes.NewReader(out), int64(len(out)))
		if err != nil {
			require.ErrorIs(t, err, archive.ErrInsecurePath)
		}
		require.Len(t, std.File, len(contents))
		list, err := zip.Read(bytes.NewReader(out), int64(len(out)), nil)
		if err != nil {
			return // a name that we would refuse
		}
		for i, e := range list {
			if len(list) == len(contents) { // no folder among them
				require.Equal(t, string(contents[i]), string(take(t, out, e)))
			}
		}
	})
}
