package compare

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"anomnet/trainer/evaluate"
)

// Column is a figure of the table.
type Column struct {
	Key   string // stable, in JSON and CSV
	Title string
	digit int     // after the point
	times float64 // shown in this unit
	best  int     // 1: larger is better, -1: smaller, 0: neither
	of    func(c *Cell) (float64, bool)
}

// Columns are the figures of the table, in order.
func Columns() []Column {
	image := func(f func(c *Cell) float64) func(c *Cell) (float64, bool) {
		return func(c *Cell) (float64, bool) { return f(c), c.Figures.Left["image"] == "" }
	}
	pixel := func(f func(c *Cell) float64) func(c *Cell) (float64, bool) {
		return func(c *Cell) (float64, bool) {
			return f(c), c.Figures.Left["image"] == "" && c.Figures.Left["pixel"] == ""
		}
	}
	limit := func(f func(c *Cell) float64) func(c *Cell) (float64, bool) {
		return func(c *Cell) (float64, bool) { return f(c), c.Figures.Left["limit"] == "" }
	}
	target := func(i int, f func(t evaluate.Target) float64) func(c *Cell) (float64, bool) {
		return func(c *Cell) (float64, bool) {
			if i >= len(c.Figures.Targets) {
				return 0, false
			}
			return f(c.Figures.Targets[i]), true
		}
	}
	cost := func(f func(c *Cell) float64) func(c *Cell) (float64, bool) {
		return func(c *Cell) (float64, bool) { return f(c), true }
	}
	return []Column{
		{"image_auroc", "image AUROC", 3, 1, 1, image(func(c *Cell) float64 { return c.Figures.ImageAUROC })},
		{"image_auroc_top", "by top 1 %", 3, 1, 1, image(func(c *Cell) float64 { return c.ImageTop })},
		{"ap", "AP", 3, 1, 1, image(func(c *Cell) float64 { return c.Figures.AP })},
		{"f1_max", "F1max", 3, 1, 1, image(func(c *Cell) float64 { return c.Figures.F1Max })},
		{"pixel_auroc", "pixel AUROC", 3, 1, 1, pixel(func(c *Cell) float64 { return c.Figures.PixelAUROC })},
		{"aupro", "AUPRO 0.3", 3, 1, 1, pixel(func(c *Cell) float64 { return c.Figures.AUPRO })},
		{"aupro_05", "AUPRO 0.05", 3, 1, 1, pixel(func(c *Cell) float64 { return c.Figures.AUPRO05 })},
		{"recall_at_1", "recall at 1 %", 2, 1, 1, image(func(c *Cell) float64 { return c.Figures.RecallAt1 })},
		{"recall_at_5", "at 5 %", 2, 1, 1, image(func(c *Cell) float64 { return c.Figures.RecallAt5 })},
		{"false_reject_rate", "false rejects % at 1 %", 1, 100, 0, limit(func(c *Cell) float64 { return c.Figures.FalseRejectRate })},
		{"false_reject_rate_high", "said at most", 1, 100, 0, target(0, func(t evaluate.Target) float64 { return t.High })},
		{"false_reject_rate_5", "at 5 %", 1, 100, 0, target(1, evaluate.Target.Real)},
		{"false_reject_rate_5_high", "said at most", 1, 100, 0, target(1, func(t evaluate.Target) float64 { return t.High })},
		{"train_seconds", "train s", 1, 1, -1, cost(func(c *Cell) float64 { return c.TrainSeconds })},
		{"head_bytes", "head KB", 0, 1e-3, -1, cost(func(c *Cell) float64 { return float64(c.HeadBytes) })},
		{"score_ms", "score ms", 2, 1, -1, cost(func(c *Cell) float64 { return c.ScoreMS })},
	}
}

// Figure is mean and spread over seeds.
type Figure struct {
	Mean   float64   `json:"mean"`
	Spread float64   `json:"deviation"` // standard deviation (divided by n-1), 0 for one seed
	Each   []float64 `json:"each"`
}

// Row is a method with a size of head on a data set.
type Row struct {
	Data    string            `json:"data"` // "mean" for the mean over data sets
	Method  string            `json:"method"`
	Bytes   int               `json:"head_bytes_allowed"`
	Seeds   int               `json:"seeds"`
	Figures map[string]Figure `json:"figures"` // a figure that could not be computed is missing
}

// Mean is the name of the rows over all data sets.
const Mean = "mean"

// Table sums cells up: rows by data set in order of appearance, then the mean of the data sets, where there are several.
func Table(cells []*Cell) []Row {
	type at struct {
		data, method string
		bytes        int
	}
	var order []at
	of := map[at][]*Cell{}
	var sets []string
	for _, c := range cells {
		k := at{c.Data, c.Method, c.Bytes}
		if of[k] == nil {
			order = append(order, k)
		}
		of[k] = append(of[k], c)
		if !slices.Contains(sets, c.Data) {
			sets = append(sets, c.Data)
		}
	}
	var rows []Row
	for _, set := range sets {
		for _, k := range order {
			if k.data == set {
				rows = append(rows, row(k.data, k.method, k.bytes, of[k]))
			}
		}
	}
	if len(sets) < 2 {
		return rows
	}
	for _, k := range order {
		if k.data != sets[0] {
			continue
		}
		if m, ok := meanRow(rows, sets, k.method, k.bytes); ok {
			rows = append(rows, m)
		}
	}
	return rows
}

func row(data, method string, bytes int, cells []*Cell) Row {
	r := Row{data, method, bytes, len(cells), map[string]Figure{}}
	for _, col := range Columns() {
		var each []float64
		for _, c := range cells {
			if v, ok := col.of(c); ok {
				each = append(each, v)
			}
		}
		if len(each) == len(cells) {
			r.Figures[col.Key] = figure(each)
		}
	}
	return r
}

// meanRow is the mean over data sets of a method that has a row on each; Each are the means of the data sets, so Spread is that of the sets.
func meanRow(rows []Row, sets []string, method string, bytes int) (Row, bool) {
	out := Row{Mean, method, bytes, 0, map[string]Figure{}}
	each := map[string][]float64{}
	for _, r := range rows {
		if r.Method == method && r.Bytes == bytes {
			out.Seeds += r.Seeds
			for k, f := range r.Figures {
				each[k] = append(each[k], f.Mean)
			}
		}
	}
	for k, v := range each {
		if len(v) == len(sets) {
			out.Figures[k] = figure(v)
		}
	}
	return out, len(out.Figures) > 0
}

func figure(each []float64) Figure {
	f := Figure{Each: each}
	for _, v := range each {
		f.Mean += v / float64(len(each))
	}
	if len(each) > 1 {
		sum := 0.0
		for _, v := range each {
			sum += (v - f.Mean) * (v - f.Mean)
		}
		f.Spread = math.Sqrt(sum / float64(len(each)-1))
	}
	return f
}

// Text writes a figure in its column's unit: mean, and spread where there are several seeds.
func (c Column) Text(f Figure, several bool) string {
	mean := strconv.FormatFloat(f.Mean*c.times, 'f', c.digit, 64)
	if !several || c.best < 0 {
		return mean
	}
	return mean + " ±" + strconv.FormatFloat(f.Spread*c.times, 'f', c.digit, 64)
}

// name is the method, with the size of its head where one was asked for.
func (r Row) name() string {
	if r.Bytes == 0 {
		return r.Method
	}
	return fmt.Sprintf("%s %d KB", r.Method, r.Bytes/1000)
}

func (r Row) cells() []string {
	out := []string{r.Data, r.name()}
	for _, c := range Columns() {
		f, ok := r.Figures[c.Key]
		if !ok {
			out = append(out, "-")
			continue
		}
		out = append(out, c.Text(f, r.Seeds > 1 && r.Data != Mean))
	}
	return out
}

func header() []string {
	out := []string{"data", "method"}
	for _, c := range Columns() {
		out = append(out, c.Title)
	}
	return out
}

// WriteText writes the table for a terminal.
func WriteText(w io.Writer, rows []Row) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(header(), "\t"))
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(r.cells(), "\t"))
	}
	return tw.Flush()
}

// WriteMarkdown writes the table as Markdown.
func WriteMarkdown(w io.Writer, rows []Row) error {
	line := func(cells []string) string {
		for i, c := range cells {
			cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(c)
		}
		return "| " + strings.Join(cells, " | ") + " |\n"
	}
	text := line(header()) + "|" + strings.Repeat("---|", len(header())) + "\n"
	for _, r := range rows {
		text += line(r.cells())
	}
	_, err := io.WriteString(w, text)
	return err
}

// WriteCSV writes a row for each data set, method and size, with mean and deviation of each figure at full precision.
func WriteCSV(w io.Writer, rows []Row) error {
	cw := csv.NewWriter(w)
	head := []string{"data", "method", "head_bytes_allowed", "seeds"}
	for _, c := range Columns() {
		head = append(head, c.Key, c.Key+"_deviation")
	}
	if err := cw.Write(head); err != nil {
		return err
	}
	for _, r := range rows {
		line := []string{r.Data, r.Method, strconv.Itoa(r.Bytes), strconv.Itoa(r.Seeds)}
		for _, c := range Columns() {
			f, ok := r.Figures[c.Key]
			if !ok {
				line = append(line, "", "")
				continue
			}
			line = append(line, strconv.FormatFloat(f.Mean, 'g', -1, 64), strconv.FormatFloat(f.Spread, 'g', -1, 64))
		}
		if err := cw.Write(line); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

// WriteJSON writes the rows and what failed.
func WriteJSON(w io.Writer, rows []Row, failed []Failed) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Rows   []Row    `json:"rows"`
		Failed []Failed `json:"failed,omitempty"`
	}{rows, failed})
}
