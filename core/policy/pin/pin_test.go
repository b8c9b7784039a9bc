package pin

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
)

func TestCheck(t *testing.T) {
	p, err := New("4711", []byte("0123456789abcdef"), policy.MinRounds)
	require.NoError(t, err)
	assert.True(t, Check(p, "4711"))
	for _, wrong := range []string{"", "4712", "471", "47110", "４７１１"} {
		assert.False(t, Check(p, wrong), wrong)
	}
	other, err := New("4711", []byte("0123456789abcdeg"), policy.MinRounds)
	require.NoError(t, err)
	assert.NotEqual(t, p.Hash, other.Hash)
	p.Hash = "zz"
	assert.False(t, Check(p, "4711"))
	p.Salt = "zz"
	assert.False(t, Check(p, "4711"))
}

// TestKnownHash has a value of Python: hashlib.pbkdf2_hmac("sha256", b"4711", b"0123456789abcdef", 100000).hex().
func TestKnownHash(t *testing.T) {
	p, err := New("4711", []byte("0123456789abcdef"), 100_000)
	require.NoError(t, err)
	assert.Equal(t, "3d45ed2cc3b7ee285064a41895dfc83b87452e29e44b05aac601a1c355eeb0d6", p.Hash)
	assert.Equal(t, hex.EncodeToString([]byte("0123456789abcdef")), p.Salt)
}

func TestNewRefuses(t *testing.T) {
	salt := make([]byte, 16)
	for name, c := range map[string]struct {
		pin    string
		salt   []byte
		rounds int
	}{"short": {"123", salt, Rounds}, "not text": {"12\xff34", salt, policy.MinRounds}, "little salt": {"4711", salt[:8], policy.MinRounds}, "few rounds": {"4711", salt, 1}} {
		_, err := New(c.pin, c.salt, c.rounds)
		assert.Error(t, err, name)
	}
}
