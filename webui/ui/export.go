package ui

import (
	"strings"

	vjs "github.com/vugu/vugu/js"

	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// The forms in which results leave the page.
const (
	FormCSV      = "csv"
	FormJSON     = "json"
	FormReport   = "report"
	FormPictures = "pictures"
)

// Forms returns all forms, the most wanted first.
func Forms() []string { return []string{FormCSV, FormReport, FormPictures, FormJSON} }

// Outlet is the state of the export dialog.
type Outlet struct {
	Open  bool
	Shown bool // only what filter and search show
	BOM   bool // CSV begins with a mark that Excel needs

	pictures int     // that are being drawn
	begun    float64 // when that began
}

// reportOK is how many OK images the report lists with a picture; the worst ones.
const reportOK = 200

// WriteResults makes a file of a batch, in a form of wasm/protocol.
func (p *Page) WriteResults(form string, b *report.Batch, answer func(data []byte, err error)) {
	p.back.Results(protocol.ResultsRequest{Form: form}, b, nil, answer)
}

// SetExport opens or closes the export dialog.
func (p *Page) SetExport(open bool) {
	p.Outlet.Open = open && len(p.exported()) > 0
}

// exported are the finished items that an export holds.
func (p *Page) exported() []*Item {
	list := p.List.all
	if p.Outlet.Shown && p.List.Narrowed() {
		list = p.List.shown
	}
	var out []*Item
	judged := false
	for _, it := range list {
		if it.State == Done || it.State == Failed {
			out = append(out, it)
			judged = judged || it.State == Done
		}
	}
	if !judged { // without a verdict there are no limits, and nothing to say
		return nil
	}
	return out
}

// Export gives the finished images' results to the person.
func (p *Page) Export(form string) {
	items := p.exported()
	if len(items) == 0 {
		return
	}
	p.Outlet.Open = false
	b := p.Batch(items)
	now := p.back.Wall()
	name := func(what, ext string) string { return FileName(p.Part.Part, now, what+ext) }
	write := func(req protocol.ResultsRequest, name, mime string, page *protocol.Page) {
		p.back.Results(req, b, page, func(data []byte, err error) {
			if p.give(name, mime, data, err) {
				p.left(form, len(items))
			}
		})
	}
	switch form {
	case FormCSV:
		write(protocol.ResultsRequest{Form: protocol.FormCSV, BOM: p.Outlet.BOM}, name("results", ".csv"), "text/csv;charset=utf-8", nil)
	case FormJSON:
		write(protocol.ResultsRequest{Form: protocol.FormJSON}, name("results", ".json"), "application/json", nil)
	case FormReport:
		page, file := &protocol.Page{Lang: p.Text.Lang, Texts: p.reportTexts(), MaxOK: reportOK, Good: p.Part.Scores}, name("report", ".html")
		p.back.Thumbs(items, func(thumbs []string) { // another part may be in use by then
			page.Thumbs = thumbs
			write(protocol.ResultsRequest{Form: protocol.FormHTML}, file, "text/html;charset=utf-8", page)
		})
	case FormPictures:
		if p.Outlet.pictures > 0 { // one at a time; the notice says how far it is
			return
		}
		p.Outlet.pictures, p.Outlet.begun = len(items), p.back.Now()
		p.Saving(0, len(items))
		p.back.Pictures(name("pictures", ".zip"), items, b)
	}
}

// left tells the watchers that results have left: one that failed or was cancelled has not.
func (p *Page) left(form string, n int) {
	for _, w := range p.watchers {
		if w.Exported != nil {
			w.Exported(form, n)
		}
	}
}

// reportTexts are the texts of the page to print.
func (p *Page) reportTexts() map[string]string {
	texts := map[string]string{}
	for _, k := range p.Text.Keys() {
		if strings.HasPrefix(k, "report.") || strings.HasPrefix(k, "verdict.") || strings.HasPrefix(k, "format.") {
			texts[k] = p.t(k)
		}
	}
	texts["format.decimal"] = p.decimal()
	return texts
}

// give downloads what was made, or says why it could not be; it returns whether it was.
func (p *Page) give(name, mime string, data []byte, err error) bool {
	if err != nil {
		p.Warn(p.t("export.failed"), "", err.Error())
		return false
	}
	p.back.Download(name, mime, data)
	p.Tell(p.t("export.done", "name", name), "")
	return true
}

// Saving tells how far Backend.Pictures is.
func (p *Page) Saving(done, total int) {
	p.Notice = &Notice{Kind: NoticeBusy, Text: p.t("export.saving", "progress", p.HowFar(p.Outlet.begun, done, total)), other: -1}
}

// Saved is the answer of Backend.Pictures: the archive's name and how many pictures it lacks because their files are gone.
func (p *Page) Saved(name string, missing int, err error) {
	n := p.Outlet.pictures
	p.stop, p.Outlet.pictures = false, 0
	switch {
	case err != nil:
		p.Warn(p.t("export.failed"), "", err.Error())
	case name == "":
		p.Tell(p.t("export.stopped"), "")
	default:
		more := ""
		if missing > 0 {
			more = p.Text.N("export.missing", missing)
		}
		p.Tell(p.t("export.done", "name", name), more)
		p.left(FormPictures, n)
	}
}

// Export is the dialog with the ways out. Its type is a component's, its work is done by Page.Export.
type Export struct{ Page *Page }

// Forms are the buttons.
func (c *Export) Forms() []string { return Forms() }

// Name of a form.
func (c *Export) Name(form string) string {
	return c.Page.t(map[string]string{FormCSV: "export.csv", FormJSON: "export.json", FormReport: "export.report", FormPictures: "export.pictures"}[form])
}

// Text says what a form is good for.
func (c *Export) Text(form string) string {
	return c.Page.t(map[string]string{FormCSV: "export.csv.text", FormJSON: "export.json.text", FormReport: "export.report.text", FormPictures: "export.pictures.text"}[form])
}

// Count says how many images are exported.
func (c *Export) Count() string { return c.Page.Text.N("export.count", len(c.Page.exported())) }

// DrawExport brings the dialog to its state.
func (p *Page) DrawExport(el vjs.Value) { p.back.Dialog(el, p.Outlet.Open) }
