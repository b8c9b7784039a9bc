package ui

// NarrowScreen is the media query of Page.Narrow, the same as in assets/css/app.css. Paper is never narrow: it would change the order while it is printed.
const NarrowScreen = "screen and (max-width: 800px)"

// Verdict shows the verdict on the selected image.
type Verdict struct{ Page *Page }

// Kind of the selected item.
func (c *Verdict) Kind() string {
	if it := c.Page.Selected(); it != nil {
		return it.Kind()
	}
	return "waiting"
}

// Word is the verdict, or the state where there is none.
func (c *Verdict) Word() string {
	it := c.Page.Selected()
	switch {
	case it == nil || it.State == Working:
		return c.Page.t("facts.working")
	case it.State == Done:
		return c.Page.Verdict(it.Result.Verdict)
	case it.State == Failed:
		return c.Page.t("list.failed")
	}
	return c.Page.t("facts.waiting")
}

// Relative is the score relative to the limit, the number that people compare, "" where there is none.
func (c *Verdict) Relative() string {
	if it := c.Page.Selected(); it == nil || it.State != Done {
		return ""
	}
	return c.Page.t("facts.relative", "ratio", c.Page.Ratio(c.Page.Selected()))
}

// Sentence says what the verdict means.
func (c *Verdict) Sentence() string {
	switch it := c.Page.Selected(); {
	case it == nil:
		return ""
	case it.State == Done:
		return c.Page.t("verdict." + it.Result.Verdict + ".text")
	case it.State == Failed:
		return c.Page.What(it.Err)
	}
	return ""
}
