package trust

import (
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

// FuzzBook: records of keys and counters that are damaged take nobody's trust away and give none; a counter never falls.
func FuzzBook(f *testing.F) {
	f.Add(`{"label":"a","origin":"user","text":"RWa","id":"1","print":"aa"}`, "7", "2026-05-04", uint64(3))
	f.Add(`{"text":""}`, "-1", "9999", uint64(0))
	f.Add(`[`, "18446744073709551616", "", uint64(9))
	f.Fuzz(func(t *testing.T, key, seen, date string, counter uint64) {
		disk := &memory{records: map[string]string{keyRecord + "x": key, seenRecord + "aaaabbbb/model/Washer": seen, dateRecord: date}}
		b := New(disk, line4)
		require.NoError(t, b.Load())
		keys := b.Keys()
		require.Equal(t, line4, keys[0])
		require.LessOrEqual(t, len(keys), 2)
		for _, k := range keys[1:] {
			require.Equal(t, FromUser, k.Origin)
			require.NotEmpty(t, k.Text)
		}
		_, err := protocol.Encode(b.Request(protocol.KindModel, 1))
		require.NoError(t, err)
		x := by(line4, counter)
		require.NoError(t, b.Judge(protocol.KindModel, x))
		if x.State != protocol.TrustSigned {
			return
		}
		if lower := by(line4, counter-1); counter > 0 {
			require.NoError(t, b.Judge(protocol.KindModel, lower))
			require.Equal(t, protocol.TrustRefused, lower.State)
		}
	})
}
