package zip

import (
	"errors"
	"fmt"
	"time"
)

// Limits of an archive without 64-bit extensions.
const (
	maxFiles = 1<<16 - 2
	maxBytes = 1<<32 - 2
)

// Writer makes an archive of files that are stored as they are, such as pictures. It returns what belongs before and after the content of
// each file, so that the content itself need not pass through the program. The zero value is an empty archive.
type Writer struct {
	offset  int64
	central []byte
	files   int
	names   map[string]bool
}

// Header begins a file. What follows it in the archive is the file's content, of that size and sum. A name that is taken gets a number.
func (w *Writer) Header(name string, size int64, crc uint32, t time.Time) ([]byte, error) {
	if w.names == nil {
		w.names = map[string]bool{}
	}
	name = free(name, w.names)
	switch {
	case len(name) == 0 || len(name) > 1<<16-1:
		return nil, fmt.Errorf("zip: a name of %d bytes", len(name))
	case w.files >= maxFiles:
		return nil, fmt.Errorf("zip: more than %d files", maxFiles)
	case size < 0 || w.offset+int64(len(w.central))+size+2*int64(len(name))+localSize+centralSize+endSize > maxBytes:
		return nil, errors.New("zip: more than 4 GB")
	}
	w.names[name] = true
	const utf8Names = 1 << 11
	date, clock := dosTime(t)
	common := le.AppendUint16(nil, utf8Names)
	common = le.AppendUint16(common, Store)
	common = le.AppendUint16(common, clock)
	common = le.AppendUint16(common, date)
	common = le.AppendUint32(common, crc)
	common = le.AppendUint32(common, uint32(size))
	common = le.AppendUint32(common, uint32(size))
	common = le.AppendUint16(common, uint16(len(name)))
	common = le.AppendUint16(common, 0) // extra field

	local := le.AppendUint32(nil, localSign)
	local = le.AppendUint16(local, 20) // version 2.0
	local = append(append(local, common...), name...)

	c := le.AppendUint32(w.central, centralSign)
	c = le.AppendUint16(c, 20)
	c = le.AppendUint16(c, 20)
	c = append(c, common...)
	c = append(c, make([]byte, 10)...) // comment, volume, attributes
	c = le.AppendUint32(c, uint32(w.offset))
	w.central = append(c, name...)
	w.offset += int64(len(local)) + size
	w.files++
	return local, nil
}

// End returns the directory, which ends the archive.
func (w *Writer) End() []byte {
	b := le.AppendUint32(w.central, endSign)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, uint16(w.files))
	b = le.AppendUint16(b, uint16(w.files))
	b = le.AppendUint32(b, uint32(len(w.central)))
	b = le.AppendUint32(b, uint32(w.offset))
	return le.AppendUint16(b, 0)
}

// free returns the name, with a number before its extension when it is taken.
func free(name string, taken map[string]bool) string {
	for n, try := 2, name; ; n++ {
		if !taken[try] {
			return try
		}
		dot := len(name)
		for i := len(name) - 1; i >= 0 && name[i] != '/'; i-- {
			if name[i] == '.' {
				dot = i
				break
			}
		}
		try = fmt.Sprintf("%s (%d)%s", name[:dot], n, name[dot:])
	}
}

// dosTime writes local time as MS-DOS did, in steps of two seconds from 1980.
func dosTime(t time.Time) (date, clock uint16) {
	if t.Year() < 1980 || t.Year() > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()), uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
}
