package models

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vugu/vugu"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// comparison is two models on the same images.
type comparison struct {
	a, b        string // keys of the sides
	done, total int
	begun       float64
	running     bool
	void        bool // what runs is of sides that are gone
	rows        []Pair
}

// Pair is what two models say about an image.
type Pair struct {
	Name string
	A, B protocol.Opinion
	Err  protocol.Error
}

// Differ tells whether the verdicts differ.
func (p Pair) Differ() bool { return p.Err.Code == "" && p.A.Verdict != p.B.Verdict }

// Choice is a model that can be compared.
type Choice struct {
	Key, Name string
	Side      Side
}

// Choices lists the models that can be compared.
func (v *View) Choices() []Choice {
	var out []Choice
	for _, l := range v.Page.AllLoaded() {
		if l.Own {
			out = append(out, Choice{"own", v.T("models.choice.own", "part", l.Part.Part), Side{}})
		}
	}
	for i := range v.parts {
		p := &v.parts[i]
		for j := len(p.Versions) - 1; j >= 0; j-- {
			n := p.Versions[j].N
			out = append(out, Choice{p.ID + " " + strconv.Itoa(n), p.Name + " v" + strconv.Itoa(n), Side{p.ID, n}})
		}
	}
	return out
}

// check keeps the sides among the choices. What was compared goes with a side that is gone.
func (c *comparison) check(v *View) {
	a, b := c.a, c.b
	c.choose(v.Choices())
	if c.a == a && c.b == b {
		return
	}
	if c.rows = nil; c.running && !c.void {
		c.void = true
		v.back.StopCompare()
	}
}

// choose takes other sides for those that are not among the choices, none when there are too few.
func (c *comparison) choose(all []Choice) {
	has := func(key string) bool { return slices.ContainsFunc(all, func(o Choice) bool { return o.Key == key }) }
	if len(all) < 2 {
		c.a, c.b = "", ""
		return
	}
	if !has(c.a) {
		c.a = all[0].Key
		if len(all) > 2 { // two versions of one part are what people compare
			c.a = all[2].Key
		}
	}
	if !has(c.b) || c.b == c.a {
		c.b = all[1].Key
	}
}

func (v *View) side(key string) (Choice, bool) {
	all := v.Choices()
	i := slices.IndexFunc(all, func(o Choice) bool { return o.Key == key })
	if i < 0 {
		return Choice{}, false
	}
	return all[i], true
}

// A is the key of the one model, B of the other.
func (c *Body) A() string { return c.compare.a }

// B is the key of the other model.
func (c *Body) B() string { return c.compare.b }

// SetA takes the one model.
func (c *Body) SetA(key string) { c.compare.a, c.compare.rows = key, nil }

// SetB takes the other.
func (c *Body) SetB(key string) { c.compare.b, c.compare.rows = key, nil }

// Listed is how many images of Inspect are compared.
func (c *Body) Listed() int { return min(len(c.Page.Items()), maxCompared) }

// CompareListed compares with the images of Inspect.
func (c *Body) CompareListed() {
	var images []ui.Source
	for _, it := range c.Page.Items() {
		images = append(images, it.Src)
	}
	c.View.Compare(images)
}

// maxCompared is how many images are compared at once.
const maxCompared = 1000

// Compare asks both models about images.
func (v *View) Compare(images []ui.Source) {
	a, okA := v.side(v.compare.a)
	b, okB := v.side(v.compare.b)
	if !okA || !okB || len(images) == 0 || v.compare.running {
		return
	}
	images = images[:min(len(images), maxCompared)]
	v.compare.rows, v.compare.done, v.compare.total, v.compare.running, v.compare.begun = nil, 0, len(images), true, v.Page.Clock()
	v.back.Compare(a.Side, b.Side, images)
}

// Compared is an answer.
func (v *View) Compared(p Pair) {
	if v.compare.running && !v.compare.void {
		v.compare.rows = append(v.compare.rows, p)
		v.compare.done++
	}
}

// ComparedAll is the end.
func (v *View) ComparedAll(e protocol.Error) {
	v.compare.running, v.compare.void = false, false
	if e.Code != "" && e.Code != protocol.CodeCancelled {
		v.problem = &e
	}
	v.Page.Live = v.Summary()
}

// Comparing tells whether it goes on.
func (c *Body) Comparing() bool { return c.compare.running }

// CompareDone and CompareTotal are the progress.
func (c *Body) CompareDone() int { return c.compare.done }

// CompareTotal is the end of the progress.
func (c *Body) CompareTotal() int { return max(c.compare.total, 1) }

// CompareText says it, and how long the rest will take.
func (c *Body) CompareText() string {
	return c.Page.HowFar(c.compare.begun, c.compare.done, c.compare.total)
}

// StopCompare ends it.
func (c *Body) StopCompare() { c.back.StopCompare() }

// Summary says how many verdicts differ, "" before there are any.
func (v *View) Summary() string {
	if len(v.compare.rows) == 0 {
		return ""
	}
	n := 0
	for _, p := range v.compare.rows {
		if p.Differ() {
			n++
		}
	}
	return v.Page.Text.N("models.differ", n, "all", strconv.Itoa(len(v.compare.rows)))
}

// maxRows is how many rows are in the document.
const maxRows = 200

// Rows are the images whose verdicts differ, then those whose scores differ most.
func (c *Body) Rows() []Pair {
	rows := slices.Clone(c.compare.rows)
	weight := func(p Pair) float64 {
		d := p.A.Ratio - p.B.Ratio
		if d < 0 {
			d = -d
		}
		if p.Differ() {
			d += 1e6
		}
		return d
	}
	slices.SortStableFunc(rows, func(a, b Pair) int {
		if x, y := weight(a), weight(b); x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return rows[:min(len(rows), maxRows)]
}

// NameOf writes a side.
func (c *Body) NameOf(key string) string {
	o, _ := c.side(key)
	return o.Name
}

// Opinion writes what a model says.
func (c *Body) Opinion(o protocol.Opinion) string {
	if o.Verdict == "" {
		return "–"
	}
	return c.Page.Verdict(o.Verdict) + " " + c.Page.Text.Apart(o.Ratio, 2, 1)
}

// RowClass marks different verdicts.
func (c *Body) RowClass(p Pair) string {
	if p.Differ() {
		return "differ"
	}
	return ""
}

// RowNote says in words what the class says in colour.
func (c *Body) RowNote(p Pair) string {
	switch {
	case p.Err.Code != "":
		return c.Page.What(p.Err)
	case p.Differ():
		return c.T("models.differs")
	}
	return ""
}

// KindOf is the mark of an opinion.
func (c *Body) KindOf(o protocol.Opinion) string {
	if o.Verdict == "" {
		return "failed"
	}
	return strings.ToLower(o.Verdict)
}

// Import keeps the part in chosen files.
func (v *View) Import(event vugu.DOMEvent) {
	v.begin("import")
	v.back.Import(event.JSEventTarget())
}

// KeepLoaded keeps a part that is loaded.
func (c *Body) KeepLoaded(l ui.Loaded) {
	c.begin("import")
	c.back.Keep(l.Models)
}

// UseLoaded goes to a part that is loaded.
func (c *Body) UseLoaded(l ui.Loaded) { c.Page.UseHead(l.Part.HeadDigest) }

// Export gives the person a version.
func (c *Body) Export(p store.Part, n int) { c.back.Export(p, n) }
