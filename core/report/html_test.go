package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keys are words that show the key and the values of a text.
type keys struct{}

func (keys) T(key string, args ...string) string {
	return strings.Join(append([]string{key}, args...), " ")
}
func (keys) Number(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }

const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

func TestHTML(t *testing.T) {
	got, err := HTML(example(), &HTMLOptions{Words: keys{}, Lang: "en", Calibration: []float32{10, 20, 21, 30}, Thumb: func(i int) string {
		return []string{pixel, "javascript:alert(1)", `data:image/png;base64,"><script>`, "", "data:text/html;base64,AAAA", ""}[i]
	}})
	require.NoError(t, err)
	golden(t, "batch.html", got)
	page := string(got)
	for _, never := range []string{"<script", "javascript:", "http-equiv=\"refresh", "text/html;base64", "onerror"} {
		assert.NotContains(t, page, never)
	}
	assert.Equal(t, 1, strings.Count(page, "<img "))
	assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.Contains(t, page, "Bracket &lt;v3&gt;")
	for _, fact := range []string{digest("ab"), digest("cd"), digest("02"), "anomnet 0.1", "2026-05-04 14:00:00 +02:00", "Eva Müller", "1.352"} {
		assert.Contains(t, page, fact)
	}
	assert.Less(t, strings.Index(page, "=cmd"), strings.Index(page, "cut.png"), "NG before failed")
	assert.Less(t, strings.Index(page, "cut.png"), strings.Index(page, "good/001.png"), "failed before OK")
	_, err = HTML(example(), nil)
	assert.Error(t, err)
}

// TestHTMLIsWellFormed reads the page as XML, in which every element must be closed and every attribute quoted.
func TestHTMLIsWellFormed(t *testing.T) {
	got, err := HTML(example(), &HTMLOptions{Words: keys{}, Lang: `"><x`, Thumb: func(int) string { return pixel }})
	require.NoError(t, err)
	page := regexp.MustCompile(`<((?:meta|br|img)[^>]*)>`).ReplaceAllString(string(got), "<$1/>") // which HTML does not close
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!DOCTYPE html>")))
	d.Strict = true
	var depth int
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	assert.Zero(t, depth)
}

func TestStyleDigest(t *testing.T) {
	sum := sha256.Sum256([]byte(style))
	assert.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), styleDigest)
	assert.NotContains(t, style, "<")
}

func TestHTMLHidesOnlyTheBestOK(t *testing.T) {
	b := example()
	for i := range 50 {
		r := b.Records[0]
		r.Path, r.Raw = "many/"+strconv.Itoa(i)+".png", float32(i%32)
		b.Records = append(b.Records, r)
	}
	got, err := HTML(b, &HTMLOptions{Words: keys{}, MaxOK: 10})
	require.NoError(t, err)
	assert.Contains(t, string(got), "report.hidden n 43")
	assert.Equal(t, 13, strings.Count(string(got), `<td class="f">`), "ten OK, one NG, two failed")
	assert.Contains(t, string(got), "many/31.png")
	assert.NotContains(t, string(got), "many/0.png")
}

// TestHTMLNumbersFitTheirVerdicts: an image that is NG by a hair does not stand at the limit, nor its raw score at or below it.
func TestHTMLNumbersFitTheirVerdicts(t *testing.T) {
	b := example()
	b.Records = b.Records[:1]
	r := &b.Records[0]
	r.Err, r.Override, r.Limit, r.Review, r.Raw, r.Verdict = nil, nil, 1.73086, 1.5, 1.73087, "NG"
	b.Header.Limit, b.Header.Review = r.Limit, r.Review
	for range 2999 {
		ok := *r
		ok.Raw, ok.Verdict = 1, "OK"
		b.Records = append(b.Records, ok)
	}
	got, err := HTML(b, &HTMLOptions{Words: keys{}, Lang: "en", MaxOK: 1})
	require.NoError(t, err)
	for _, want := range []string{">1.00001<", ">1.73087<", "limit 1.73086<", "99.97 %"} {
		assert.Contains(t, string(got), want)
	}
}
