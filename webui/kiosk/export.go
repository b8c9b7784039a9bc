package kiosk

import (
	"fmt"
	"slices"

	"anomnet/core/audit/payload"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// export writes results into a folder by itself. It takes them from the history, so that what was inspected before a crash is in them too, and
// names files by the numbers of their entries: a file that is written again is the same file.
type export struct {
	busy     bool
	problem  string // a key of the catalogue
	retry    float64
	retryLog float64
	said     string // in the menu
}

// mostExported is how many records are in a file.
const mostExported = 5000

// exportDue writes when the policy says so.
func (k *Kiosk) exportDue() {
	p := k.Page.Policy
	if p == nil || p.Export == nil || k.export.busy || k.Page.Phase != ui.Ready || k.back.Now() < k.export.retry {
		return
	}
	if k.State.Outlet == "" {
		k.trouble(&k.export.problem, "kiosk.export.none")
		return
	}
	now := k.back.Wall().Milli
	newest := int64(0)
	if len(k.Strip) > 0 {
		newest = k.Strip[0].Seq
	}
	if k.State.ExportedAt == 0 { // from now on
		k.State.ExportedAt, k.State.Exported = now, newest
		k.keep()
	}
	waiting := newest > k.State.Exported
	byTime := p.Export.Minutes > 0 && now-k.State.ExportedAt >= int64(p.Export.Minutes)*60_000
	byNumber := p.Export.Images > 0 && newest-k.State.Exported >= int64(p.Export.Images) // entries, of which nearly all are images
	if waiting && (byTime || byNumber) {
		k.exportNow()
	} else if byTime && now < k.State.ExportedAt {
		k.State.ExportedAt = now // the clock went back
	}
}

// exportNow writes what was inspected since the last export.
func (k *Kiosk) exportNow() {
	from := k.State.Exported + 1
	k.export.busy = true
	k.back.Lines(from+mostExported, mostExported, func(lines []string, err error) {
		if err != nil {
			k.export.busy = false
			return // the history says so itself
		}
		parts, unknown := partsOf(k.Page, lines)
		k.origins(from, parts, unknown, func(err error) {
			if err != nil {
				k.export.busy = false
				return
			}
			k.writeLines(lines, parts)
		})
	})
}

// origins looks up, in the history before a number, parts that came into use there and are not with the page: it has just begun, or they were deleted.
func (k *Kiosk) origins(before int64, parts map[string]report.Header, unknown map[string]bool, answer func(error)) {
	if len(unknown) == 0 || before <= 1 {
		answer(nil)
		return
	}
	k.back.Lines(before, mostExported, func(lines []string, err error) {
		if err != nil || len(lines) == 0 {
			answer(err)
			return
		}
		for i := len(lines) - 1; i >= 0 && len(unknown) > 0; i-- {
			if e := history.Parse(lines[i]); e.Kind == payload.Model && unknown[e.Head] {
				parts[e.Head] = headerOf(&e)
				delete(unknown, e.Head)
			}
		}
		k.origins(before-int64(len(lines)), parts, unknown, answer)
	})
}

// writeLines writes the inspections among lines and goes on behind them.
func (k *Kiosk) writeLines(lines []string, parts map[string]report.Header) {
	e, p := &k.export, k.Page.Policy
	batches := batchesOf(parts, lines)
	last := k.State.Exported
	if len(lines) > 0 {
		last = history.Parse(lines[len(lines)-1]).Seq
	}
	var jobs []job
	for i := range batches {
		b := &batches[i]
		name := fmt.Sprintf("%s_%08d-%08d", ui.FileName(b.Header.Part, b.Header.Started, "results"), b.first, b.last)
		if p.Export.CSV {
			jobs = append(jobs, job{name + ".csv", protocol.FormCSV, &b.Batch})
		}
		if p.Export.JSON {
			jobs = append(jobs, job{name + ".json", protocol.FormJSON, &b.Batch})
		}
	}
	k.write(jobs, func(err error) {
		e.busy = false
		if err != nil {
			e.retry = k.back.Now() + 10_000
			k.trouble(&e.problem, exportProblems.of(err))
			return
		}
		k.trouble(&e.problem, "")
		k.State.Exported, k.State.ExportedAt = last, k.back.Wall().Milli
		k.keep()
	})
}

// job is a file to write.
type job struct {
	name, form string
	batch      *report.Batch
}

// write writes files one after the other; the first error ends it.
func (k *Kiosk) write(jobs []job, answer func(error)) {
	if len(jobs) == 0 {
		answer(nil)
		return
	}
	j := jobs[0]
	k.Page.WriteResults(j.form, j.batch, func(data []byte, err error) {
		if err != nil {
			answer(err)
			return
		}
		k.back.Write(j.name, data, func(err error) {
			if err != nil {
				answer(err)
				return
			}
			k.write(jobs[1:], answer)
		})
	})
}

// numbered is a batch with the numbers of its first and last entry.
type numbered struct {
	report.Batch
	first, last int64
}

// exports tells whether an entry is an inspection of the kiosk. Images without the size of their picture were not inspected in it, and are not its
// business.
func exports(e *history.Entry) bool {
	return e.Kind == payload.Inspected && (e.Error != "" || e.Width > 0)
}

// headerOf is what an entry says of a part that came into use.
func headerOf(e *history.Entry) report.Header {
	return report.Header{HeadSHA256: e.Head, Part: e.Part, BackboneSHA256: e.Backbone, Software: e.Version}
}

// partsOf are the parts of the page and those that came into use in lines, by their heads; unknown are the heads of inspections that are of neither.
func partsOf(p *ui.Page, lines []string) (parts map[string]report.Header, unknown map[string]bool) {
	parts, unknown = map[string]report.Header{}, map[string]bool{}
	for _, l := range p.AllLoaded() {
		parts[l.Part.HeadDigest] = p.HeaderOf(l.Part)
	}
	for _, line := range lines {
		e := history.Parse(line)
		if _, ok := parts[e.Head]; ok {
			continue
		}
		if e.Kind == payload.Model {
			parts[e.Head] = headerOf(&e)
		} else if exports(&e) {
			unknown[e.Head] = true
		}
	}
	return parts, unknown
}

// batchesOf makes a batch of each run of inspections with one part and operator.
func batchesOf(parts map[string]report.Header, lines []string) []numbered {
	var out []numbered
	for _, line := range lines {
		e := history.Parse(line)
		h, ok := parts[e.Head]
		if !exports(&e) || !ok {
			continue
		}
		n := len(out)
		if n == 0 || out[n-1].Header.HeadSHA256 != e.Head || out[n-1].Header.Operator != e.Operator {
			h.Operator, h.Started = e.Operator, e.Time
			out = append(out, numbered{Batch: report.Batch{Header: h}, first: e.Seq})
			n++
		}
		b := &out[n-1]
		for _, r := range history.Records([]history.Entry{e}, "") {
			if r.Err == nil {
				b.Header.Limit, b.Header.Review = r.Limit, r.Review
			}
			b.Records = append(b.Records, r)
		}
		b.last, b.Header.Ended = e.Seq, e.Time
	}
	return slices.DeleteFunc(out, func(b numbered) bool { return b.Header.Limit <= 0 }) // without a verdict there are no limits, and nothing to say
}

// savePicture writes the annotated picture of an image that was recorded.
func (k *Kiosk) savePicture(it *ui.Item) {
	p := k.Page.Policy
	if p == nil || p.Export == nil || !p.Export.Pictures || k.State.Outlet == "" || it.State != ui.Done {
		return
	}
	name := fmt.Sprintf("%08d_%s_%s.png", it.Recorded, it.Result.Verdict, ui.FileStem(it.Src.Name()))
	k.back.WritePicture(name, it, func(err error) {
		if err != nil {
			k.trouble(&k.export.problem, exportProblems.of(err))
		}
	})
}

// ChooseOutlet asks for the folder for exports.
func (k *Kiosk) ChooseOutlet() {
	k.back.Choose(UseExport, func(name string, err error) {
		if k.unchosen(err) {
			return
		}
		k.State.Outlet = name
		k.export.problem, k.export.retry = "", 0
		k.keep()
	})
}

// GrantOutlet asks again for the permission to write into it.
func (k *Kiosk) GrantOutlet() {
	k.back.Grant(UseExport, func(err error) {
		k.export.retry = 0
		if err == nil {
			k.trouble(&k.export.problem, "")
		}
	})
}
