package teach

import (
	"math"
	"strconv"
	"strings"

	"anomnet/core/calibrate"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// Sentence says how many false rejects there will be.
func (c *Outcome) Sentence() string {
	lo, hi := c.result.Calib.Interval(calibrate.Confidence)
	return c.T("teach.promise", "percent", c.Page.Percent(c.rate()), "images", itoa(len(c.result.Scores)),
		"low", c.percent(lo), "high", c.percent(hi), "sure", c.Page.Percent(calibrate.Confidence))
}

func (c *Outcome) percent(v float64) string {
	if v > 0 && v < 0.0095 {
		return c.Page.Text.Number(100*v, 2)
	}
	return c.Page.Text.Number(100*v, 1)
}

// Warning says when the target cannot be promised, "" when it can.
func (c *Outcome) Warning() string {
	if c.result.Calib.Promised() {
		return ""
	}
	return c.T("teach.unpromised", "n", itoa(len(c.result.Scores)), "percent", c.Page.Percent(c.rate()), "needed", itoa(Needed(c.rate())))
}

// Turned says that a part which lies the wrong way is OK, "" where it is not.
func (c *Outcome) Turned() string {
	if !c.result.Turned {
		return ""
	}
	return c.T("teach.turned", "choice", c.T("teach.upright"), "options", c.T("teach.options"))
}

// Groups warns when the good images look like two parts.
func (c *Outcome) Groups() bool { return c.result.FitResult.Groups > 1 }

// Same says which images look like copies of each other, "" for none.
func (c *Outcome) Same() string {
	pairs := c.result.FitResult.Same
	if len(pairs) == 0 || max(pairs[0][0], pairs[0][1]) >= len(c.result.Good) {
		return ""
	}
	return c.Page.Text.N("teach.same", len(pairs), "a", c.result.Good[pairs[0][0]].Name, "b", c.result.Good[pairs[0][1]].Name)
}

// Sizes says which images have another size or shape than most, "" for none.
func (c *Outcome) Sizes() string {
	list := c.result.FitResult.Sizes
	if len(list) == 0 || list[0] >= len(c.result.Good) {
		return ""
	}
	return c.Page.Text.N("teach.sizes", len(list), "name", c.result.Good[list[0]].Name)
}

// RateMax is the last place of the slider.
func (c *Outcome) RateMax() int { return len(Rates()) - 1 }

// RateText is the slider's value.
func (c *Outcome) RateText() string { return c.T("format.percent", "n", c.Page.Percent(c.rate())) }

// Ratio writes a ratio to the limit.
func (c *Outcome) Ratio(r float64) string { return c.Page.Text.Apart(r, 2, 1) }

// OddNote marks images that are likely not good.
func (c *Outcome) OddNote(o Odd) string {
	switch {
	case o.Ratio > 1:
		return c.T("teach.odd.above")
	case o.Unlike:
		return c.T("teach.odd.unlike")
	}
	return ""
}

// Result is what is shown.
func (c *Outcome) Result() *Result { return c.result }

// Outs is how many images were taken out since the result.
func (c *Outcome) Outs() int {
	n := 0
	for _, s := range c.result.Good {
		if s.Out {
			n++
		}
	}
	return n
}

// Stale tells that images have changed since the result.
func (c *Outcome) Stale() bool { return c.stale }

// Cell is a number of the table of verdicts.
type Cell struct{ Key, Text string }

// Table is the rows good and bad with the columns OK, REVIEW, NG.
func (c *Outcome) Table() (good, bad []Cell) {
	g, b := c.result.Confusion()
	for i, verdict := range []string{protocol.VerdictOK, protocol.VerdictReview, protocol.VerdictNG} {
		good = append(good, Cell{verdict, itoa(g[i])})
		bad = append(bad, Cell{verdict, itoa(b[i])})
	}
	return good, bad
}

// Good is the row of the good images.
func (c *Outcome) Good() []Cell {
	g, _ := c.Table()
	return g
}

// BadRow is the row of the bad images.
func (c *Outcome) BadRow() []Cell {
	_, b := c.Table()
	return b
}

// Recall says how many bad images are found.
func (c *Outcome) Recall() string {
	_, b := c.result.Confusion()
	n := b[0] + b[1] + b[2]
	if n == 0 {
		return ""
	}
	return c.T("teach.recall", "found", itoa(b[2]), "all", itoa(n), "review", itoa(b[1]))
}

// Bar is a bar of the histogram.
type Bar struct{ X, Y, W, H, Class string }

// The histogram covers ratios from 0 to histMax in bins of histBin, on a field of histWidth x histHeight.
const (
	histMax    = 2.0
	histBin    = 0.05
	histWidth  = 640.0
	histHeight = 120.0
)

func histX(ratio float64) float64 { return histWidth * min(max(ratio, 0), histMax) / histMax }

// Bars of the held-out good scores. A limit is one of these scores as a rule, so its bin holds more than one verdict: they stand on each other, as the table
// counts them.
func (c *Outcome) Bars() []Bar {
	n := int(math.Round(histMax / histBin))
	bins := make([]map[calibrate.Verdict]int, n)
	for i := range bins {
		bins[i] = map[calibrate.Verdict]int{}
	}
	most := 1
	for _, s := range c.result.Scores {
		b := bins[min(int(c.result.Calib.Ratio(s)/histBin), n-1)]
		b[c.result.Calib.Verdict(s)]++
		most = max(most, b[calibrate.OK]+b[calibrate.Review]+b[calibrate.NG])
	}
	var out []Bar
	for i, b := range bins {
		y := histHeight
		for _, v := range []calibrate.Verdict{calibrate.OK, calibrate.Review, calibrate.NG} {
			if b[v] > 0 {
				h := math.Max(histHeight*float64(b[v])/float64(most), 3)
				y -= h
				out = append(out, Bar{num(float64(i)*histWidth/float64(n) + 1), num(y), num(histWidth/float64(n) - 2), num(h), strings.ToLower(string(v))})
			}
		}
	}
	return out
}

// Marks are the places of the bad images.
func (c *Outcome) Marks() []string {
	var out []string
	for _, s := range c.result.Checks {
		x := histX(c.result.Calib.Ratio(s))
		out = append(out, "M"+num(x)+" "+num(histHeight-2)+"l5-10h-10z")
	}
	return out
}

// ReviewX is where REVIEW begins.
func (c *Outcome) ReviewX() string { return num(histX(c.result.Calib.Ratio(c.result.Calib.Review))) }

// LimitX is where NG begins.
func (c *Outcome) LimitX() string { return num(histX(1)) }

// HistLabel describes the histogram for screen readers.
func (c *Outcome) HistLabel() string {
	good, _ := c.result.Confusion()
	return c.T("teach.histogram.label", "n", itoa(len(c.result.Scores)), "ok", itoa(good[0]), "review", itoa(good[1]), "ng", itoa(good[2]))
}

func num(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// Facts of the head.
func (c *Outcome) Facts() []ui.Fact {
	m := c.result.Model
	return []ui.Fact{
		{Key: "part.calibration", Tip: "part.calibration.tip", Value: c.T("part.calibration.value", "n", itoa(m.HeldOut))},
		{Key: "part.centroids", Tip: "part.centroids.tip", Value: c.Page.Text.Count(m.Centroids)},
		{Key: "part.head", Tip: "part.head.tip", Value: ui.Short(m.Head)},
		{Key: "teach.time", Tip: "teach.time.tip", Value: c.Page.Text.Number(c.result.Millis/1000, 1) + " s"},
	}
}

// SaveText is on the button.
func (c *Outcome) SaveText() string {
	if c.parent != nil {
		return c.T("teach.save.version")
	}
	return c.T("teach.save")
}

// SavedText says what was saved.
func (c *Outcome) SavedText() string {
	if c.saved == nil {
		return ""
	}
	return c.T("teach.saved", "part", c.saved.Name, "n", itoa(c.saved.Use))
}

// Get downloads the head.
func (c *Outcome) Get() { c.back.Download(c.part(), c.rate()) }

// RateValue is the slider's place.
func (c *Outcome) RateValue() string { return itoa(c.Rate) }

// SetRateText takes the slider's place.
func (c *Outcome) SetRateText(s string) {
	if n, err := strconv.Atoi(s); err == nil {
		c.SetRate(n)
	}
}

// RefitText is on the button that learns again.
func (c *Outcome) RefitText() string {
	if n := c.Outs(); n > 0 {
		return c.Page.Text.N("teach.refit.without", n)
	}
	return c.T("teach.again")
}

// SaveClass makes saving the main action when nothing has changed.
func (c *Outcome) SaveClass() string {
	if c.stale {
		return "button"
	}
	return "button primary"
}

// Full tells that the device had no room for the head.
func (c *Outcome) Full() bool { return c.full }
