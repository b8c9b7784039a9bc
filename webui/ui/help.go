package ui

import vjs "github.com/vugu/vugu/js"

// Help lists the keys of the view that is shown, and holds the choices that concern keys and looks.
type Help struct{ Page *Page }

// Keys of the view and of the whole page.
func (c *Help) Keys() []Shortcut {
	keys := append([]Shortcut(nil), c.Page.View().Keys...)
	if c.Page.view == 0 {
		for _, n := range c.Page.panels {
			keys = append(keys, n.Keys...)
		}
	}
	return append(keys, Shortcut{"?", "keys.help"}, Shortcut{"Esc", "keys.close"})
}

// Themes are the choices of the look.
func (c *Help) Themes() []string { return Themes() }

// ThemeName writes a theme.
func (c *Help) ThemeName(theme string) string {
	return c.Page.t(map[string]string{"": "theme.auto", ThemeLight: "theme.light", ThemeDark: "theme.dark"}[theme])
}

// SetHelp opens or closes the help.
func (p *Page) SetHelp(open bool) { p.Help = open }

// DrawDialog opens or closes a dialog of a view.
func (p *Page) DrawDialog(el vjs.Value, open bool) { p.back.Dialog(el, open) }

// DrawHelp brings the dialog to its state.
func (p *Page) DrawHelp(el vjs.Value) { p.back.Dialog(el, p.Help) }

// BuildName is the beginning of the build's name.
func (c *Help) BuildName() string { return Short(c.Page.Build) }
