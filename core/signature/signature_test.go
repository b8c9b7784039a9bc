package signature

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	signedAt = time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)
	expires  = signedAt.AddDate(1, 0, 0)
	content  = []byte("the bytes of a model")
)

func newKey(t testing.TB, label string) (minisign.PrivateKey, Key) {
	t.Helper()
	pub, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	k, err := ParseKey(pub.String(), label, FromUser)
	require.NoError(t, err)
	return secret, k
}

func washer() Statement {
	return Statement{Kind: Model, Counter: 7, Date: signedAt, Expires: expires, Name: "Washer (demo), grün"}
}

func sign(t testing.TB, secret minisign.PrivateKey, data []byte, comment string) []byte {
	t.Helper()
	r := minisign.NewReader(bytes.NewReader(data))
	_, err := new(bytes.Buffer).ReadFrom(r)
	require.NoError(t, err)
	return r.SignWithComments(secret, comment, Untrusted)
}

func signed(t testing.TB, secret minisign.PrivateKey, s Statement) []byte {
	t.Helper()
	line, err := s.Comment()
	require.NoError(t, err)
	return sign(t, secret, content, line)
}

func TestVerify(t *testing.T) {
	secret, key := newKey(t, "line 4")
	_, second := newKey(t, "head office")
	good := func() *Check {
		return &Check{Kind: Model, Name: washer().Name, Keys: []Key{second, key}, Counter: 7, Now: signedAt.AddDate(0, 1, 0), Floor: signedAt}
	}
	forEver := washer()
	forEver.Expires = time.Time{}
	for name, c := range map[string]struct {
		statement Statement
		change    func(*Check)
		state     State
		reason    Reason
	}{
		"good":                            {washer(), func(*Check) {}, Signed, ""},
		"any name":                        {washer(), func(c *Check) { c.Name = "" }, Signed, ""},
		"first of its part":               {washer(), func(c *Check) { c.Counter = 0 }, Signed, ""},
		"clock a little behind":           {washer(), func(c *Check) { c.Now, c.Floor = signedAt.Add(-23*time.Hour), time.Time{} }, Signed, ""},
		"no expiry, clock of 1970":        {forEver, func(c *Check) { c.Now = time.Unix(0, 0) }, Signed, ""},
		"last second":                     {washer(), func(c *Check) { c.Now = expires.Add(-time.Second) }, Signed, ""},
		"no keys":                         {washer(), func(c *Check) { c.Keys = nil }, Refused, UnknownKey},
		"other key":                       {washer(), func(c *Check) { c.Keys = []Key{second} }, Refused, UnknownKey},
		"too many keys":                   {washer(), func(c *Check) { c.Keys = make([]Key, MaxKeys+1); c.Keys[0] = key }, Refused, UnknownKey},
		"older counter":                   {washer(), func(c *Check) { c.Counter = 8 }, Refused, OlderCounter},
		"other part":                      {washer(), func(c *Check) { c.Name = "Screw" }, Refused, OtherName},
		"other kind":                      {washer(), func(c *Check) { c.Kind = Catalogue }, Refused, OtherKind},
		"expired":                         {washer(), func(c *Check) { c.Now = expires }, Refused, Expired},
		"expired, clock set back":         {washer(), func(c *Check) { c.Floor = expires }, Refused, Expired},
		"clock before the signature":      {washer(), func(c *Check) { c.Now, c.Floor = signedAt.Add(-25*time.Hour), time.Time{} }, Refused, ClockUnsure},
		"clock before the build":          {washer(), func(c *Check) { c.Now, c.Floor = signedAt, signedAt.Add(25*time.Hour) }, Refused, ClockUnsure},
		"clock never set (1970), expires": {washer(), func(c *Check) { c.Now = time.Unix(0, 0) }, Refused, ClockUnsure},
	} {
		t.Run(name, func(t *testing.T) {
			check := good()
			c.change(check)
			res := Verify(content, signed(t, secret, c.statement), check)
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.reason, res.Reason, res.Detail)
			assert.Equal(t, key.ID(), res.KeyID)
			if c.state == Signed {
				require.NotNil(t, res.Key)
				assert.Equal(t, "line 4", res.Key.Label)
				assert.Equal(t, c.statement, res.Statement)
			} else {
				assert.NotEmpty(t, res.Detail)
			}
		})
	}
}

func TestExpiresSoon(t *testing.T) {
	secret, key := newKey(t, "line 4")
	for _, c := range []struct {
		before, warn time.Duration
		want         bool
	}{{31 * 24 * time.Hour, 0, false}, {29 * 24 * time.Hour, 0, true}, {2 * time.Hour, time.Hour, false}, {time.Minute, time.Hour, true}} {
		res := Verify(content, signed(t, secret, washer()), &Check{Kind: Model, Keys: []Key{key}, Now: expires.Add(-c.before), Warn: c.warn})
		require.Equal(t, Signed, res.State, res.Detail)
		assert.Equal(t, c.want, res.ExpiresSoon, c)
	}
}

// TestLenient: with a date that has passed, or cannot be, the file is used and the date is said. Nothing else becomes a warning.
func TestLenient(t *testing.T) {
	secret, key := newKey(t, "line 4")
	for name, c := range map[string]struct {
		now, floor time.Time
		warning    Reason
	}{
		"in time":       {signedAt.AddDate(0, 1, 0), signedAt, ""},
		"expired":       {expires.AddDate(0, 1, 0), signedAt, Expired},
		"clock of 1970": {time.Unix(0, 0), time.Time{}, ClockUnsure},
		"set back":      {signedAt, signedAt.AddDate(0, 2, 0), ClockUnsure},
	} {
		check := &Check{Kind: Model, Keys: []Key{key}, Now: c.now, Floor: c.floor, Lenient: true}
		res := Verify(content, signed(t, secret, washer()), check)
		assert.Equal(t, Signed, res.State, name)
		assert.Equal(t, c.warning, res.Warning, name)
		check.Counter = 8
		assert.Equal(t, OlderCounter, Verify(content, signed(t, secret, washer()), check).Reason, name)
	}
}

func TestFingerprint(t *testing.T) {
	_, a := newKey(t, "a")
	_, b := newKey(t, "b")
	assert.Regexp(t, `^([0-9a-f]{4} ){7}[0-9a-f]{4}$`, a.Fingerprint())
	assert.NotEqual(t, a.Fingerprint(), b.Fingerprint())
	again, err := ParseKey(a.String(), "other label", BuiltIn)
	require.NoError(t, err)
	assert.Equal(t, a.Fingerprint(), again.Fingerprint())
}

func TestUnsigned(t *testing.T) {
	assert.Equal(t, Result{State: Unsigned}, Verify(content, nil, &Check{}))
}

// TestForgeries are signature files that an attacker could try, the forgeries of the key's number among them.
func TestForgeries(t *testing.T) {
	secret, key := newKey(t, "line 4")
	stranger, _ := newKey(t, "stranger")
	check := &Check{Kind: Model, Keys: []Key{key}, Now: signedAt}
	line, err := washer().Comment()
	require.NoError(t, err)
	good := string(signed(t, secret, washer()))
	require.Equal(t, Signed, Verify(content, []byte(good), check).State)

	var s minisign.Signature
	require.NoError(t, s.UnmarshalText(signed(t, stranger, washer())))
	s.KeyID = secret.ID()
	renamed, err := s.MarshalText()
	require.NoError(t, err)
	lines := strings.SplitAfter(good, "\n")
	for name, c := range map[string]struct {
		sig    string
		reason Reason
	}{
		"signed by a stranger":              {string(signed(t, stranger, washer())), UnknownKey},
		"a stranger under our key's number": {string(renamed), Wrong},
		"other statement":                   {strings.Replace(good, "counter=7", "counter=8", 1), Wrong},
		"of another file":                   {string(sign(t, secret, []byte("other"), line)), Wrong},
		"legacy algorithm":                  {string(minisign.SignWithComments(secret, content, line, Untrusted)), Malformed},
		"minisign's own comment":            {string(sign(t, secret, content, "timestamp:1764093600\tfile:a\thashed")), NoStatement},
		"version 2":                         {string(sign(t, secret, content, strings.Replace(line, "anomnet 1", "anomnet 2", 1))), NoStatement},
		"trailing space":                    {string(sign(t, secret, content, line+" ")), NoStatement},
		"counter 07":                        {string(sign(t, secret, content, strings.Replace(line, "counter=7", "counter=07", 1))), NoStatement},
		"date in another zone":              {string(sign(t, secret, content, strings.Replace(line, "18:00:00Z", "19:00:00+01:00", 1))), NoStatement},
		"carriage returns":                  {strings.ReplaceAll(good, "\n", "\r\n"), Malformed},
		"line end in base64":                {lines[0] + lines[1] + lines[2] + lines[3][:10] + "\n" + lines[3][10:], Malformed},
		"no last line end":                  {strings.TrimSuffix(good, "\n"), Malformed},
		"more behind it":                    {good + "\n", Malformed},
		"two lines":                         {lines[0] + lines[1], Malformed},
		"untrusted comment changed":         {strings.Replace(good, "signature from", "signature  from", 1), Malformed},
		"too long":                          {strings.Repeat("x", MaxBytes+1), Malformed},
		"zeros":                             {string(make([]byte, 200)), Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			res := Verify(content, []byte(c.sig), check)
			assert.Equal(t, Refused, res.State)
			assert.Equal(t, c.reason, res.Reason, res.Detail)
		})
	}
}

// TestEveryChangedByteIsRefused makes every change of one bit and 5,000 of one byte to a file and its signature.
func TestEveryChangedByteIsRefused(t *testing.T) {
	secret, key := newKey(t, "line 4")
	check := &Check{Kind: Model, Keys: []Key{key}, Now: signedAt}
	sig := signed(t, secret, washer())
	all := append(bytes.Clone(content), sig...)
	try := func(at int, x byte) {
		all[at] ^= x
		res := Verify(all[:len(content)], all[len(content):], check)
		require.Equal(t, Refused, res.State, "byte %d xor %#x", at, x)
		all[at] ^= x
	}
	for at := range all {
		for bit := range 8 {
			try(at, 1<<bit)
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range 5000 {
		try(rng.IntN(len(all)), byte(1+rng.IntN(255)))
	}
	require.Equal(t, Signed, Verify(content, sig, check).State, "the test has put everything back")
}

func TestStatementLimits(t *testing.T) {
	for name, change := range map[string]func(*Statement){
		"no kind":               func(s *Statement) { s.Kind = "" },
		"unknown kind":          func(s *Statement) { s.Kind = "a b" },
		"counter 0":             func(s *Statement) { s.Counter = 0 },
		"no date":               func(s *Statement) { s.Date = time.Time{} },
		"expired when signed":   func(s *Statement) { s.Expires = s.Date },
		"year 10000":            func(s *Statement) { s.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"model without a name":  func(s *Statement) { s.Name = "" },
		"catalogue with a name": func(s *Statement) { s.Kind = Catalogue },
		"line end":              func(s *Statement) { s.Name = "a\nb" },
		"tab":                   func(s *Statement) { s.Name = "a\tb" },
		"right to left mark":    func(s *Statement) { s.Name = "a\u202eb" },
		"not UTF-8":             func(s *Statement) { s.Name = "a\xffb" },
		"space at the end":      func(s *Statement) { s.Name = "a " },
		"too long":              func(s *Statement) { s.Name = strings.Repeat("a", maxNameBytes+1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := washer()
			change(&s)
			_, err := s.Comment()
			assert.Error(t, err)
		})
	}
}

func TestParseKey(t *testing.T) {
	_, key := newKey(t, "a")
	file := "untrusted comment: minisign public key " + key.ID() + "\n" + key.String() + "\n"
	again, err := ParseKey(file, "b", BuiltIn)
	require.NoError(t, err)
	assert.Equal(t, key.String(), again.String())
	assert.Equal(t, "b", again.Label)
	for name, text := range map[string]string{"empty": "", "cut": key.String()[:40], "secret key": "RWRTY0Iyxxxx", "long": strings.Repeat("A", MaxBytes+1)} {
		_, err := ParseKey(text, "b", BuiltIn)
		assert.Error(t, err, name)
	}
	_, err = ParseKey(file, "a\nb", BuiltIn)
	assert.Error(t, err)
}

// TestFilesOfMinisign reads what the C program wrote (testdata/README.md).
func TestFilesOfMinisign(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		return data
	}
	key, err := ParseKey(string(read("minisign.pub")), "C", BuiltIn)
	require.NoError(t, err)
	check := &Check{Kind: Model, Keys: []Key{key}, Now: signedAt}
	res := Verify(read("file"), read("file.minisig"), check)
	assert.Equal(t, Signed, res.State, res.Detail)
	assert.Equal(t, washer(), res.Statement)
	assert.Equal(t, NoStatement, Verify(read("file"), read("plain.minisig"), check).Reason)
	assert.Equal(t, Malformed, Verify(read("file"), read("legacy.minisig"), check).Reason)
}

func FuzzVerify(f *testing.F) {
	secret, key := newKey(f, "line 4")
	good := signed(f, secret, washer())
	f.Add(good)
	f.Add(sign(f, secret, content, "timestamp:1764093600\tfile:a\thashed"))
	f.Add(minisign.SignWithComments(secret, content, "x", Untrusted))
	check := &Check{Kind: Model, Keys: []Key{key}, Now: signedAt}
	f.Fuzz(func(t *testing.T, sig []byte) {
		if res := Verify(content, sig, check); res.State == Signed && !bytes.Equal(sig, good) {
			t.Fatalf("accepted %q", sig)
		}
	})
}

func FuzzStatement(f *testing.F) {
	line, err := washer().Comment()
	require.NoError(f, err)
	f.Add(line)
	f.Add("anomnet 1 catalogue counter=1 date=2026-11-25T18:00:00Z expires=never")
	f.Fuzz(func(t *testing.T, line string) {
		s, err := ParseStatement(line)
		if err != nil {
			return
		}
		again, err := s.Comment()
		if err != nil || again != line {
			t.Fatalf("%q became %q, %v", line, again, err)
		}
	})
}

// FuzzParseKey: a public key that is read is written in one line that is the same key.
func FuzzParseKey(f *testing.F) {
	_, key := newKey(f, "line 4")
	f.Add(key.String())
	f.Add("untrusted comment: minisign public key\n" + key.String() + "\n")
	f.Add("untrusted comment: minisign encrypted secret key\nRWRTY0IyAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text, "a", FromUser)
		if err != nil {
			return
		}
		again, err := ParseKey(k.String(), "a", FromUser)
		if err != nil || again.String() != k.String() || again.ID() != k.ID() || again.Fingerprint() != k.Fingerprint() {
			t.Fatalf("%q became %q, %v", text, k.String(), err)
		}
	})
}
