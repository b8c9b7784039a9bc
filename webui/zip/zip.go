// Package zip reads the directory of ZIP archives that other people made, and writes archives of files that are not compressed.
//
//	dir, err := zip.Read(at, size, nil)  // at reads from a file; only its end is read
//	start, err := zip.Start(at, dir[0])  // where the data of an entry begins
//
// It only finds entries: the browser takes them out of the file, so an archive is never in memory as a whole. The form is PKWARE's
// APPNOTE 6.3.10, sections 4.3 to 4.5, with the 64-bit extensions when reading.
//
// # Security Considerations
//
// Archives come from outside. Read takes a directory of bounded size only, and refuses what archives for attack are made of: entries that
// share data (Fifield, A better zip bomb, 2019), sizes that no compression reaches, names that lead out of a folder, deep folders.
//
// The standard library's archive/zip has no bound on the directory, and brings a compressor and a decompressor that the browser has too.
package zip

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Methods of compression that a browser can undo.
const (
	Store   = 0
	Deflate = 8
)

// Entry is a file in an archive.
type Entry struct {
	Name       string // with folders, separated by slashes
	Method     uint16
	CRC        uint32
	Size       int64 // of the content
	Compressed int64 // in the archive
	header     int64 // where its local header begins
}

// Limits of what Read accepts; zero values are the defaults.
type Limits struct {
	Entries   int   // files and folders
	Directory int64 // bytes of the directory
	Total     int64 // bytes of all contents
	Ratio     int64 // content to data of an entry above 1 MiB
	Depth     int   // folders inside each other
	Name      int   // bytes of a name
}

const (
	defaultEntries   = 100_000
	defaultDirectory = 32 << 20
	defaultTotal     = 16 << 30
	defaultRatio     = 1200 // deflate ends at 1032
	defaultDepth     = 32
	defaultName      = 4096
)

func (l *Limits) resolve() Limits {
	var r Limits
	if l != nil {
		r = *l
	}
	r.Entries, r.Depth, r.Name = cmp.Or(r.Entries, defaultEntries), cmp.Or(r.Depth, defaultDepth), cmp.Or(r.Name, defaultName)
	r.Directory, r.Total, r.Ratio = cmp.Or(r.Directory, defaultDirectory), cmp.Or(r.Total, defaultTotal), cmp.Or(r.Ratio, defaultRatio)
	return r
}

// Kind is why an archive is refused.
type Kind string

// The kinds.
const (
	NotZIP      Kind = "not_zip"     // no archive, or one that was cut off
	Damaged     Kind = "damaged"     // its parts contradict each other
	TooLarge    Kind = "too_large"   // more than the limits
	Suspicious  Kind = "suspicious"  // made to do harm
	Encrypted   Kind = "encrypted"   // needs a password
	Unsupported Kind = "unsupported" // another compression, several volumes
)

// Kinds returns all kinds, for tables and tests.
func Kinds() []Kind { return []Kind{NotZIP, Damaged, TooLarge, Suspicious, Encrypted, Unsupported} }

// Error is a refusal.
type Error struct {
	Kind   Kind
	Detail string
}

func (e *Error) Error() string { return "zip: " + string(e.Kind) + ": " + e.Detail }

func refuse(k Kind, format string, args ...any) error { return &Error{k, fmt.Sprintf(format, args...)} }

// Signatures and sizes of the records.
const (
	endSign, end64Sign, locatorSign, centralSign, localSign = 0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50
	endSize, end64Size, locatorSize, centralSize, localSize = 22, 56, 20, 46, 30
	maxComment                                              = 1<<16 - 1
)

var le = binary.LittleEndian

// Read returns the files of an archive, without its folders, in the directory's order. Errors are *Error, or the reader's.
func Read(r io.ReaderAt, size int64, limits *Limits) ([]Entry, error) {
	lim := limits.resolve()
	d, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	case d.records > uint64(lim.Entries):
		return nil, refuse(TooLarge, "%d entries, the limit is %d", d.records, lim.Entries)
	case d.size > uint64(lim.Directory):
		return nil, refuse(TooLarge, "a directory of %d bytes, the limit is %d", d.size, lim.Directory)
	case d.offset > uint64(size) || d.size > uint64(size)-d.offset:
		return nil, refuse(Damaged, "the directory is not inside the file")
	}
	b, err := read(r, int64(d.offset), int(d.size))
	if err != nil {
		return nil, err
	}
	var list []Entry
	for range d.records {
		var e Entry
		if b, err = e.parse(b, &lim); err != nil {
			return nil, err
		}
		if !strings.HasSuffix(e.Name, "/") {
			list = append(list, e)
		}
	}
	return list, check(list, int64(d.offset), &lim)
}

func read(r io.ReaderAt, at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	if got, err := r.ReadAt(b, at); got < n {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, refuse(Damaged, "%d bytes at %d are not there", n, at)
		}
		return nil, fmt.Errorf("zip: %w", err)
	}
	return b, nil
}

// directory is what the record at the end says.
type directory struct{ records, size, offset uint64 }

// findEnd looks for the record at the end, which only a comment follows.
func findEnd(r io.ReaderAt, size int64) (d directory, err error) {
	n := min(size, endSize+maxComment)
	if n < endSize {
		return d, refuse(NotZIP, "%d bytes", size)
	}
	b, err := read(r, size-n, int(n))
	if err != nil {
		return d, err
	}
	at := len(b) - endSize
	for ; at >= 0; at-- {
		if le.Uint32(b[at:]) == endSign && at+endSize+int(le.Uint16(b[at+20:])) <= len(b) {
			break
		}
	}
	if at < 0 {
		return d, refuse(NotZIP, "no directory at the end")
	}
	end := b[at:]
	d = directory{uint64(le.Uint16(end[10:])), uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:]))}
	if le.Uint16(end[4:]) != 0 && le.Uint16(end[4:]) != 0xffff {
		return d, refuse(Unsupported, "an archive of several volumes")
	}
	if d.records != 0xffff && d.size != 0xffffffff && d.offset != 0xffffffff {
		return d, nil
	}
	where := size - n + int64(at) - locatorSize
	if where < 0 {
		return d, nil
	}
	l, err := read(r, where, locatorSize)
	if err != nil || le.Uint32(l) != locatorSign {
		return d, err
	}
	at64 := le.Uint64(l[8:])
	if at64 > uint64(size)-min(uint64(size), end64Size) {
		return d, refuse(Damaged, "the 64-bit end is not inside the file")
	}
	e, err := read(r, int64(at64), end64Size)
	if err != nil {
		return d, err
	}
	if le.Uint32(e) != end64Sign {
		return d, refuse(Damaged, "no 64-bit end at %d", at64)
	}
	return directory{le.Uint64(e[32:]), le.Uint64(e[40:]), le.Uint64(e[48:])}, nil
}

// parse reads one entry from the directory and returns what follows.
func (e *Entry) parse(b []byte, lim *Limits) ([]byte, error) {
	if len(b) < centralSize || le.Uint32(b) != centralSign {
		return nil, refuse(Damaged, "the directory ends early")
	}
	flags := le.Uint16(b[8:])
	e.Method, e.CRC, e.Compressed, e.Size = le.Uint16(b[10:]), le.Uint32(b[16:]), int64(le.Uint32(b[20:])), int64(le.Uint32(b[24:]))
	n, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	e.header = int64(le.Uint32(b[42:]))
	rest := b[centralSize:]
	if len(rest) < n+extra+comment {
		return nil, refuse(Damaged, "the directory ends early")
	}
	e.Name = decodeName(rest[:n], flags&0x800 != 0)
	if err := e.extend(rest[n : n+extra]); err != nil {
		return nil, err
	}
	if err := e.check(flags, lim); err != nil {
		return nil, err
	}
	return rest[n+extra+comment:], nil
}

// extend takes sizes and offset from the 64-bit extra field (section 4.5.3), which holds those that are all ones elsewhere.
func (e *Entry) extend(extra []byte) error {
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return nil // padding of sloppy programs
		}
		if field := extra[:n]; id == 1 {
			for _, v := range []*int64{&e.Size, &e.Compressed, &e.header} {
				if *v != 0xffffffff {
					continue
				}
				if len(field) < 8 || le.Uint64(field) > 1<<53 {
					return refuse(Damaged, "%.80q: a wrong 64-bit field", e.Name)
				}
				*v, field = int64(le.Uint64(field)), field[8:]
			}
		}
		extra = extra[n:]
	}
	return nil
}

// check refuses an entry by itself.
func (e *Entry) check(flags uint16, lim *Limits) error {
	folders := strings.Split(e.Name, "/")
	switch {
	case e.Name == "" || len(e.Name) > lim.Name || strings.ContainsFunc(e.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return refuse(Suspicious, "the name %.80q", e.Name)
	case slices.Contains(folders, "..") || folders[0] == "" || len(folders[0]) == 2 && folders[0][1] == ':':
		return refuse(Suspicious, "the name %.80q leads out of the archive", e.Name)
	case len(folders)-1 > lim.Depth:
		return refuse(TooLarge, "%.80q is in more than %d folders", e.Name, lim.Depth)
	case strings.HasSuffix(e.Name, "/"):
		return nil
	case flags&0x2041 != 0:
		return refuse(Encrypted, "%.80q", e.Name)
	case e.Method != Store && e.Method != Deflate:
		return refuse(Unsupported, "%.80q has compression %d", e.Name, e.Method)
	case e.Method == Store && e.Size != e.Compressed:
		return refuse(Damaged, "%.80q is not compressed, but has two sizes", e.Name)
	case e.Size > 1<<20 && e.Size/max(e.Compressed, 1) > lim.Ratio:
		return refuse(Suspicious, "%.80q has %d bytes in %d", e.Name, e.Size, e.Compressed)
	}
	return nil
}

// check refuses entries that together are too large, share data or lie outside of the archive.
func check(list []Entry, directory int64, lim *Limits) error {
	var total int64
	order := make([]*Entry, len(list))
	for i := range list {
		order[i] = &list[i]
		if total += list[i].Size; total > lim.Total {
			return refuse(TooLarge, "more than %d bytes, unpacked", lim.Total)
		}
	}
	slices.SortFunc(order, func(a, b *Entry) int { return cmp.Compare(a.header, b.header) })
	free := int64(0)
	for _, e := range order {
		if e.header < free {
			return refuse(Suspicious, "%.80q shares data with another entry", e.Name)
		}
		if e.header > directory || e.Compressed > directory-e.header-localSize {
			return refuse(Damaged, "%.80q is not inside the archive", e.Name)
		}
		free = e.header + localSize + e.Compressed
	}
	return nil
}

// Start reads the local header of an entry and returns where its data begins.
func Start(r io.ReaderAt, e Entry) (int64, error) {
	b, err := read(r, e.header, localSize)
	if err != nil {
		return 0, err
	}
	if le.Uint32(b) != localSign {
		return 0, refuse(Damaged, "%.80q has no header", e.Name)
	}
	return e.header + localSize + int64(le.Uint16(b[26:])) + int64(le.Uint16(b[28:])), nil
}

// cp437 is the upper half of the character set of names that are not UTF-8 (appendix D).
var cp437 = []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0")

// decodeName reads a name. Many programs write UTF-8 without saying so, and some backslashes.
func decodeName(b []byte, isUTF8 bool) string {
	if isUTF8 || utf8.Valid(b) {
		return strings.ReplaceAll(strings.ToValidUTF8(string(b), "\ufffd"), `\`, "/")
	}
	var s strings.Builder
	for _, c := range b {
		if c < 0x80 {
			s.WriteByte(c)
		} else {
			s.WriteRune(cp437[c-0x80])
		}
	}
	return strings.ReplaceAll(s.String(), `\`, "/")
}
