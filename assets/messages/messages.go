// Package messages holds every text of the page, one JSON catalogue per language, built into the page's program so that a
// change of language needs no request.
package messages

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.json
var files embed.FS

// Languages returns the languages that have a catalogue, the default first.
func Languages() []string { return []string{"en", "de"} }

// Catalogue is the texts of one language.
type Catalogue struct {
	Lang  string
	texts map[string]string
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

// N is T for a count: key + ".one" for 1, key + ".other" else, with {n} and args replaced.
func (c *Catalogue) N(key string, n int, args ...string) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return c.T(key+form, append(args, "n", strconv.Itoa(n))...)
}

// Number writes f with the language's decimal mark and so many digits after it.
func (c *Catalogue) Number(f float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', digits, 64), ".", c.T("format.decimal"), 1)
}

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
