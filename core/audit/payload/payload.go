// Package payload holds the kinds of a history's entries and what each of them says. It is apart from package audit because the page makes
// payloads and leaves the chain, with its SHA-256, to a worker.
package payload

import "anomnet/core/report"

// Kinds of entries. Others may come: a kind is 1 to 32 of a-z and _.
const (
	Opened    = "opened"    // the history begins, or a session
	Inspected = "inspected" // an image got a verdict, or an error
	Override  = "override"  // a person gave another verdict
	Model     = "model"     // another model is in use
	Threshold = "threshold" // the limits were changed
	Taught    = "taught"    // a part was taught, or taught again
	Deleted   = "deleted"   // a part or a version of one was deleted
	Exported  = "exported"  // results or this history left the device
)

// Inspection is the payload of an entry Inspected: what the verdict depends on, or the code of the error.
func Inspection(h *report.Header, r *report.Record) map[string]any {
	p := map[string]any{"path": r.Path, "head_sha256": h.HeadSHA256}
	if r.SHA256 != "" {
		p["sha256"] = r.SHA256
	}
	if r.Err != nil {
		p["error"] = r.Err.Code
		return p
	}
	p["verdict"], p["raw_bits"], p["raw"], p["limit"], p["review"], p["p_value"] = r.Verdict, r.RawBits(), r.Raw, r.Limit, r.Review, r.PValue
	return p
}

// Stamp adds to an Inspection what tells a file of a watched folder from others of its name.
func Stamp(p map[string]any, size, modified int64) { p["size"], p["modified"] = size, modified }

// Measure adds the size of the picture to an Inspection, so that results can be written from the history alone.
func Measure(p map[string]any, r *report.Record) {
	if r.Width > 0 {
		p["width"], p["height"] = r.Width, r.Height
	}
}

// Overriding is the payload of an entry Override. The operator is the entry's.
func Overriding(r *report.Record) map[string]any {
	p := map[string]any{"path": r.Path, "sha256": r.SHA256, "from": r.Verdict, "to": r.Final()}
	if r.Override != nil {
		p["reason"] = r.Override.Reason
	}
	return p
}

// Limits is the payload of an entry Threshold.
func Limits(from, to *report.Header) map[string]any {
	return map[string]any{"head_sha256": to.HeadSHA256, "from_limit": from.Limit, "from_review": from.Review, "limit": to.Limit, "review": to.Review,
		"false_reject_rate": to.FalseRejectRate}
}

// Using is the payload of an entry Model.
func Using(h *report.Header) map[string]any {
	p := map[string]any{"part": h.Part, "head_sha256": h.HeadSHA256, "backbone_sha256": h.BackboneSHA256, "software": h.Software}
	if h.Signature != "" {
		p["signature"] = h.Signature
	}
	return p
}

// Exporting is the payload of an entry Exported: what left the device, and how many records it holds.
func Exporting(form string, records int) map[string]any {
	return map[string]any{"form": form, "records": records}
}

// Teaching is the payload of an entry Taught: version n of a part, from 1, and how many good images it was taught from.
func Teaching(part, head string, n, images int) map[string]any {
	return map[string]any{"part": part, "head_sha256": head, "version": n, "images": images}
}

// Deleting is the payload of an entry Deleted: version n of a part, or a part with all its versions, then n is 0 and head empty.
func Deleting(part, head string, n int) map[string]any {
	p := map[string]any{"part": part}
	if n > 0 {
		p["head_sha256"], p["version"] = head, n
	}
	return p
}
