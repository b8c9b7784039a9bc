package report

import (
	"strconv"
	"strings"

	"anomnet/core/internal/jsontext"
)

// CSVOptions say how CSV is written; nil means defaults.
type CSVOptions struct {
	BOM bool // begin with U+FEFF, without which Excel does not take the text for UTF-8
}

// Columns are the first row of the CSV form.
func Columns() []string {
	return []string{"path", "verdict", "ratio", "raw", "p_value", "sha256", "error", "raw_bits", "limit", "review", "label", "time", "width", "height",
		"regions", "region_area", "region_share", "region_largest_share", "final", "override_reason", "override_operator", "override_time", "part",
		"head_sha256", "backbone_sha256", "software", "tier", "false_reject_rate", "signature"}
}

// CSV writes a batch after RFC 4180: lines end with CR LF, cells with a separator, a quote, a semicolon or a line's end are quoted.
// Numbers are decimals with a point. A text that a spreadsheet could read as a formula gets a leading apostrophe: see Harmless.
func CSV(b *Batch, opt *CSVOptions) []byte {
	w := &csvWriter{}
	if opt != nil && opt.BOM {
		w.out = append(w.out, "\ufeff"...)
	}
	for _, c := range Columns() {
		w.text(c)
	}
	w.end()
	for i := range b.Records {
		w.record(&b.Header, &b.Records[i])
	}
	return w.out
}

// Harmless keeps a spreadsheet from reading a cell as a formula: one that begins with = + - @ or their full-width forms, a tab, or a
// line's end gets a leading apostrophe.
func Harmless(cell string) string {
	if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + cell
	}
	return cell
}

type csvWriter struct {
	out   []byte
	cells int
}

func (w *csvWriter) record(h *Header, r *Record) {
	w.text(r.Path)
	if r.Err != nil {
		w.empty(4)
		w.text(r.SHA256)
		w.text(r.Err.Code + ": " + r.Err.Message)
		w.empty(3)
	} else {
		w.text(string(r.Verdict))
		w.number(r.Ratio(), 64)
		w.number(float64(r.Raw), 32)
		w.number(r.PValue, 64)
		w.text(r.SHA256)
		w.empty(1)
		w.whole(int64(r.RawBits()))
		w.number(float64(r.Limit), 32)
		w.number(float64(r.Review), 32)
	}
	w.text(string(r.Label))
	w.time(r.Time)
	if r.Err != nil {
		w.empty(10)
	} else {
		w.outcome(r)
	}
	for _, s := range []string{h.Part, h.HeadSHA256, h.BackboneSHA256, h.Software, h.Tier} {
		w.text(s)
	}
	w.number(h.FalseRejectRate, 64)
	w.text(h.Signature)
	w.end()
}

// outcome writes the ten cells from width to override_time.
func (w *csvWriter) outcome(r *Record) {
	area, share, largest := r.largest()
	w.whole(int64(r.Width))
	w.whole(int64(r.Height))
	w.whole(int64(len(r.Regions)))
	w.whole(int64(area))
	w.number(share, 64)
	w.number(largest, 64)
	w.text(string(r.Final()))
	if o := r.Override; o != nil {
		w.text(o.Reason)
		w.text(o.Operator)
		w.time(o.Time)
	} else {
		w.empty(3)
	}
}

// text writes a cell that is no number.
func (w *csvWriter) text(s string) {
	w.separate()
	s = Harmless(strings.ToValidUTF8(s, "\ufffd"))
	if !strings.ContainsAny(s, ",;\"\r\n\t") && !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ") {
		w.out = append(w.out, s...)
		return
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, strings.ReplaceAll(s, `"`, `""`)...)
	w.out = append(w.out, '"')
}

func (w *csvWriter) number(v float64, bits int) {
	w.separate()
	w.out = jsontext.AppendFloat(w.out, v, bits)
}

func (w *csvWriter) whole(n int64) {
	w.separate()
	w.out = strconv.AppendInt(w.out, n, 10)
}

func (w *csvWriter) time(t Time) {
	if t.known() {
		w.text(t.String())
		return
	}
	w.empty(1)
}

func (w *csvWriter) empty(n int) {
	for range n {
		w.separate()
	}
}

func (w *csvWriter) separate() {
	if w.cells > 0 {
		w.out = append(w.out, ',')
	}
	w.cells++
}

func (w *csvWriter) end() {
	w.out = append(w.out, "\r\n"...)
	w.cells = 0
}
