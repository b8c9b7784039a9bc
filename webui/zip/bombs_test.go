package zip_test

import (
	archive "archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/webui/zip"
)

// local and record are the two headers of an entry that is deflated.
func local(name string, size, data uint32) []byte {
	b := append([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), make([]byte, 20)...)
	binary.LittleEndian.PutUint32(b[18:], data)
	binary.LittleEndian.PutUint32(b[22:], size)
	binary.LittleEndian.PutUint16(b[26:], uint16(len(name)))
	return append(b, name...)
}

func record(name string, size, data, at uint32) []byte {
	b := append([]byte("PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00"), make([]byte, 34)...)
	binary.LittleEndian.PutUint32(b[20:], data)
	binary.LittleEndian.PutUint32(b[24:], size)
	binary.LittleEndian.PutUint16(b[28:], uint16(len(name)))
	binary.LittleEndian.PutUint32(b[42:], at)
	return append(b, name...)
}

// finish puts a directory behind the data.
func finish(data []byte, records ...[]byte) []byte {
	dir := bytes.Join(records, nil)
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	binary.LittleEndian.PutUint16(end[8:], uint16(len(records)))
	binary.LittleEndian.PutUint16(end[10:], uint16(len(records)))
	binary.LittleEndian.PutUint32(end[12:], uint32(len(dir)))
	binary.LittleEndian.PutUint32(end[16:], uint32(len(data)))
	return append(append(append([]byte(nil), data...), dir...), end...)
}

// overlapping is a bomb of Fifield's kind (A better zip bomb, 2019): every entry quotes the headers of those behind it as data of its own, and all end in
// the same kernel. quoted tells whether the entries begin one after another or all at the kernel.
func overlapping(n int, quoted bool) []byte {
	kernel := bytes.Repeat([]byte{0}, 1000)
	var data []byte
	var starts []int
	names := make([]string, n)
	for i := range n {
		names[i] = strings.Repeat("a", 1+i%3) + string(rune('a'+i%26)) + ".png"
		if i == 0 || quoted {
			starts = append(starts, len(data))
			data = append(data, local(names[i], 1<<20, 0)...)
		} else {
			starts = append(starts, 0)
		}
	}
	data = append(data, kernel...)
	var records [][]byte
	for i := range n {
		records = append(records, record(names[i], 1<<20, uint32(len(data)-starts[i]-30-len(names[i])), uint32(starts[i])))
	}
	return finish(data, records...)
}

// TestBombs: archives that unpack to far more than they are, or to themselves, are refused within a second and with memory in proportion to them.
func TestBombs(t *testing.T) {
	thousand := pack(t, "", member{"a.png", archive.Deflate, make([]byte, 8<<20)})
	for name, c := range map[string]struct {
		data []byte
		want zip.Kind // "" for one that is read
	}{
		"1:1000, honest":          {thousand, ""}, // as much as deflate can; the page takes 64 MB of it at most
		"1:1,000,000":             {finish(append(local("a.png", 1<<30, 1000), make([]byte, 1000)...), record("a.png", 1<<30, 1000, 0)), zip.Suspicious},
		"quoted overlap":          {overlapping(200, true), zip.Suspicious},
		"full overlap":            {overlapping(200, false), zip.Suspicious},
		"itself as its content":   {finish(local("r.zip", 200, 200), record("r.zip", 200, 200, 0)), zip.Damaged}, // the content would reach into the directory
		"16 GB in a directory":    {many(300, 60<<20, 60<<10), zip.TooLarge},
		"60,000 entries of one":   {same(60_000), zip.Suspicious},
		"a name of 60,000 bytes":  {pack(t, "", member{strings.Repeat("n", 60_000) + ".png", archive.Store, nil}), zip.Suspicious},
		"10,000 folders deep":     {pack(t, "", member{strings.Repeat("d/", 10_000) + "a.png", archive.Store, nil}), zip.Suspicious},
		"a comment that is a ZIP": {pack(t, string(pack(t, "", member{"in.png", archive.Store, nil})), member{"out.png", archive.Store, nil}), zip.Damaged}, // it could be either
	} {
		t.Run(name, func(t *testing.T) {
			start, before := time.Now(), allocated()
			list, err := zip.Read(bytes.NewReader(c.data), int64(len(c.data)), nil)
			assert.Less(t, time.Since(start), 5*time.Second) // a second, five on a busy machine
			assert.Less(t, allocated()-before, uint64(8*len(c.data))+1<<20)
			if c.want == "" {
				require.NoError(t, err)
				assert.Len(t, list, 1)
				return
			}
			assert.Equal(t, c.want, kind(t, err), err)
		})
	}
}

// many is n entries that do not overlap, of a size and so many bytes each.
func many(n int, size, data uint32) []byte {
	var out []byte
	var records [][]byte
	for range n {
		records = append(records, record("a.png", size, data, uint32(len(out))))
		out = append(append(out, local("a.png", size, data)...), make([]byte, data)...)
	}
	return finish(out, records...)
}

// same is n records of the same entry.
func same(n int) []byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = record("a.png", 100, 100, 0)
	}
	return finish(append(local("a.png", 100, 100), make([]byte, 100)...), records...)
}

// TestArchiveInAnArchive: an archive inside of one is a file like any other; nobody opens it.
func TestArchiveInAnArchive(t *testing.T) {
	inner := pack(t, "", member{"a.png", archive.Store, []byte("x")})
	for range 5 {
		inner = pack(t, "", member{"in.zip", archive.Deflate, inner})
	}
	list, err := zip.Read(bytes.NewReader(inner), int64(len(inner)), nil)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "in.zip", list[0].Name)
}
