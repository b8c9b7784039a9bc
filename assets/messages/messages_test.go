package messages

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCatalogue(t *testing.T) {
	en, err := Load("en")
	require.NoError(t, err)
	assert.Equal(t, "3 of 8", en.T("list.progress", "done", "3", "total", "8"))
	assert.Equal(t, "1 request since load", en.N("page.requests", 1))
	assert.Equal(t, "0 requests since load", en.N("page.requests", 0))
	assert.Equal(t, "no.such.key", en.T("no.such.key"))
	assert.Equal(t, "1.50", en.Number(1.5, 2))
	de, err := Load("de")
	require.NoError(t, err)
	assert.Equal(t, "1,50", de.Number(1.5, 2))
	zh, err := Load("zh")
	require.NoError(t, err)
	assert.Equal(t, "1 张图像", zh.N("live.images", 1))
	assert.Equal(t, "12%", zh.Percent(0.12, 0))
	assert.Equal(t, "12,5\u00a0%", de.Percent(0.125, 1))
	_, err = Load("xx")
	assert.ErrorContains(t, err, `no catalogue "xx"`)
}

func TestChoose(t *testing.T) {
	for want, wishes := range map[string][][]string{
		"en": {nil, {"tlh", "eo"}, {"en-GB"}, {"tlh", "en", "de"}},
		"de": {{"de"}, {"de-AT", "en"}, {"tlh", "DE"}},
		"zh": {{"zh-CN"}, {"zh-Hans-SG", "en"}},
		"ja": {{"ja"}},
		"es": {{"ca", "es-MX"}},
	} {
		for _, w := range wishes {
			assert.Equal(t, want, Choose(w), w)
		}
	}
}

func TestReplacementsAreNotReplacedAgain(t *testing.T) {
	en, err := Load("en")
	require.NoError(t, err)
	s := en.T("live.result", "name", "{verdict}", "verdict", "OK", "relative", "r")
	assert.Equal(t, "{verdict}: OK, r.", s, "a file name is text, not a template")
}

// TestEveryLanguageCanSayThatTheStartFailed: the texts from before the catalogues, in assets/js/boot.mjs, are in every language, and as many in each.
func TestEveryLanguageCanSayThatTheStartFailed(t *testing.T) {
	b, err := os.ReadFile("../js/boot.mjs")
	require.NoError(t, err)
	m := regexp.MustCompile(`(?s)\nconst texts = \{(.*?)\n\};`).FindSubmatch(b)
	require.NotNil(t, m)
	var langs []string
	for _, e := range regexp.MustCompile(`(?s)\n  (\w+): \[(.*?)\],`).FindAllStringSubmatch(string(m[1])+"\n", -1) {
		langs = append(langs, e[1])
		assert.Len(t, regexp.MustCompile(`"[^"]+"`).FindAllString(e[2], -1), 4, e[1])
	}
	assert.ElementsMatch(t, Languages(), langs)
}

// TestEveryLanguageIsNamed also finds a catalogue that nobody can choose, and a key that is there twice.
func TestEveryLanguageIsNamed(t *testing.T) {
	entries, err := files.ReadDir(".")
	require.NoError(t, err)
	assert.Len(t, entries, len(Languages()))
	for _, lang := range Languages() {
		assert.NotEqual(t, lang, Name(lang))
		b, err := files.ReadFile(lang + ".json")
		require.NoError(t, err)
		c, err := Load(lang)
		require.NoError(t, err)
		assert.Equal(t, strings.Count(string(b), "\": \""), len(c.Keys()), "%s: a key is there twice", lang)
	}
}

func TestPlainTimes(t *testing.T) {
	at := time.Date(2026, 5, 4, 13, 30, 7, 0, time.FixedZone("", 7200))
	for style, want := range map[Style]string{Second: "2026-05-04 13:30:07", Minute: "2026-05-04 13:30", Day: "2026-05-04", MonthDay: "05-04", Clock: "13:30"} {
		assert.Equal(t, want, Plain(",").Time(at, style))
	}
}

// TestApart: a number does not read like one that it is not.
func TestApart(t *testing.T) {
	en, err := Load("en")
	require.NoError(t, err)
	assert.Equal(t, "0.87", en.Apart(0.8654, 2, 1))
	assert.Equal(t, "1.00", en.Apart(1, 2, 1))
	assert.Equal(t, "1.0003", en.Apart(1.00025001, 2, 1))
	assert.Equal(t, "0.999", en.Apart(0.999, 2, 1))
	assert.Equal(t, "1.00", en.Apart(1+1e-12, 2, 1), "there is an end")
	for share, want := range map[float64]string{0: "0.0", 1: "100.0", 0.5: "50.0", 0.9996: "99.96", 0.99999: "99.999", 0.0004: "0.04"} {
		assert.Equal(t, want+"\u00a0%", en.Share(share))
	}
}
