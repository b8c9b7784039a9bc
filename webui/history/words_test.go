package history

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit/payload"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// TestLimitsInTheList: an entry for other limits says which.
func TestLimitsInTheList(t *testing.T) {
	f := setup(t)
	f.inspect("a.png", 1)
	f.p.SetLimits(ui.Limits{Review: 1, Limit: 1.25})
	f.inspect("b.png", 1)
	f.c.Reload()
	e := f.c.Rows()[1]
	require.Equal(t, payload.Threshold, e.Kind)
	assert.Equal(t, "REVIEW above 1, NG above 1.25", f.c.Note(e))
}

// TestWhoSignedInTheList: what an entry of a part says of its signer is shown in words.
func TestWhoSignedInTheList(t *testing.T) {
	f := setup(t)
	signed := protocol.Trust{State: protocol.TrustSigned, KeyID: "77EF", Label: "line 4", Counter: 7}
	expired := signed
	expired.Warning = protocol.WhyExpired
	for want, trust := range map[string]protocol.Trust{
		"It came with the page.":           {State: ui.TrustSite},
		"Made on this device, not signed.": {State: ui.TrustHere},
		"Not signed.":                      {State: protocol.TrustUnsigned},
		"Signed by key 77EF, which this device does not know. That proves nothing.": {State: protocol.TrustRefused, Reason: protocol.WhyUnknownKey, KeyID: "77EF"},
		"Signed: line 4 (key=77EF counter=7)":                                       signed,
		"Signed: line 4, expired (key=77EF counter=7)":                              expired,
		"some.day": {State: "some.day"},
	} {
		assert.Equal(t, want, f.c.Note(&Entry{Kind: payload.Model, Content: Content{Signed: ui.TrustToken(trust)}}))
	}
}

// TestFormsInTheList: an entry of an export says what has left in words.
func TestFormsInTheList(t *testing.T) {
	f := setup(t)
	for want, form := range map[string]string{"Table (CSV), 2 records": "csv", "History, 2 records": "history", "some.day, 2 records": "some.day"} {
		assert.Equal(t, want, f.c.What(&Entry{Kind: payload.Exported, Content: Content{Form: form, Records: 2}}))
	}
}

// TestKeptPartsInTheList: what was taught and deleted stands in the history, a version by its number.
func TestKeptPartsInTheList(t *testing.T) {
	f := setup(t)
	head := strings.Repeat("a", 64)
	f.p.Taught(ui.Kept{Part: "Bracket", Head: head, N: 2, Images: 30})
	f.p.Deleted(ui.Kept{Part: "Bracket", Head: head, N: 1})
	f.p.Deleted(ui.Kept{Part: "Bracket"})
	f.c.Reload()
	rows := f.c.Rows()
	require.Len(t, rows, 3)
	assert.Equal(t, []string{payload.Deleted, payload.Deleted, payload.Taught}, []string{rows[0].Kind, rows[1].Kind, rows[2].Kind})
	assert.Equal(t, []string{"Bracket", "Bracket v1", "Bracket v2"}, []string{f.c.What(rows[0]), f.c.What(rows[1]), f.c.What(rows[2])})
	assert.Equal(t, "from 30 good images", f.c.Note(rows[2]))
	assert.Equal(t, []string{"", head, head}, []string{rows[0].Head, rows[1].Head, rows[2].Head})
}
