package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"anomnet/core/report"
)

// Reason says what is wrong with a history.
type Reason string

// The reasons.
const (
	Empty      Reason = "empty"      // there is no entry
	Unreadable Reason = "unreadable" // the line is no entry, or not in the bytes of one
	Unfinished Reason = "unfinished" // the last line has no end: writing was interrupted, or the file was cut
	Changed    Reason = "changed"    // the content does not have its hash
	CutStart   Reason = "cut_start"  // the history does not begin with entry 1
	Missing    Reason = "missing"    // entries before this one are gone
	Reordered  Reason = "reordered"  // the entry that belongs here stands further down
	Repeated   Reason = "repeated"   // the entry has the number of an earlier one
	Unlinked   Reason = "unlinked"   // number and content are right, but it does not follow from the entry before: one of the two was made anew
	CutEnd     Reason = "cut_end"    // the entry with the expected head hash is not there
)

// Broken is the first fault of a history. All entries before it are unbroken.
type Broken struct {
	Line   int64  // from 1; the number of lines for CutEnd
	Seq    uint64 // of the entry there, 0 when it cannot be read
	Reason Reason
	Detail string
}

func (b *Broken) Error() string {
	if b.Seq > 0 {
		return fmt.Sprintf("audit: line %d, entry %d: %s: %s", b.Line, b.Seq, b.Reason, b.Detail)
	}
	return fmt.Sprintf("audit: line %d: %s: %s", b.Line, b.Reason, b.Detail)
}

// Options of Verify; nil means defaults.
type Options struct {
	Head  string       // hash of an entry that must be there; empty for none
	Entry func(*Entry) // hears of every entry that is in order
}

// Summary says what was verified: all of it when there is no fault, else what comes before.
type Summary struct {
	Entries     int64
	Chain       Chain // the last entry
	First, Last report.Time
	Kinds       map[string]int64
	ClockBack   int64  // entries with a time before that of the entry before: the clock was set, or someone invented times
	HeadSeq     uint64 // the entry that Options.Head names; those after it are chained, but could have been made by anyone
}

// MaxKinds bounds the kinds that Verify counts apart; the others are counted as "".
const MaxKinds = 64

// Verify reads a history to its end and checks every entry. It keeps no entries: memory does not grow with the file. The error is
// a *Broken, or the reader's.
func Verify(r io.Reader, opt *Options) (*Summary, error) {
	if opt == nil {
		opt = &Options{}
	}
	if opt.Head != "" && !isHash(opt.Head) {
		return nil, errors.New("audit: the expected head is no SHA-256 in lower-case hexadecimal digits")
	}
	v := &verifier{Options: *opt, sum: Summary{Kinds: map[string]int64{}, Chain: Chain{Hash: Genesis}}}
	in := bufio.NewReaderSize(r, MaxLine+1)
	for {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return &v.sum, v.end()
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return &v.sum, fmt.Errorf("audit: %w", err)
		}
		if err := v.line(text); err != nil {
			return &v.sum, err
		}
	}
}

// verifier checks line after line. When entries are missing it reads on, to see whether they come later.
type verifier struct {
	Options
	sum   Summary
	lines int64
	gap   *Broken // the first fault, when it may be one of order
}

func (v *verifier) line(text []byte) error {
	v.lines++
	e, broken := v.read(text)
	if v.gap != nil {
		return v.searchOn(e)
	}
	if broken == nil {
		broken = v.link(e)
	}
	switch {
	case broken == nil:
		v.add(e)
	case broken.Reason == Missing:
		v.gap = broken
	default:
		return broken
	}
	return nil
}

// searchOn looks for the entry that belongs into the gap. It ends the search at a line that is no entry (e is nil).
func (v *verifier) searchOn(e *Entry) error {
	switch {
	case e == nil:
		return v.missing()
	case e.Seq == v.sum.Chain.Seq+1 && e.Prev == v.sum.Chain.Hash:
		v.gap.Reason, v.gap.Detail = Reordered, fmt.Sprintf("entry %d, which belongs here, is in line %d", e.Seq, v.lines)
		return v.gap
	}
	return nil
}

// missing is the fault of a gap into which nothing belongs that comes later.
func (v *verifier) missing() error {
	if v.sum.Entries == 0 {
		v.gap.Reason = CutStart
	}
	return v.gap
}

// read checks a line by itself.
func (v *verifier) read(text []byte) (*Entry, *Broken) {
	line := v.lines
	if len(text) > MaxLine {
		return nil, &Broken{line, 0, Unreadable, fmt.Sprintf("more than %d bytes", MaxLine)}
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return nil, &Broken{line, 0, Unfinished, "the line has no end"}
	}
	e, err := ParseEntry(text)
	if err != nil {
		return nil, &Broken{line, 0, Unreadable, err.Error()}
	}
	if want := e.digest(); e.Hash != want {
		return nil, &Broken{line, e.Seq, Changed, fmt.Sprintf("its content has the hash %.12s, it says %.12s", want, e.Hash)}
	}
	return e, nil
}

// link checks that e follows the entries before it.
func (v *verifier) link(e *Entry) *Broken {
	line, last := v.lines, v.sum.Chain
	want := last.Seq + 1
	switch {
	case e.Seq == want && e.Prev == last.Hash:
		return nil
	case e.Seq == want && want == 1:
		return &Broken{line, e.Seq, Unlinked, "the first entry names an entry before it"}
	case e.Seq == want:
		return &Broken{line, e.Seq, Unlinked, fmt.Sprintf("it follows an entry %.12s, but entry %d is %.12s", e.Prev, last.Seq, last.Hash)}
	case e.Seq < want:
		return &Broken{line, e.Seq, Repeated, fmt.Sprintf("entry %d belongs here", want)}
	case e.Seq == want+1:
		return &Broken{line, e.Seq, Missing, fmt.Sprintf("entry %d is not here", want)}
	}
	return &Broken{line, e.Seq, Missing, fmt.Sprintf("entries %d to %d are not here", want, e.Seq-1)}
}

// add counts an entry that is in order.
func (v *verifier) add(e *Entry) {
	s := &v.sum
	if s.Entries == 0 {
		s.First = e.Time
	} else if e.Time.Milli < s.Last.Milli {
		s.ClockBack++
	}
	s.Entries++
	s.Last, s.Chain = e.Time, Chain{e.Seq, e.Hash}
	if e.Hash == v.Head {
		s.HeadSeq = e.Seq
	}
	kind := e.Kind
	if _, known := s.Kinds[kind]; !known && len(s.Kinds) >= MaxKinds {
		kind = ""
	}
	s.Kinds[kind]++
	if v.Entry != nil {
		v.Entry(e)
	}
}

// end says what is wrong when no line is left.
func (v *verifier) end() error {
	switch last := v.sum.Chain; {
	case v.gap != nil:
		return v.missing()
	case v.sum.Entries == 0:
		return &Broken{0, 0, Empty, "there is no entry"}
	case v.Head != "" && v.sum.HeadSeq == 0:
		return &Broken{v.lines, last.Seq, CutEnd, fmt.Sprintf("no entry has the hash %.12s; the last one has %.12s", v.Head, last.Hash)}
	}
	return nil
}
