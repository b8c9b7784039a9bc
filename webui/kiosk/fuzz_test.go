package kiosk

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
)

// FuzzRestore starts a station from any stored state and policy file: it stands with the policy in force, or refused; it is never without one that
// it was told to have. The lockout of the PIN never lasts longer than an hour.
func FuzzRestore(f *testing.F) {
	p := policy.Default()
	p.Name = "line 4"
	text, err := p.Encode()
	require.NoError(f, err)
	state, err := json.Marshal(State{On: true, Policy: string(text), Shift: 3, Lockout: policy.Lockout{Failures: 9, Since: 7}})
	require.NoError(f, err)
	f.Add(state, string(text), true)
	f.Add([]byte(`{"policy":"{}","empty":"AAAA","lockout":{"failures":-9,"since":9223372036854775807}}`), "", false)
	f.Fuzz(func(t *testing.T, state []byte, served string, asked bool) {
		var s State
		if json.Unmarshal(state, &s) != nil {
			return
		}
		w := newWorld(t, nil, Served{})
		k := w.k
		k.Restore(s, Served{Asked: asked, Text: served}, true)
		told := s.Policy
		if asked && (served != "" || s.Served) {
			told = served
		}
		if told != "" {
			require.True(t, k.Refused != nil || k.Page.Policy != nil && k.State.Policy == told)
		}
		wait := s.Lockout.Wait(time.UnixMilli(1_800_000_000_000))
		require.True(t, wait >= 0 && wait <= time.Hour, wait)
		_ = k.Blocked()
		k.Import(string(state))
	})
}
