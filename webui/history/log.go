package history

import (
	"encoding/json"
	"errors"
	"strconv"

	"anomnet/core/audit/payload"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// Errors of Backend.Append that mean something else than that something failed.
var (
	ErrFull    = errors.New("history: no room on this device")
	ErrRefused = errors.New("history: an entry was refused")
)

// Backend stores the history. Answers run like methods of ui.Page, never from inside the call.
type Backend interface {
	// Append chains drafts to what is stored, also by other tabs, and stores them all or none. The answer has the lines of the new entries, "" for
	// a draft whose file stands in the history already.
	Append(drafts []protocol.Draft, answer func(lines []string, err error))
	// Load reads the last entries, at most max, and the number of the last one.
	Load(max int, answer func(lines []string, last int64, err error))
	// Verify checks all that is stored; head is a hash that must be in it, or "".
	Verify(head string, answer func(r protocol.VerifyResult, err error))
	// Save gives the whole history to the person.
	Save(name string, answer func(err error))
	// Wall is the time of day.
	Wall() report.Time
}

// MaxPending is how many entries wait at most when they cannot be stored.
const MaxPending = 10_000

// perFlush is how many entries are stored at once: more would be a long task, fewer many transactions.
const perFlush = 200

// pending is an entry that is not stored yet, and the item that waits for its number.
type pending struct {
	draft protocol.Draft
	item  *ui.Item
}

// Log turns what happens into entries.
type Log struct {
	page    *ui.Page
	back    Backend
	stored  func(lines []string) // hears of new entries
	waiting []pending
	busy    bool
	Twice   int  // images that were left out because their file stands in the history already
	single  bool // one at a time, to find the entry that is refused
	opened  bool // this session has its first entry
	part    string
	limits  [2]float32 // review and limit of the last verdict, zero after a change of part
	Problem error      // why entries wait
	notice  *ui.Notice // that says so
	Lost    int        // entries that were given up: refused, or too many
}

// Waiting is how many entries are not stored.
func (l *Log) Waiting() int { return len(l.waiting) }

func (l *Log) watch() ui.Watcher {
	return ui.Watcher{
		Inspected: func(part protocol.LoadResult, it *ui.Item) {
			h, r := l.page.HeaderOf(part), it.Record()
			l.using(&h)
			l.moved(&h, &r)
			content := payload.Inspection(&h, &r)
			if size, modified, ok := ui.StampOf(it.Src); ok {
				payload.Stamp(content, size, modified)
			}
			if l.page.IsBare() {
				payload.Measure(content, &r)
			}
			l.note(payload.Inspected, content, it)
		},
		Overridden: func(part protocol.LoadResult, it *ui.Item) {
			h, r := l.page.HeaderOf(part), it.Record()
			l.using(&h)
			l.note(payload.Override, payload.Overriding(&r), nil)
		},
		Exported: func(form string, n int) { l.note(payload.Exported, payload.Exporting(form, n), nil) },
		Taught:   func(v ui.Kept) { l.note(payload.Taught, payload.Teaching(v.Part, v.Head, v.N, v.Images), nil) },
		Deleted:  func(v ui.Kept) { l.note(payload.Deleted, payload.Deleting(v.Part, v.Head, v.N), nil) },
	}
}

// using notes the session and the part before the first entry that depends on them.
func (l *Log) using(h *report.Header) {
	if !l.opened {
		l.opened = true
		l.add(payload.Opened, map[string]any{"software": h.Software}, nil)
	}
	if l.part != h.HeadSHA256 {
		l.part, l.limits = h.HeadSHA256, [2]float32{}
		l.add(payload.Model, payload.Using(h), nil)
	}
}

// moved notes that other limits are in force, before the first verdict under them.
func (l *Log) moved(h *report.Header, r *report.Record) {
	if r.Err != nil {
		return
	}
	now := [2]float32{r.Review, r.Limit}
	if before := l.limits; before != now && before != [2]float32{} {
		from, to := *h, *h
		from.Review, from.Limit = before[0], before[1]
		to.Review, to.Limit = now[0], now[1]
		l.add(payload.Threshold, payload.Limits(&from, &to), nil)
	}
	l.limits = now
}

// note adds an entry and has it stored.
func (l *Log) note(kind string, content map[string]any, it *ui.Item) {
	l.add(kind, content, it)
	l.flush()
}

func (l *Log) add(kind string, content map[string]any, it *ui.Item) {
	text, err := json.Marshal(content)
	if err != nil || len(l.waiting) >= MaxPending {
		l.Lost++
		return
	}
	d := protocol.Draft{Time: l.back.Wall().String(), Operator: l.page.Settings.Operator, Kind: kind, Payload: text}
	if it != nil {
		d.File = FileKey(it.Src)
	}
	l.waiting = append(l.waiting, pending{d, it})
}

// flush stores what waits, as much as possible at once: one transaction for many images is what keeps up with fast workers.
func (l *Log) flush() {
	if l.busy || len(l.waiting) == 0 {
		return
	}
	n := min(len(l.waiting), perFlush)
	if l.single {
		n = 1
	}
	batch := l.waiting[:n:n]
	drafts := make([]protocol.Draft, n)
	for i, p := range batch {
		drafts[i] = p.draft
	}
	l.busy = true
	l.back.Append(drafts, func(lines []string, err error) {
		l.busy = false
		switch {
		case err == nil:
			l.done(batch, lines)
		case errors.Is(err, ErrRefused) && n > 1:
			l.single = true
		case errors.Is(err, ErrRefused):
			l.waiting = l.waiting[1:]
			l.Lost++
		default:
			l.fail(err)
			return
		}
		l.flush()
	})
}

func (l *Log) done(batch []pending, lines []string) {
	l.waiting = l.waiting[len(batch):]
	if l.Problem != nil && l.page.Notice == l.notice { // it is not true any more
		l.page.Notice = nil
	}
	l.Problem, l.notice, l.single = nil, nil, false
	var first int64
	new := lines[:0]
	for i, p := range batch {
		if i < len(lines) && lines[i] == "" {
			l.Twice++
			continue
		}
		if first == 0 && i < len(lines) {
			first = Parse(lines[i]).Seq
		}
		if p.item != nil {
			l.page.Recorded(p.item, first+int64(len(new)))
		}
		if i < len(lines) {
			new = append(new, lines[i])
		}
	}
	l.stored(new)
}

// Retry tries again to store what waits.
func (l *Log) Retry() { l.flush() }

// FileKey is the key under which a file of a watched folder stands in the history: its place, size and time. It is "" for other sources.
func FileKey(src ui.Source) string {
	size, modified, ok := ui.StampOf(src)
	if !ok {
		return ""
	}
	return KeyOf(ui.PathOf(src), size, modified)
}

// KeyOf is FileKey of a file that is not a Source yet.
func KeyOf(path string, size, modified int64) string {
	return strconv.FormatInt(modified, 10) + " " + strconv.FormatInt(size, 10) + " " + path
}

// fail keeps what waits and says so once.
func (l *Log) fail(err error) {
	first := l.Problem == nil
	l.Problem = err
	if first {
		t := l.page.Text
		l.page.Warn(t.T("history.problem"), t.T(l.why()), err.Error())
		l.notice = l.page.Notice
	}
}

// why is the key of what a person can do.
func (l *Log) why() string {
	if errors.Is(l.Problem, ErrFull) {
		return "history.full"
	}
	return "history.failed"
}
