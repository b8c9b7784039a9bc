package policy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/signature"
)

func digest(c string) string { return strings.Repeat(c, 64) }

func keyText(c byte) string {
	return base64.StdEncoding.EncodeToString(append([]byte("Ed"), bytes.Repeat([]byte{c}, 40)...))
}

// full is a policy that uses every key.
func full() *Policy {
	return &Policy{Version: Version, Name: "Line 4, \"left\" <grün>", Parts: []Part{{"Washer (demo)", digest("a")}, {"", digest("b")}, {"Screw", ""}}, Signed: true,
		Keys: []Key{{"head office", keyText(1)}, {"line 4", keyText(2)}}, Counters: []Counter{{"model", "Washer (demo)", 7}, {"policy", "", 2}}, Operator: true,
		Triggers: Triggers{Keys: []string{" ", "Enter", "F9", "ö"}, Still: true, Folder: true}, Sound: true,
		Export: &Export{CSV: true, JSON: true, Pictures: true, Images: 100, Minutes: 60},
		PIN:    &PIN{Rounds: MinRounds, Salt: strings.Repeat("0f", 16), Hash: digest("c")}}
}

func encode(t testing.TB, p *Policy) []byte {
	t.Helper()
	data, err := p.Encode()
	require.NoError(t, err)
	return data
}

func TestRoundTrip(t *testing.T) {
	for name, p := range map[string]*Policy{"full": full(), "default": Default(), "least": {Version: Version}} {
		data := encode(t, p)
		got, err := Decode(data)
		require.NoError(t, err, name)
		assert.Equal(t, string(data), string(encode(t, got)), name)
	}
	got, err := Decode(encode(t, full()))
	require.NoError(t, err)
	assert.Equal(t, full(), got)
}

func TestReadOfAPerson(t *testing.T) {
	p, err := Read([]byte("{\"operator\":true,\n\n\"version\":1, \"pin\":null}"))
	require.NoError(t, err)
	assert.True(t, p.Operator)
	assert.Equal(t, Triggers{Still: true, Folder: true}, p.Triggers)
	_, err = Decode(encode(t, p))
	require.NoError(t, err)
	_, err = Decode([]byte(`{"operator":true,"version":1}`))
	assert.ErrorContains(t, err, "one form of bytes")
	assert.ErrorIs(t, err, ErrMalformed)
}

func TestRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"": "offset 0", "[]": "want an object", "null": "version 0", "{}": "version 0", `{"version":2}`: "version 2", `{"version":1}{}`: "offset",
		`{"version":1,"version":1}`: "repeated", `{"version":1,"Name":"a"}`: `unknown key "Name"`, `{"version":1,"pim":null}`: "unknown key",
		`{"version":1,"parts":[{"name":"a","x":1}]}`: "unknown key", `{"version":1,"parts":null}`: "null", `{"version":1,"parts":[null]}`: "null",
		`{"version":1,"triggers":{"keys":[null]}}`: "null", `{"version":1,"signed":null}`: "null", `{"version":1.5}`: "number",
		`{"version":1,"signed":true}`: "no key", `{"version":1,"export":{}}`: "no form", `{"version":1,"pin":{}}`: "0 rounds",
		`{"version":1,"name":"a` + "\\u202e" + `b"}`: "cannot be printed", "{\"version\":1,\"name\":\"\xff\"}": "UTF-8", `{"version":1,"name":"\ud800"}`: "one form",
		strings.Repeat(" ", MaxBytes+1): "bytes",
	} {
		_, err := Decode([]byte(text))
		assert.ErrorContains(t, err, says, "%.60q", text)
		assert.ErrorIs(t, err, ErrMalformed, "%.60q", text)
	}
}

func TestLimits(t *testing.T) {
	many := func(n int) (out []Part) {
		for i := range n {
			out = append(out, Part{Name: strings.Repeat("a", i%7+1) + string(rune('A'+i%26)) + string(rune(0x4e00+i))})
		}
		return out
	}
	for name, change := range map[string]func(*Policy){
		"version":              func(p *Policy) { p.Version = 2 },
		"name too long":        func(p *Policy) { p.Name = strings.Repeat("a", maxName+1) },
		"too many parts":       func(p *Policy) { p.Parts = many(MaxParts + 1) },
		"empty part":           func(p *Policy) { p.Parts[0] = Part{} },
		"part twice":           func(p *Policy) { p.Parts[0] = p.Parts[1] },
		"upper-case digest":    func(p *Policy) { p.Parts[0].Head = digest("A") },
		"no key":               func(p *Policy) { p.Keys = nil },
		"key twice":            func(p *Policy) { p.Keys[0].Key = p.Keys[1].Key },
		"key without label":    func(p *Policy) { p.Keys[0].Label = "" },
		"cut key":              func(p *Policy) { p.Keys[0].Key = p.Keys[0].Key[:52] },
		"other algorithm":      func(p *Policy) { p.Keys[0].Key = "RU" + p.Keys[0].Key[2:] },
		"counter 0":            func(p *Policy) { p.Counters[0].Counter = 0 },
		"counter 2^53":         func(p *Policy) { p.Counters[0].Counter = 1 << 53 },
		"counter twice":        func(p *Policy) { p.Counters[1] = p.Counters[0]; p.Counters[1].Counter++ },
		"counter of a kind":    func(p *Policy) { p.Counters[0].Kind = "Model" },
		"policy with a name":   func(p *Policy) { p.Counters[1].Name = "a" },
		"key Escape":           func(p *Policy) { p.Triggers.Keys[0] = "Escape" },
		"key twice as trigger": func(p *Policy) { p.Triggers.Keys[0] = "Enter" },
		"key of line ends":     func(p *Policy) { p.Triggers.Keys[0] = "\n" },
		"export never":         func(p *Policy) { p.Export.Images, p.Export.Minutes = 0, 0 },
		"export of nothing":    func(p *Policy) { *p.Export = Export{Images: 1} },
		"export below 0":       func(p *Policy) { p.Export.Images = -1 },
		"few rounds":           func(p *Policy) { p.PIN.Rounds = MinRounds - 1 },
		"many rounds":          func(p *Policy) { p.PIN.Rounds = MaxRounds + 1 },
		"short salt":           func(p *Policy) { p.PIN.Salt = p.PIN.Salt[2:] },
		"odd hash":             func(p *Policy) { p.PIN.Hash = p.PIN.Hash[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			p := full()
			change(p)
			_, err := p.Encode()
			assert.Error(t, err)
			raw, err := json.Marshal(p)
			require.NoError(t, err)
			_, err = Read(raw)
			assert.Error(t, err)
		})
	}
	p := full()
	p.Parts = many(MaxParts)
	_, err := Decode(encode(t, p))
	assert.NoError(t, err)
}

func TestAllows(t *testing.T) {
	p := full()
	for _, c := range []struct {
		name, head string
		want       bool
	}{{"Washer (demo)", digest("a"), true}, {"Washer (demo)", digest("b"), true}, {"Washer (demo)", digest("c"), false}, {"Screw", digest("c"), true}, {"Nut", digest("c"), false}} {
		assert.Equal(t, c.want, p.Allows(c.name, c.head), c)
	}
	assert.True(t, Default().Allows("Nut", digest("c")))
	assert.Equal(t, uint64(7), p.Least("model", "Washer (demo)"))
	assert.Equal(t, uint64(2), p.Least("policy", ""))
	assert.Zero(t, p.Least("model", "Screw"))
	assert.True(t, p.Starts("F9"))
	assert.False(t, p.Starts("f9"))
}

// TestKeysFitSignature: keys that a policy may have are keys for package signature, whose limits are the same.
func TestKeysFitSignature(t *testing.T) {
	public, _, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	p := full()
	p.Keys[0].Key = public.String()
	got, err := Decode(encode(t, p))
	require.NoError(t, err)
	k, err := signature.ParseKey(got.Keys[0].Key, got.Keys[0].Label, signature.FromPolicy)
	require.NoError(t, err)
	assert.Equal(t, public.String(), k.String())
	assert.Equal(t, signature.MaxKeys, MaxKeys)
}

// TestEveryChangedByte changes a bit of every byte and 10,000 random bytes of a signed policy: the signature refuses all of them. Without one, a
// change is refused too or gives another policy, never the same.
func TestEveryChangedByte(t *testing.T) {
	public, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	key, err := signature.ParseKey(public.String(), "line 4", signature.FromUser)
	require.NoError(t, err)
	signedAt := time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)
	line, err := signature.Statement{Kind: signature.Policy, Counter: 3, Date: signedAt}.Comment()
	require.NoError(t, err)
	data := encode(t, full())
	r := minisign.NewReader(bytes.NewReader(data))
	_, err = new(bytes.Buffer).ReadFrom(r)
	require.NoError(t, err)
	sig := r.SignWithComments(secret, line, signature.Untrusted)
	check := &signature.Check{Kind: signature.Policy, Keys: []signature.Key{key}, Counter: 3, Now: signedAt}
	require.Equal(t, signature.Signed, signature.Verify(data, sig, check).State)

	all := append(bytes.Clone(data), sig...)
	refused, other := 0, 0
	try := func(at int, x byte) {
		all[at] ^= x
		require.Equal(t, signature.Refused, signature.Verify(all[:len(data)], all[len(data):], check).State, "byte %d xor %#x", at, x)
		if at < len(data) {
			if p, err := Decode(all[:len(data)]); err != nil {
				refused++
			} else {
				other++
				require.NotEqual(t, full(), p, "byte %d xor %#x", at, x)
			}
		}
		all[at] ^= x
	}
	for at := range all {
		try(at, 1<<(at%8))
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for range 10_000 {
		try(rng.IntN(len(all)), byte(1+rng.IntN(255)))
	}
	t.Logf("unsigned: %d changes refused, %d another policy", refused, other)
	require.Equal(t, signature.Signed, signature.Verify(data, sig, check).State, "the test has put everything back")
}

func TestLockout(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	var l Lockout
	var waits []time.Duration
	for range 14 {
		l = l.Tried(now)
		waits = append(waits, l.Wait(now))
	}
	s := time.Second
	assert.Equal(t, []time.Duration{0, 0, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 640 * s, 1280 * s, 2560 * s, time.Hour, time.Hour, time.Hour}, waits)
	l = Lockout{Failures: 3, Since: now.UnixMilli()}
	assert.Equal(t, 4*s, l.Wait(now.Add(6*s)))
	assert.Zero(t, l.Wait(now.Add(10*s)))
	assert.Equal(t, 10*s, l.Wait(now.Add(-time.Hour)), "a clock that was set back cannot lengthen it")
	century := Lockout{Failures: 3, Since: now.AddDate(400, 0, 0).UnixMilli()}
	assert.Equal(t, 10*s, century.Wait(now), "nor can one that stood in another age end it")
	assert.Zero(t, Lockout{Failures: 3, Since: math.MinInt64}.Wait(now))
	assert.Zero(t, l.Again(now.Add(-time.Hour)).Wait(now.Add(-time.Hour).Add(10*s)))
	assert.Equal(t, l, l.Again(now.Add(time.Hour)))
	raw, err := json.Marshal(l)
	require.NoError(t, err)
	var back Lockout
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, l, back)
	assert.Zero(t, Lockout{Failures: -5}.Wait(now))
	assert.Equal(t, 1000, Lockout{Failures: 1 << 40}.Tried(now).Failures)
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, full()))
	f.Add(encode(f, Default()))
	f.Add([]byte(`{"version":1,"triggers":{"keys":["a"]},"pin":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(data)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		text, err := p.Encode()
		if err != nil { // its one form is larger than what was read
			require.ErrorContains(t, err, "would have")
			return
		}
		again, err := Decode(text)
		require.NoError(t, err)
		more, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, string(text), string(more))
		if _, err := Decode(data); err == nil {
			require.Equal(t, string(data), string(text))
		}
	})
}

// FuzzLockout: whatever state and clock a device has, a PIN is never locked for more than an hour, and a try costs one.
func FuzzLockout(f *testing.F) {
	f.Add([]byte(`{"failures":4,"since":1793000000000}`), int64(1793000001000))
	f.Add([]byte(`{"failures":-1,"since":-9223372036854775808}`), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, now int64) {
		var l Lockout
		if json.Unmarshal(data, &l) != nil {
			return
		}
		at := time.UnixMilli(now)
		for _, one := range []Lockout{l, l.Tried(at), l.Again(at)} {
			wait := one.Wait(at)
			require.True(t, wait >= 0 && wait <= time.Hour, "%v: %v", one, wait)
		}
		require.Greater(t, l.Tried(at).Failures, min(max(l.Failures, 0), 999))
	})
}
