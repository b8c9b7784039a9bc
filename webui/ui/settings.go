package ui

import (
	"strings"

	"anomnet/assets/messages"
)

// Settings are a person's choices, kept on the device. The zero value is what a first visit has.
type Settings struct {
	Lang  string `json:"lang,omitempty"`  // "" follows the browser
	Theme string `json:"theme,omitempty"` // ThemeLight, ThemeDark, or "" to follow the system
	// NoLetters switches shortcuts of a single character off, which speech input and shaking hands set off by accident (WCAG 2.1.4).
	NoLetters bool `json:"no_letters,omitempty"`
	Grid      bool `json:"grid,omitempty"` // the list in rows that fill its width
	// Toured tells that the hints of a first visit are over.
	Toured bool `json:"toured,omitempty"`
	// Operator is the name that stands with overrides, in the history and in exports.
	Operator string `json:"operator,omitempty"`
	// Head is the digest of the head of the kept part that was used last, "" for the site's own.
	Head string `json:"head,omitempty"`
	// Parts is how many were kept at the end of the last visit: fewer are a loss.
	Parts int `json:"parts,omitempty"`
}

// Merge is what is kept when another tab may have kept other choices meanwhile: of each the one that was made here since before, else the one that is there.
func (s Settings) Merge(before, there Settings) Settings {
	return Settings{
		Lang:      newer(s.Lang, before.Lang, there.Lang),
		Theme:     newer(s.Theme, before.Theme, there.Theme),
		NoLetters: newer(s.NoLetters, before.NoLetters, there.NoLetters),
		Grid:      newer(s.Grid, before.Grid, there.Grid),
		Toured:    newer(s.Toured, before.Toured, there.Toured),
		Operator:  newer(s.Operator, before.Operator, there.Operator),
		Head:      newer(s.Head, before.Head, there.Head),
		Parts:     newer(s.Parts, before.Parts, there.Parts),
	}
}

func newer[T comparable](now, before, there T) T {
	if now != before {
		return now
	}
	return there
}

// Themes beside "".
const (
	ThemeLight = "light"
	ThemeDark  = "dark"
)

// Themes returns the choices, the default first.
func Themes() []string { return []string{"", ThemeLight, ThemeDark} }

// Restore takes the settings of an earlier visit; what they do not say stays.
func (p *Page) Restore(s Settings) {
	p.Settings = s
	if c, err := messages.Load(s.Lang); err == nil {
		p.Speak(c)
	}
	p.List.Grid = s.Grid
}

// Speak takes the texts of a language, and the way that its numbers and times are written.
func (p *Page) Speak(c *messages.Catalogue) {
	if p.Locale != nil {
		c.Locale = p.Locale(c.Lang)
	}
	p.Text = c
}

// SetLanguage changes all texts.
func (p *Page) SetLanguage(lang string) {
	c, err := messages.Load(lang)
	if err != nil {
		return
	}
	p.Speak(c)
	p.Settings.Lang = lang
	p.back.Save(p.Settings)
}

// SetTheme takes ThemeLight, ThemeDark or "".
func (p *Page) SetTheme(theme string) {
	p.Settings.Theme = theme
	p.back.Save(p.Settings)
}

// SetLetters switches shortcuts of a single character on or off.
func (p *Page) SetLetters(on bool) {
	p.Settings.NoLetters = !on
	p.Look.Blink = false
	p.back.Save(p.Settings)
}

// maxOperator is how many bytes of an operator's name are kept, as in core/audit.
const maxOperator = 256

// SetOperator takes a name.
func (p *Page) SetOperator(name string) {
	p.Settings.Operator = clip(strings.TrimSpace(name), maxOperator)
	p.back.Save(p.Settings)
}

// SetGrid shows the list in rows instead of one line.
func (p *Page) SetGrid(on bool) {
	p.List.SetGrid(on)
	p.Settings.Grid = on
	p.back.Save(p.Settings)
}
