//go:build js && wasm

package app

import (
	"strings"
	"syscall/js"
	"time"

	"anomnet/assets/messages"
)

// locale writes numbers and times by Intl. Formatters are kept, since making one takes far longer than using it.
type locale struct {
	tag     string
	numbers map[int]js.Value // by digits
	times   map[messages.Style]js.Value
}

// newLocale returns the browser's forms of a language: those of the first region among the person's wishes, such as de-CH.
func newLocale(lang string) messages.Locale {
	l := &locale{tag: messages.Tag(lang), numbers: map[int]js.Value{}, times: map[messages.Style]js.Value{}}
	for _, wish := range languages() {
		if base, _, _ := strings.Cut(strings.ToLower(wish), "-"); base == lang {
			l.tag = wish
			break
		}
	}
	return l
}

// Number implements messages.Locale.
func (l *locale) Number(f float64, digits int) string {
	n, ok := l.numbers[digits]
	if !ok {
		n = l.formatter("NumberFormat", map[string]any{"minimumFractionDigits": digits, "maximumFractionDigits": digits})
		l.numbers[digits] = n
	}
	return n.Call("format", f).String()
}

// Time implements messages.Locale. The zone is t's own, not the browser's: entries of the history keep the clock of their place.
func (l *locale) Time(t time.Time, style messages.Style) string {
	f, ok := l.times[style]
	if !ok {
		options := map[string]any{"timeZone": "UTC"}
		for part, form := range timeParts(style) {
			options[part] = form
		}
		f = l.formatter("DateTimeFormat", options)
		l.times[style] = f
	}
	_, offset := t.Zone()
	return f.Call("format", float64(t.UnixMilli())+float64(offset)*1000).String()
}

// timeParts are the options of Intl.DateTimeFormat that make a style.
func timeParts(style messages.Style) map[string]string {
	switch style {
	case messages.Minute:
		return map[string]string{"dateStyle": "medium", "timeStyle": "short"}
	case messages.Day:
		return map[string]string{"dateStyle": "medium"}
	case messages.MonthDay:
		return map[string]string{"month": "numeric", "day": "numeric"}
	case messages.Clock:
		return map[string]string{"hour": "numeric", "minute": "2-digit"}
	}
	return map[string]string{"dateStyle": "medium", "timeStyle": "medium"}
}

// formatter makes one; a browser that refuses the tag gets the default language of its own.
func (l *locale) formatter(kind string, options map[string]any) (f js.Value) {
	defer func() {
		if recover() != nil {
			f = js.Global().Get("Intl").Get(kind).New(js.Undefined(), options)
		}
	}()
	return js.Global().Get("Intl").Get(kind).New(l.tag, options)
}
