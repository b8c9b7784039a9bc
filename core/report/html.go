package report

import (
	"cmp"
	"errors"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"anomnet/core/calibrate"
)

// Words are the texts and number forms of one language; a message catalogue has these methods. T returns the text of a key, in which args,
// names and values, replace {name}.
type Words interface {
	T(key string, args ...string) string
	Number(f float64, digits int) string
}

// HTMLOptions say how the page is written.
type HTMLOptions struct {
	Words       Words
	Lang        string             // of the texts, such as "en"
	Thumb       func(i int) string // a picture of record i as data: URI of PNG, JPEG or WebP, or ""; nil for none
	MaxOK       int                // rows with OK images, the worst ones; 0 for all
	Calibration []float32          // held-out scores of good images, for the histogram
}

// HTML writes a page to print or to save as PDF. It holds all that it shows: no script, no request; its own policy forbids them. NG
// images come first, each verdict from the highest score down.
func HTML(b *Batch, opt *HTMLOptions) ([]byte, error) {
	if opt == nil || opt.Words == nil {
		return nil, errors.New("report: the page needs words")
	}
	p := &page{Words: opt.Words, opt: opt, batch: b}
	title := p.T("report.title") + ": " + b.Header.Part
	p.raw(`<!DOCTYPE html><html lang="`).text(opt.Lang).raw(`"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-`)
	p.raw(styleDigest).raw(`'"><meta name="viewport" content="width=device-width"><title>`).text(title)
	p.raw("</title><style>").raw(style).raw("</style></head><body><h1>").text(title).raw("</h1>\n")
	p.summary()
	p.histogram()
	p.confusion()
	p.images()
	p.model()
	p.raw("</body></html>\n")
	return p.out, nil
}

// styleDigest is the base64 of style's SHA-256, for the policy. It stands here, and TestStyleDigest checks it, because crypto/sha256 would add
// 45 kB to the page's program.
const styleDigest = "xmIVXzUUHqqlI0dsnE7tftJWl42KhfIfOD4li8J4GxM="

const style = `body{font:14px/1.45 system-ui,sans-serif;color:#111;background:#fff;margin:2em auto;max-width:70em;padding:0 1em}` +
	`h1{font-size:1.5em}h2{font-size:1.15em;margin:1.6em 0 .4em}table{border-collapse:collapse}th,td{padding:.25em .9em .25em 0;text-align:left;vertical-align:top}` +
	`thead th{border-bottom:1px solid #666}tbody tr+tr>*{border-top:1px solid #ddd}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}` +
	`td.f{word-break:break-word}code{font-size:.8em;word-break:break-all}img{max-width:96px;max-height:96px;display:block}` +
	`.OK{color:#1b6e3c}.REVIEW{color:#8a5300}.NG{color:#b3181d}.v{font-weight:600;white-space:nowrap}svg{width:100%;max-width:50em;height:auto}` +
	`svg text{font:11px system-ui,sans-serif;fill:#333}.bar{fill:#3b6fb6}.good{fill:#c9c9c9}.limit{stroke:#b3181d;stroke-width:1.5}` +
	`.review{stroke:#8a5300;stroke-width:1.5;stroke-dasharray:4 3}.axis{stroke:#666}.swatch{display:inline-block;vertical-align:baseline;width:1em;max-width:1em;height:.7em}` +
	`@media print{body{margin:0;max-width:none;font-size:10pt}tr,svg{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}}@page{margin:15mm}`

// page is HTML under construction.
type page struct {
	Words
	opt   *HTMLOptions
	batch *Batch
	out   []byte
}

// raw appends markup of this package.
func (p *page) raw(markup string) *page {
	p.out = append(p.out, markup...)
	return p
}

// text appends anything else, escaped. Control characters, which HTML does not allow, become U+FFFD.
func (p *page) text(s string) *page {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return utf8.RuneError
		}
		return r
	}, s)
	p.out = append(p.out, html.EscapeString(clean)...)
	return p
}

// row is a line of a table of facts; one without value is left out.
func (p *page) row(name, value string) {
	if value != "" {
		p.raw(`<tr><th scope="row">`).text(name).raw("</th><td>").text(value).raw("</td></tr>\n")
	}
}

// Apart writes f with so many digits after the decimal mark, or as many as it takes to tell it from values that it is not: a score above the limit never reads
// as the limit, nor a yield below 100 % as 100 %. number writes a number with so many digits.
func Apart(number func(f float64, digits int) string, f float64, digits int, from ...float64) string {
	for d := digits; d < 9; d++ {
		s := number(f, d)
		if !slices.ContainsFunc(from, func(v float64) bool { return v != f && number(v, d) == s }) {
			return s
		}
	}
	return number(f, digits)
}

// percent writes a share; what is not all or nothing does not read so.
func (p *page) percent(share float64) string { return p.apart(100*share, 1, 0, 100) + " %" }

// apart writes f as Apart does.
func (p *page) apart(f float64, digits int, from ...float64) string {
	return Apart(p.Number, f, digits, from...)
}

// exact writes a raw score or a limit with as many digits as it takes to read the same number back, so that both can be compared by eye.
func (p *page) exact(v float32) string {
	_, digits, _ := strings.Cut(strconv.FormatFloat(float64(v), 'f', -1, 32), ".")
	return p.Number(float64(v), max(len(digits), 4))
}

func (p *page) summary() {
	h, c := &p.batch.Header, Tally(p.batch.Records)
	p.raw("<table>")
	if h.Started.known() {
		p.row(p.T("report.started"), stamp(h.Started))
	}
	if h.Ended.known() {
		p.row(p.T("report.ended"), stamp(h.Ended))
	}
	p.row(p.T("report.operator"), h.Operator)
	p.row(p.T("report.images"), strconv.Itoa(len(p.batch.Records)))
	for _, v := range []struct {
		verdict calibrate.Verdict
		n       int
	}{{calibrate.NG, c.NG}, {calibrate.Review, c.Review}, {calibrate.OK, c.OK}} {
		p.raw(`<tr><th scope="row">`).verdict(v.verdict).raw("</th><td>").text(strconv.Itoa(v.n)).raw("</td></tr>\n")
	}
	if c.Failed > 0 {
		p.row(p.T("report.failed"), strconv.Itoa(c.Failed))
	}
	if c.Inspected() > 0 {
		p.row(p.T("report.yield"), p.percent(c.Yield()))
	}
	for _, d := range Drift(p.batch.Records, nil) {
		if d.Warning {
			p.row(p.T("report.drift"), p.T("report.drift.text", "from", strconv.Itoa(d.From+1), "to", strconv.Itoa(d.To+1)))
			break
		}
	}
	p.raw("</table>\n")
}

// stamp is a time for people: without the T and the milliseconds.
func stamp(t Time) string { return t.Wall().Format("2006-01-02 15:04:05 -07:00") }

// verdict writes a verdict as sign, word and colour.
func (p *page) verdict(v calibrate.Verdict) *page {
	sign := map[calibrate.Verdict]string{calibrate.OK: "✓", calibrate.Review: "?", calibrate.NG: "✗"}[v]
	return p.raw(`<span class="v `).text(string(v)).raw(`">`).text(sign + " ").text(p.T("verdict." + string(v))).raw("</span>")
}

func (p *page) confusion() {
	c := Confuse(p.batch.Records)
	if c.Labelled() == 0 {
		return
	}
	p.raw("<h2>").text(p.T("report.labels")).raw("</h2>\n<table><thead><tr><td></td>")
	for _, v := range []calibrate.Verdict{calibrate.OK, calibrate.Review, calibrate.NG} {
		p.raw(`<th scope="col" class="n">`).verdict(v).raw("</th>")
	}
	p.raw("</tr></thead><tbody>\n")
	for _, r := range []struct {
		name string
		n    Counts
	}{{p.T("report.label.good"), c.Good}, {p.T("report.label.defect"), c.Defect}} {
		p.raw(`<tr><th scope="row">`).text(r.name).raw("</th>")
		for _, n := range []int{r.n.OK, r.n.Review, r.n.NG} {
			p.raw(`<td class="n">`).text(strconv.Itoa(n)).raw("</td>")
		}
		p.raw("</tr>\n")
	}
	p.raw("</tbody></table>\n")
	if c.Both {
		p.raw("<p>").text(p.T("report.auroc")).raw(" ").text(p.Number(c.AUROC, 4)).raw("</p>\n")
	}
}

// order lists the records as they are shown, and how many OK ones are not.
func (p *page) order() (shown []int, hidden int) {
	rank := map[calibrate.Verdict]int{calibrate.NG: 0, calibrate.Review: 1, "": 2, calibrate.OK: 3}
	records := p.batch.Records
	for i := range records {
		shown = append(shown, i)
	}
	slices.SortStableFunc(shown, func(a, b int) int {
		x, y := &records[a], &records[b]
		return cmp.Or(rank[x.Final()]-rank[y.Final()], cmp.Compare(y.Raw, x.Raw))
	})
	if ok := Tally(records).OK; p.opt.MaxOK > 0 && ok > p.opt.MaxOK {
		hidden = ok - p.opt.MaxOK
	}
	return shown[:len(shown)-hidden], hidden
}

func (p *page) images() {
	shown, hidden := p.order()
	if len(shown) == 0 {
		return
	}
	p.raw("<h2>").text(p.T("report.images")).raw("</h2>\n<table><thead><tr>")
	if p.opt.Thumb != nil {
		p.raw("<td></td>")
	}
	for _, key := range []string{"report.file", "report.verdict"} {
		p.raw(`<th scope="col">`).text(p.T(key)).raw("</th>")
	}
	for _, key := range []string{"report.ratio", "report.raw", "report.p"} {
		p.raw(`<th scope="col" class="n">`).text(p.T(key)).raw("</th>")
	}
	p.raw("</tr></thead><tbody>\n")
	for _, i := range shown {
		p.image(i, &p.batch.Records[i])
	}
	p.raw("</tbody></table>\n")
	if hidden > 0 {
		p.raw("<p>").text(p.T("report.hidden", "n", strconv.Itoa(hidden))).raw("</p>\n")
	}
}

func (p *page) image(i int, r *Record) {
	p.raw("<tr>")
	if p.opt.Thumb != nil {
		p.raw("<td>")
		if uri := p.opt.Thumb(i); isPicture(uri) {
			p.raw(`<img alt="" src="`).text(uri).raw(`">`)
		}
		p.raw("</td>")
	}
	p.raw(`<td class="f">`).text(r.Path)
	if r.SHA256 != "" {
		p.raw("<br><code>").text(r.SHA256).raw("</code>")
	}
	if r.Err != nil {
		p.raw(`</td><td colspan="4">`).text(p.T("report.failed") + ": " + r.Err.Message).raw("</td></tr>\n")
		return
	}
	p.raw("</td><td>").verdict(r.Final())
	if o := r.Override; o != nil {
		p.raw("<br>").text(p.T("report.override", "verdict", p.T("verdict."+string(r.Verdict)), "operator", o.Operator, "reason", o.Reason))
	}
	if area, share, _ := r.largest(); area > 0 {
		p.raw("<br>").text(p.T("report.regions", "n", strconv.Itoa(len(r.Regions)), "area", strconv.Itoa(area), "percent", p.Number(100*share, 2)))
	}
	p.raw(`</td><td class="n">`).text(p.apart(r.Ratio(), 3, 1)).raw(`</td><td class="n">`).text(p.exact(r.Raw))
	p.raw(`</td><td class="n">`).text(p.Number(r.PValue, 4)).raw("</td></tr>\n")
}

// isPicture tells whether uri is what HTMLOptions.Thumb may give.
func isPicture(uri string) bool {
	for _, kind := range []string{"png", "jpeg", "webp"} {
		if data, ok := strings.CutPrefix(uri, "data:image/"+kind+";base64,"); ok {
			return strings.Trim(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == ""
		}
	}
	return false
}

func (p *page) model() {
	h := &p.batch.Header
	rate := "report.rate.aimed"
	if h.Promised {
		rate = "report.rate.promised"
	}
	p.raw("<h2>").text(p.T("report.model")).raw("</h2>\n<table>")
	p.row(p.T("report.part"), h.Part)
	p.row(p.T("report.limits"), p.T("report.limits.text", "review", p.exact(h.Review), "limit", p.exact(h.Limit)))
	p.row(p.T(rate), p.T("report.rate.text", "percent", p.Number(100*h.FalseRejectRate, 2), "n", strconv.Itoa(h.Calibration)))
	p.row(p.T("report.head"), h.HeadSHA256)
	p.row(p.T("report.backbone"), h.BackboneSHA256)
	p.row(p.T("report.signature"), h.Signature)
	p.row(p.T("report.software"), h.Software)
	p.row(p.T("report.tier"), h.Tier)
	p.raw("</table>\n")
}
