package pin

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
)

// FuzzCheck: a hash that is valid is checked without a panic; one of the PIN itself is right, one of another is not.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"rounds":1000,"salt":"00112233445566778899aabbccddeeff","hash":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}`), "4711")
	f.Add([]byte(`{"rounds":-1,"salt":"","hash":"zz"}`), "\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, data []byte, pin string) {
		var p policy.PIN
		if json.Unmarshal(data, &p) == nil && p.Validate() == nil && p.Rounds <= 2000 {
			Check(&p, pin)
		}
		own, err := New(pin, make([]byte, 16), 1000)
		if err == nil {
			require.True(t, Check(own, pin))
			require.False(t, Check(own, pin+"x"))
		}
	})
}
