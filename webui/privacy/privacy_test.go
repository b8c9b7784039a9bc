package privacy

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets/messages"
	"anomnet/webui/ui"
)

type fakeBackend struct{ watched, looked int }

func (b *fakeBackend) Watch() { b.watched++ }
func (b *fakeBackend) Look()  { b.looked++ }

func newView(t *testing.T) (*View, *fakeBackend, ui.View) {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	b := &fakeBackend{}
	v, reg := New(ui.New(nil, text, 1), b)
	return v, b, reg
}

func TestCounts(t *testing.T) {
	v, b, reg := newView(t)
	assert.True(t, reg.Aside, "the count in the header leads here, not a link beside the others")
	reg.Shown()
	assert.Equal(t, 1, b.watched)
	body := &Body{v}
	v.Page.Requests = 3
	require.Len(t, body.Counts(), 1, "without a service worker only the browser counts")
	assert.Equal(t, "3", body.Counts()[0].Value)
	assert.Equal(t, "no", body.Offline())
	assert.Equal(t, "–", body.Hash())
	assert.NotContains(t, body.Reasons(), "privacy.why.sealed")

	v.Saw(Seen{On: true, Sealed: true, Build: "ab", Device: 4, Site: 5, Other: 6, Own: 7})
	got := map[string]string{}
	for _, r := range body.Counts() {
		got[r.Key] = r.Value
	}
	assert.Equal(t, map[string]string{"page": "3", "device": "4", "site": "5", "other": "6", "own": "7"}, got)
	assert.Equal(t, "yes, from this device", body.Offline())
	assert.Contains(t, body.Reasons(), "privacy.why.sealed")
}

func TestLook(t *testing.T) {
	v, b, _ := newView(t)
	body := &Body{v}
	for _, c := range []struct {
		err   error
		there bool
		want  string
	}{
		{nil, false, "This is the newest version."},
		{nil, true, "There is a new version."},
		{errors.New("offline"), false, "The site could not be reached, or its files are not whole. This version stays."},
	} {
		v.Look()
		assert.True(t, body.Looking())
		assert.Empty(t, body.Said())
		v.Page.Newer.There = c.there
		v.Looked(c.err)
		assert.False(t, body.Looking())
		assert.Equal(t, c.want, body.Said())
	}
	assert.Equal(t, 3, b.looked)
}

// TestNewerWaits: a new version never ends what runs.
func TestNewerWaits(t *testing.T) {
	v, _, _ := newView(t)
	idle := false
	v.Page.Newer = ui.Newer{There: true, Idle: func() bool { return idle }}
	assert.True(t, v.Page.Newer.Wait())
	assert.Contains(t, v.Page.NewerText(), "when nothing runs")
	idle = true
	assert.False(t, v.Page.Newer.Wait())
	assert.Contains(t, v.Page.NewerText(), "loads the page again")
	v.Page.Newer.Failed = true
	assert.Contains(t, v.Page.NewerText(), "did not start")
}
