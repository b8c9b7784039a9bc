package trust

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// memory is a Disk of records only.
type memory struct {
	store.Disk
	records map[string]string
	full    bool
}

func (m *memory) Records(prefix string) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range m.records {
		if strings.HasPrefix(k, prefix) {
			out[k] = v
		}
	}
	return out, nil
}

func (m *memory) Put(key, text string) error {
	if m.full {
		return store.ErrFull
	}
	if text == "" {
		delete(m.records, key)
	} else {
		m.records[key] = text
	}
	return nil
}

func (m *memory) Lock(f func() error) error { return f() }

var line4 = Key{Label: "line 4", Text: "RWline4", ID: "44", Print: "aaaa bbbb"}

func by(k Key, counter uint64) *protocol.Trust {
	return &protocol.Trust{State: protocol.TrustSigned, Key: k.Text, KeyID: k.ID, Print: k.Print, Name: "Washer", Counter: counter, Date: "2026-11-25"}
}

func TestCountersOnlyRise(t *testing.T) {
	disk := &memory{records: map[string]string{}}
	b := New(disk, line4)
	judged := func(b *Book, counter uint64, name string) protocol.Trust {
		x := by(line4, counter)
		x.Name = name
		require.NoError(t, b.Judge(protocol.KindModel, x))
		return *x
	}
	assert.Equal(t, protocol.TrustSigned, judged(b, 3, "Washer").State)
	assert.Equal(t, protocol.TrustSigned, judged(b, 3, "Washer").State, "the same again")
	assert.Equal(t, protocol.TrustSigned, judged(b, 7, "Washer").State)
	other := New(disk, line4) // another tab, or the next day
	require.NoError(t, other.Load())
	old := judged(other, 6, "Washer")
	assert.Equal(t, []string{protocol.TrustRefused, protocol.WhyOlderCounter}, []string{old.State, old.Reason})
	assert.Contains(t, old.Detail, "counter 6, but 7")
	assert.False(t, Usable(&old))
	assert.Equal(t, protocol.TrustSigned, judged(other, 1, "Screw").State, "another part counts for itself")
	assert.Equal(t, 1764028800000.0+31536000000, other.Request(protocol.KindModel, 1).Floor, "2026-11-25 has passed")
}

// TestPolicysCounterIsRemembered: what was accepted with the least counter of a policy counts when the policy is gone.
func TestPolicysCounterIsRemembered(t *testing.T) {
	disk := &memory{records: map[string]string{}}
	b := New(disk, line4)
	b.Rules.Least = func(string, string) uint64 { return 7 }
	require.NoError(t, b.Judge(protocol.KindModel, by(line4, 7)))
	later := New(disk, line4)
	require.NoError(t, later.Load())
	old := by(line4, 6)
	require.NoError(t, later.Judge(protocol.KindModel, old))
	assert.Equal(t, protocol.WhyOlderCounter, old.Reason)
}

// TestLatestDayOfAllTabs: the day that another tab has written is not put back.
func TestLatestDayOfAllTabs(t *testing.T) {
	disk := &memory{records: map[string]string{}}
	one, other := New(disk, line4), New(disk, line4)
	late := by(line4, 1)
	late.Date = "2026-11-26"
	require.NoError(t, one.Judge(protocol.KindModel, late))
	require.NoError(t, other.Judge(protocol.KindModel, by(line4, 2)))
	assert.Equal(t, late.Date, disk.records[dateRecord])
}

func TestPinAndUnpin(t *testing.T) {
	disk := &memory{records: map[string]string{}}
	b := New(disk)
	require.NoError(t, b.Pin(line4))
	again := New(disk)
	require.NoError(t, again.Load())
	require.Len(t, again.Keys(), 1)
	assert.Equal(t, FromUser, again.Keys()[0].Origin)
	assert.Equal(t, []protocol.Pinned{{Label: "line 4", Origin: FromUser, Text: "RWline4"}}, again.Request(protocol.KindModel, 0).Keys)

	x := by(line4, 9)
	require.NoError(t, again.Judge(protocol.KindModel, x))
	require.NoError(t, again.Unpin(again.Keys()[0]))
	today := again.Today(*x)
	assert.Equal(t, protocol.WhyUnknownKey, today.Reason)
	assert.True(t, Usable(&today), "as an unsigned one")
	assert.False(t, again.Stale(&today))
	require.NoError(t, again.Pin(line4))
	assert.True(t, again.Stale(&today))
	require.NoError(t, again.Judge(protocol.KindModel, by(line4, 9)))
	old := by(line4, 8)
	require.NoError(t, again.Judge(protocol.KindModel, old))
	assert.Equal(t, protocol.WhyOlderCounter, old.Reason, "the counter outlives the pin")
	for i := range protocol.MaxPinned {
		k := line4
		k.Text, k.Print = k.Text+strings.Repeat("x", i+1), strings.Repeat("f", i+1)
		if err := again.Pin(k); err != nil {
			assert.ErrorIs(t, err, ErrFull)
			assert.Equal(t, protocol.MaxPinned-1, i)
		}
	}
}

func TestRules(t *testing.T) {
	b := New(&memory{records: map[string]string{}})
	for _, c := range []struct {
		in    protocol.Trust
		only  bool
		state string
		why   string
		use   bool
	}{
		{protocol.Trust{State: protocol.TrustUnsigned}, false, protocol.TrustUnsigned, "", true},
		{protocol.Trust{State: protocol.TrustUnsigned}, true, protocol.TrustRefused, protocol.WhyPolicy, false},
		{protocol.Trust{State: protocol.TrustRefused, Reason: protocol.WhyUnknownKey}, false, protocol.TrustRefused, protocol.WhyUnknownKey, true},
		{protocol.Trust{State: protocol.TrustRefused, Reason: protocol.WhyUnknownKey}, true, protocol.TrustRefused, protocol.WhyPolicy, false},
		{protocol.Trust{State: protocol.TrustRefused, Reason: "wrong"}, true, protocol.TrustRefused, "wrong", false},
		{protocol.Trust{State: protocol.TrustRefused, Reason: "wrong"}, false, protocol.TrustRefused, "wrong", false},
		{*by(line4, 1), true, protocol.TrustSigned, "", true},
	} {
		b.Rules.SignedOnly = c.only
		got := c.in
		require.NoError(t, b.Judge(protocol.KindModel, &got))
		assert.Equal(t, []any{c.state, c.why, c.use}, []any{got.State, got.Reason, Usable(&got)}, "%+v", c)
	}
	b.Rules = Rules{Keys: []Key{line4}, OnlyThese: true, Least: func(kind, name string) uint64 { return map[string]uint64{"model Washer": 9}[kind+" "+name] }}
	old := by(line4, 8)
	require.NoError(t, b.Judge(protocol.KindModel, old))
	assert.Equal(t, protocol.WhyOlderCounter, old.Reason)
	assert.ErrorIs(t, b.Pin(Key{Text: "RWother", Print: "cc"}), ErrLocked)
	assert.NotNil(t, b.Find("RWline4"))
}

// TestKept: the policy holds for parts that are here already, and a person's way back to an older one does not need it.
func TestKept(t *testing.T) {
	b := New(&memory{records: map[string]string{}}, line4)
	require.NoError(t, b.Judge(protocol.KindModel, by(line4, 9)))
	here, unknown := protocol.Trust{State: "here"}, protocol.Trust{State: protocol.TrustRefused, Reason: protocol.WhyUnknownKey}
	for _, c := range []struct {
		t     protocol.Trust
		only  bool
		least uint64
		why   string
	}{
		{*by(line4, 8), false, 0, ""}, {*by(line4, 8), true, 8, ""}, {*by(line4, 8), false, 9, protocol.WhyOlderCounter},
		{*by(Key{Text: "RWgone"}, 9), false, 9, ""}, {*by(Key{Text: "RWgone"}, 9), true, 0, protocol.WhyPolicy},
		{here, false, 9, ""}, {here, true, 0, protocol.WhyPolicy}, {unknown, false, 9, ""},
	} {
		b.Rules = Rules{SignedOnly: c.only, Least: func(string, string) uint64 { return c.least }}
		_, why := b.Kept(c.t)
		assert.Equal(t, c.why, why, "%+v", c)
	}
}

// TestFullStorage: a counter that cannot be written counts until the tab is closed, and the file is used.
func TestFullStorage(t *testing.T) {
	b := New(&memory{records: map[string]string{}, full: true}, line4)
	x := by(line4, 5)
	err := b.Judge(protocol.KindModel, x)
	assert.True(t, errors.Is(err, store.ErrFull))
	assert.Equal(t, protocol.TrustSigned, x.State)
	old := by(line4, 4)
	_ = b.Judge(protocol.KindModel, old)
	assert.Equal(t, protocol.WhyOlderCounter, old.Reason)
}
