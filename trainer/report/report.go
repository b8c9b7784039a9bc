// Package report writes a page about measured detectors: a table, ROC curves, histograms of scores, and the images that are most wrong with their
// maps. It is one HTML file without scripts and without anything from outside.
package report

import (
	"html/template"
	"io"

	"anomnet/core/imaging"
	"anomnet/core/metrics"
)

// Page is what a report shows.
type Page struct {
	Title  string
	Notes  []string // paragraphs under the title: data, seeds, machine, what was left out
	Header []string
	Rows   [][]string
	Sets   []Set
}

// Set is the charts and pictures of one data set.
type Set struct {
	Name   string
	Curves []Curve
	Scores []Scores
	Worst  []Picture
	Of     string // whose worst images these are
}

// Curve is the ROC curve of a method.
type Curve struct {
	Name   string
	Points []metrics.Point
}

// Scores are the image scores of a method.
type Scores struct {
	Name      string
	Good, Bad []float32
	Limit     float32 // 0 for none
}

// Picture is an image with its anomaly map [MapH][MapW].
type Picture struct {
	Caption    string
	Image      *imaging.RGB // nil when it could not be read
	Mask       []bool       // of Image's size, nil for none
	Map        []float32
	MapW, MapH int
}

// Write writes the page.
func Write(w io.Writer, p *Page) error {
	return page.Execute(w, p)
}

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"roc":      func(s Set) template.HTML { return template.HTML(rocChart(s.Curves)) },
	"hist":     func(s Scores) template.HTML { return template.HTML(histogram(s)) },
	"pictures": pictures,
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title>
<style>
:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--line:#c8ced6;--soft:#59636e}
@media(prefers-color-scheme:dark){:root{--fg:#e6e8eb;--bg:#14171a;--line:#3b424a;--soft:#9aa4ae}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:1.5rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;white-space:nowrap}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right}th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}
.row{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.85rem;color:var(--soft);max-width:33rem;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}svg text{fill:var(--fg);font:12px system-ui,sans-serif}svg .axis{stroke:var(--soft);fill:none}
.pair img{width:256px;max-width:48%;image-rendering:auto}
</style></head><body>
<h1>{{.Title}}</h1>
{{range .Notes}}<p>{{.}}</p>
{{end}}{{if .Rows}}<div class="wide" tabindex="0"><table><thead><tr>{{range .Header}}<th scope="col">{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</tbody></table></div>{{end}}
{{range .Sets}}<h2>{{.Name}}</h2>
<h3>ROC curves of the image scores</h3>
{{roc .}}
<h3>Image scores</h3>
<div class="row">{{range .Scores}}<figure>{{hist .}}<figcaption>{{.Name}}: {{len .Good}} good (blue, upwards), {{len .Bad}} defective (orange, downwards)</figcaption></figure>
{{end}}</div>
{{if .Worst}}<h3>The {{len .Worst}} images that are most wrong{{if .Of}}, {{.Of}}{{end}}</h3>
<p>Left the picture, with the marked defect outlined in green; right the map, on one scale for all of them.</p>
<div class="row">{{range pictures .Worst}}<figure class="pair">{{if .Image}}<img src="{{.Image}}" alt="{{.Caption}}"> {{end}}<img src="{{.Map}}" alt="Anomaly map"><figcaption>{{.Caption}}</figcaption></figure>
{{end}}</div>{{end}}
{{end}}</body></html>
`))
