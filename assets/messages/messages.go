// Package messages holds every text of the page, one JSON catalogue per language, built into the page's program so that a
// change of language needs no request. Numbers and times are written by a Locale, which in the page is the browser's.
package messages

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"anomnet/core/report"
)

//go:embed *.json
var files embed.FS

// Languages returns the languages that have a catalogue, the default first.
func Languages() []string { return []string{"en", "de", "zh", "ja", "es"} }

// Name returns what a language calls itself.
func Name(lang string) string {
	switch lang {
	case "en":
		return "English"
	case "de":
		return "Deutsch"
	case "zh":
		return "简体中文"
	case "ja":
		return "日本語"
	case "es":
		return "Español"
	}
	return lang
}

// Tag returns the BCP 47 tag of a catalogue's texts: it decides which forms of Chinese characters a browser draws.
func Tag(lang string) string {
	if lang == "zh" {
		return "zh-Hans"
	}
	return lang
}

// Forms returns the plural forms of whole numbers that a language tells apart, as in the plural rules of CLDR. Those of Spanish for
// whole millions are left out: the page does not count that far.
func Forms(lang string) []string {
	switch lang {
	case "zh", "ja":
		return []string{"other"}
	}
	return []string{"one", "other"}
}

// Catalogue is the texts of one language.
type Catalogue struct {
	Lang string
	// Locale writes numbers and times; Load sets one that needs no browser.
	Locale Locale
	texts  map[string]string
}

// Load returns the catalogue of a language.
func Load(lang string) (*Catalogue, error) {
	b, err := files.ReadFile(lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("messages: no catalogue %q: %w", lang, err)
	}
	c := &Catalogue{Lang: lang}
	if err := json.Unmarshal(b, &c.texts); err != nil {
		return nil, fmt.Errorf("messages: %s.json: %w", lang, err)
	}
	c.Locale = Plain(c.T("format.decimal"))
	return c, nil
}

// Choose returns the first language with a catalogue among a browser's wishes ("de-AT", "en"), or the default.
func Choose(wishes []string) string {
	for _, w := range wishes {
		base, _, _ := strings.Cut(strings.ToLower(w), "-")
		if slices.Contains(Languages(), base) {
			return base
		}
	}
	return Languages()[0]
}

// T returns the text of a key; args are names and values that replace {name}. An unknown key is returned as it is, and a
// test of the page fails on it.
func (c *Catalogue) T(key string, args ...string) string {
	s, ok := c.texts[key]
	if !ok {
		return key
	}
	if len(args) < 2 {
		return s
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", args[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// N is T for a count: key + ".one" for 1 in languages that tell it apart, key + ".other" else, with {n} and args replaced.
func (c *Catalogue) N(key string, n int, args ...string) string {
	form := ".other"
	if n == 1 && len(Forms(c.Lang)) > 1 {
		form = ".one"
	}
	return c.T(key+form, append(args, "n", c.Count(n))...)
}

// Number writes f as the locale does, with so many digits after the decimal mark.
func (c *Catalogue) Number(f float64, digits int) string { return c.Locale.Number(f, digits) }

// Count writes a whole number.
func (c *Catalogue) Count(n int) string { return c.Number(float64(n), 0) }

// Apart writes f with so many digits, or as many as it takes to tell it from values that it is not; see report.Apart.
func (c *Catalogue) Apart(f float64, digits int, from ...float64) string {
	return report.Apart(c.Number, f, digits, from...)
}

// Share writes a share of many with its sign; what is not all or nothing does not read so.
func (c *Catalogue) Share(share float64) string {
	return c.T("format.percent", "n", c.Apart(100*share, 1, 0, 100))
}

// Percent writes a share with its sign.
func (c *Catalogue) Percent(share float64, digits int) string {
	return c.T("format.percent", "n", c.Number(100*share, digits))
}

// Time writes what the clock on t's wall shows.
func (c *Catalogue) Time(t time.Time, style Style) string { return c.Locale.Time(t, style) }

// Has tells whether the catalogue has a key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Keys lists all keys, sorted.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.texts))
	for k := range c.texts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
