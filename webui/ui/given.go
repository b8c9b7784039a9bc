package ui

import (
	"path"
	"slices"
	"strings"

	"anomnet/core/report"
	"anomnet/webui/zip"
)

// Placed is a Source that lies in folders: those of an archive, or of a folder that was given.
type Placed interface {
	Path() string
}

// PathOf is a source's name with its folders, as far as they are known.
func PathOf(src Source) string {
	if p, ok := src.(Placed); ok && p.Path() != "" {
		return p.Path()
	}
	return src.Name()
}

// Sort is what a given file is for.
type Sort int

// The sorts. What is nothing else is inspected as an image, so that a person sees why it is none.
const (
	SortImage Sort = iota
	SortModel
	SortArchive
	SortResults
	SortSignature
	SortKey
)

// SignatureSuffix is what the name of a signature file has behind that of its file.
const SignatureSuffix = ".minisig"

// SortOf tells files apart by name, the browser's type and, when those say nothing, their first ModelStart bytes.
func SortOf(name, mime string, start []byte) Sort {
	lower := strings.ToLower(name)
	switch {
	case ModelName(name):
		return SortModel
	case strings.HasSuffix(lower, SignatureSuffix):
		return SortSignature
	case strings.HasSuffix(lower, ".pub"):
		return SortKey
	case strings.HasSuffix(lower, ".zip") || mime == "application/zip" || mime == "application/x-zip-compressed":
		return SortArchive
	case strings.HasSuffix(lower, ".json") || mime == "application/json":
		return SortResults
	case ModelContent(start):
		return SortModel
	case strings.HasPrefix(string(start), "PK\x03\x04"):
		return SortArchive
	}
	return SortImage
}

// images are the file names that are taken from folders and archives, where other files lie about.
var images = []string{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}

// Choice is what becomes of a file in a folder or an archive.
type Choice int

// The choices. Nested is an archive in an archive; nobody who wants pictures inspected packs them twice, but attacks do.
const (
	Taken Choice = iota
	LeftOut
	Nested
)

// Choose decides about a file in a folder or an archive: images and models are taken, but not what systems hide there, nor the masks
// of a data set.
func Choose(name string) Choice {
	lower := strings.ToLower(name)
	for folder := range strings.SplitSeq(path.Dir(lower), "/") {
		if folder == "__macosx" || folder == "ground_truth" || len(folder) > 1 && folder[0] == '.' && folder != ".." {
			return LeftOut
		}
	}
	switch base := path.Base(lower); {
	case strings.HasPrefix(base, "."):
		return LeftOut
	case strings.HasSuffix(base, ".zip"):
		return Nested
	case ModelName(base) || strings.HasSuffix(base, SignatureSuffix) || path.Ext(base) == ".pub" || slices.Contains(images, path.Ext(base)):
		return Taken
	}
	return LeftOut
}

// labelOf is the label that the folders of a source say.
func labelOf(src Source) string { return string(report.LabelOf(PathOf(src))) }

// MaxGiven is how many files are taken from a folder or an archive.
const MaxGiven = 100_000

// Found counts what a folder or an archive holds.
type Found struct {
	Name                               string
	Taken, LeftOut, Nested, Unreadable int
	Stopped                            bool
}

// Looking tells how far a folder or an archive has been looked through.
func (p *Page) Looking(f Found) {
	p.Notice = &Notice{Kind: NoticeBusy, Text: p.Text.N("given.looking", f.Taken, "name", f.Name), other: -1}
}

// Looked tells that a folder or an archive was looked through.
func (p *Page) Looked(f Found) {
	n := &Notice{Kind: NoticeInfo, Text: p.Text.N("given.taken", f.Taken, "name", f.Name), other: -1}
	if f.Taken == 0 {
		n.Kind, n.Text = NoticeProblem, p.t("given.none", "name", f.Name)
	}
	for _, more := range []struct {
		key string
		n   int
	}{{"given.left", f.LeftOut}, {"given.nested", f.Nested}, {"given.unreadable", f.Unreadable}} {
		if more.n > 0 {
			n.More += p.Text.N(more.key, more.n) + " "
		}
	}
	if f.Stopped {
		n.More += p.t("given.stopped")
	}
	p.notify(n)
	p.stop = false
}

// archiveWhy says why an archive was not opened.
var archiveWhy = map[zip.Kind]string{
	zip.NotZIP: "given.not_zip", zip.Damaged: "given.damaged", zip.TooLarge: "given.too_large", zip.Suspicious: "given.suspicious",
	zip.Encrypted: "given.encrypted", zip.Unsupported: "given.unsupported",
}

// Unopened tells that an archive was refused; an empty kind is for one that the browser could not read.
func (p *Page) Unopened(name string, kind zip.Kind, detail string) {
	key := archiveWhy[kind]
	if key == "" {
		key = "refused.unreadable"
	}
	p.Warn(p.t("given.refused", "name", name), p.t(key), detail)
}

// notify shows a notice and says it. One about a problem is an alert, which says itself, but in a view that has the whole page and shows none.
func (p *Page) notify(n *Notice) {
	p.Notice = n
	if n.Kind != NoticeProblem || p.IsBare() {
		p.Live = strings.TrimSpace(n.Text + " " + n.More)
	}
}

// Warn shows what went wrong.
func (p *Page) Warn(what, why, detail string) {
	p.notify(&Notice{Kind: NoticeProblem, Text: what, More: why, Detail: detail, other: -1})
}

// Tell shows what was done.
func (p *Page) Tell(what, more string) {
	p.notify(&Notice{Kind: NoticeInfo, Text: what, More: more, other: -1})
}

// Stop ends what goes on: looking through a folder, an export.
func (p *Page) Stop() { p.stop = true }

// Stopped tells whether what goes on is to end.
func (p *Page) Stopped() bool { return p.stop }

// GiveMore takes further images of a drop: they go where the first ones went, and the view stays.
func (p *Page) GiveMore(images []Source) {
	if p.taker != nil && p.taker(images) {
		return
	}
	if len(p.drops) == 0 {
		p.Add(images...)
		return
	}
	p.drops = append(p.drops, drop{images: images})
}
