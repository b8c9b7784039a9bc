package messages

import (
	"testing"

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
	_, err = Load("xx")
	assert.ErrorContains(t, err, `no catalogue "xx"`)
}

func TestChoose(t *testing.T) {
	for want, wishes := range map[string][][]string{
		"en": {nil, {"fr", "it"}, {"en-GB"}, {"fr", "en", "de"}},
		"de": {{"de"}, {"de-AT", "en"}, {"fr", "DE"}},
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
