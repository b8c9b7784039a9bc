package kiosk

import (
	"time"

	"anomnet/core/audit/payload"
	"anomnet/core/calibrate"
	"anomnet/core/report"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// stripLength is how many inspections are shown.
const stripLength = 12

// Past is an inspection in the strip; Item is nil when it is of an earlier session.
type Past struct {
	Seq  int64
	Kind string // of the mark
	Name string
	Time report.Time
	Item *ui.Item
}

// tally counts what stands in the history since the shift or the day began.
type tally struct {
	report.Counts
	from    since
	last    int64 // all entries up to this number are counted
	loading bool
	missed  map[int64]report.Record // recorded while the history is read
	serial  int
}

// since is what is counted: from the beginning of the shift on, or the day on the clock of the place. The day is named: where the clock changes, its midnight had
// another offset than now.
type since struct {
	shift int64 // milliseconds since 1970
	day   string
}

// unread is the shift of tally.from when the history could not be read: it is tried again with the next tick.
const unread = -1

func day(t report.Time) string { return t.Wall().Format(time.DateOnly) }

// begins is when the counters begin: with the shift, or with the day.
func (k *Kiosk) begins(now report.Time) since {
	if k.State.Shift > 0 {
		return since{shift: k.State.Shift}
	}
	return since{day: day(now)}
}

// has tells whether what was inspected at t is counted.
func (s since) has(t report.Time) bool {
	if s.day != "" {
		return day(t) >= s.day
	}
	return t.Milli >= s.shift
}

// recount reads the history from its end back to the beginning of the shift.
func (k *Kiosk) recount() {
	t := &k.tally
	*t = tally{from: k.begins(k.back.Wall()), loading: true, missed: map[int64]report.Record{}, serial: t.serial + 1}
	serial, strip := t.serial, []Past(nil)
	var read func(before int64)
	read = func(before int64) {
		k.back.Lines(before, 500, func(lines []string, err error) {
			if t.serial != serial {
				return
			}
			if err != nil {
				t.loading, t.missed, t.from = false, nil, since{shift: unread}
				return
			}
			more := false
			for i := len(lines) - 1; i >= 0; i-- {
				e := history.Parse(lines[i])
				if t.last == 0 {
					t.last = e.Seq
				}
				before = e.Seq
				if e.Kind == payload.Inspected && len(strip) < stripLength {
					strip = append(strip, pastOf(&e))
				}
				if more = t.from.has(e.Time); !more && len(strip) == stripLength {
					break
				}
				if more && e.Kind == payload.Inspected {
					k.add(recordOf(&e))
				}
			}
			if len(lines) > 0 && before > 1 && (more || len(strip) < stripLength && k.tally.last-before < 5000) {
				read(before)
				return
			}
			k.counted(strip)
		})
	}
	read(0)
}

// counted ends recount: what was recorded meanwhile is added.
func (k *Kiosk) counted(strip []Past) {
	t := &k.tally
	t.loading = false
	for seq, r := range t.missed {
		if seq > t.last {
			k.add(r)
		}
	}
	t.missed = nil
	for _, p := range strip {
		if len(k.Strip) == 0 || p.Seq < k.Strip[len(k.Strip)-1].Seq {
			k.Strip = append(k.Strip, p)
		}
	}
	k.Strip = k.Strip[:min(len(k.Strip), stripLength)]
}

func (k *Kiosk) add(r report.Record) {
	c := report.Tally([]report.Record{r})
	t := &k.tally.Counts
	t.OK, t.Review, t.NG, t.Failed = t.OK+c.OK, t.Review+c.Review, t.NG+c.NG, t.Failed+c.Failed
}

// count adds an image that has just been recorded.
func (k *Kiosk) count(it *ui.Item) {
	r := it.Record()
	if k.tally.loading {
		k.tally.missed[it.Recorded] = r
	} else {
		k.add(r)
	}
	k.Strip = append([]Past{{Seq: it.Recorded, Kind: it.Kind(), Name: it.Src.Name(), Time: it.Time, Item: it}}, k.Strip...)
	k.Strip = k.Strip[:min(len(k.Strip), stripLength)]
}

func recordOf(e *history.Entry) report.Record {
	r := report.Record{Verdict: calibrate.Verdict(e.Verdict)}
	if e.Error != "" {
		r = report.Record{Err: &report.Failure{Code: e.Error}}
	}
	return r
}

func pastOf(e *history.Entry) Past {
	p := Past{Seq: e.Seq, Kind: "failed", Name: e.Path, Time: e.Time}
	if e.Error == "" {
		p.Kind = map[string]string{"OK": "ok", "REVIEW": "review", "NG": "ng"}[e.Verdict]
	}
	for i := len(p.Name) - 1; i >= 0; i-- {
		if p.Name[i] == '/' {
			p.Name = p.Name[i+1:]
			break
		}
	}
	return p
}

// NewShift lets the counters begin anew.
func (k *Kiosk) NewShift() {
	k.State.Shift = k.back.Wall().Milli
	k.keep()
	k.recount()
}

// EndShift lets the counters begin at midnight.
func (k *Kiosk) EndShift() {
	k.State.Shift = 0
	k.keep()
	k.recount()
}
