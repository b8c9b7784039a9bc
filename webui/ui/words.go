package ui

import (
	"fmt"
	"strconv"
	"strings"

	"anomnet/wasm/protocol"
)

// t is short for the catalogue's T.
func (p *Page) t(key string, args ...string) string { return p.Text.T(key, args...) }

// Verdict returns the word for a verdict in the page's language.
func (p *Page) Verdict(v string) string { return p.t("verdict." + v) }

// Ratio writes a score relative to its limit with two digits, or as many as it takes to tell it from the limit.
func (p *Page) Ratio(it *Item) string { return p.Text.Apart(it.Result.Ratio, 2, 1) }

// spoken is what a screen reader says about an item.
func (p *Page) spoken(it *Item) string {
	switch it.State {
	case Done:
		return p.t("live.result", "name", it.Src.Name(), "verdict", p.Verdict(it.Result.Verdict),
			"relative", p.t("facts.relative.long", "ratio", p.Ratio(it)))
	case Failed:
		return p.t("live.failed", "name", it.Src.Name(), "what", p.t("error."+it.Err.Code))
	case Working:
		return it.Src.Name() + ": " + p.t("facts.working")
	}
	return it.Src.Name() + ": " + p.t("facts.waiting")
}

func (p *Page) summary() string {
	n := func(f string) string { return p.Text.Count(p.List.Count(f)) }
	return p.t("live.done", "all", p.Text.N("live.images", len(p.List.all)), "ok", n(protocol.VerdictOK),
		"review", n(protocol.VerdictReview), "ng", n(protocol.VerdictNG), "failed", n(FilterFailed))
}

// decimal is the decimal mark of the person's region, which may not be that of the language.
func (p *Page) decimal() string { return strings.Trim(p.Text.Number(1.5, 1), "15") }

// Raw writes a raw score as the shortest decimal that reads back as the same float32, with the decimal mark of all other numbers.
func (p *Page) Raw(v float32) string {
	return strings.Replace(strconv.FormatFloat(float64(v), 'g', -1, 32), ".", p.decimal(), 1)
}

// Short returns the first characters of a digest.
func Short(digest string) string {
	return digest[:min(12, len(digest))]
}

// Percent writes a rate without needless digits.
func (p *Page) Percent(rate float64) string {
	for d := range 4 {
		s := strconv.FormatFloat(rate*100, 'f', d, 64)
		if f, err := strconv.ParseFloat(s, 64); err == nil && abs(f-rate*100) < 1e-9 {
			return p.Text.Number(rate*100, d)
		}
	}
	return p.Text.Number(rate*100, 3)
}

func abs(f float64) float64 {
	if f < 0 {
		return -f
	}
	return f
}

// PValue writes a p-value; small ones get as many digits as they need.
func (p *Page) PValue(v float64) string {
	if v < 0.01 {
		return p.Text.Number(v, 4)
	}
	return p.Text.Number(v, 3)
}

// size writes width x height.
func size(w, h int) string { return fmt.Sprintf("%d × %d", w, h) }
