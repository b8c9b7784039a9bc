package catalogue

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/signature"
)

var signedAt = time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)

// built returns an index of two files, the second of three chunks, and the files' chunks.
func built(t testing.TB) (*Catalogue, [][][]byte) {
	t.Helper()
	large := make([]byte, 2*ChunkBytes+5)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(large)
	c := &Catalogue{Counter: 3, Date: signedAt}
	var chunks [][][]byte
	for i, data := range [][]byte{[]byte("a head"), large} {
		m := Model{Name: []string{"a.anomnet", "b.anomnet"}[i], Part: `Washer "A"`, Digest: Digest([]byte{byte(i)})}
		chunks = append(chunks, m.Split(data))
		c.Models = append(c.Models, m)
	}
	c.Models[0].Backbone = c.Models[1].Digest
	c.Models[0].Signature = Digest([]byte("sig"))
	c.Head, c.Backbone = Blob(c.Models[0].SHA256), Blob(c.Models[1].SHA256)
	return c, chunks
}

func encoded(t testing.TB, c *Catalogue) []byte {
	t.Helper()
	data, err := c.Encode()
	require.NoError(t, err)
	return data
}

func TestEncodeDecode(t *testing.T) {
	c, chunks := built(t)
	again, err := Decode(encoded(t, c))
	require.NoError(t, err)
	assert.Equal(t, c, again)
	for i := range again.Models {
		data, err := again.Models[i].Join(chunks[i])
		require.NoError(t, err)
		assert.Len(t, data, int(c.Models[i].Size))
	}
	assert.Len(t, c.Models[1].Chunks, 3)
	_, err = Decode(encoded(t, &Catalogue{Counter: 1, Date: signedAt}))
	assert.NoError(t, err, "no models")
}

// TestEncodeRefusesWhatDecodeDoes: systems take any bytes for the name of a file.
func TestEncodeRefusesWhatDecodeDoes(t *testing.T) {
	for _, set := range []func(*Model){func(m *Model) { m.Name = "b\xff.anomnet" }, func(m *Model) { m.Part = "M\xfctter" }} {
		c, _ := built(t)
		set(&c.Models[1])
		_, err := c.Encode()
		assert.ErrorContains(t, err, "not UTF-8")
	}
}

func TestChunks(t *testing.T) {
	c, chunks := built(t)
	m, parts := &c.Models[1], chunks[1]
	changed := bytes.Clone(parts[2])
	changed[4]++
	for name, got := range map[string][][]byte{
		"half downloaded": {parts[0], parts[1], parts[2][:3]}, "changed": {parts[0], parts[1], changed}, "one missing": parts[:2], "two swapped": {parts[1], parts[0], parts[2]},
		"none": nil, "one too many": {parts[0], parts[1], parts[2], nil},
	} {
		_, err := m.Join(got)
		assert.ErrorIs(t, err, ErrChunk, name)
	}
	assert.ErrorIs(t, m.CheckChunk(3, nil), ErrChunk)
	assert.ErrorIs(t, m.CheckChunk(-1, nil), ErrChunk)
	m.SHA256 = Digest(nil)
	_, err := m.Join(parts)
	assert.ErrorIs(t, err, ErrChunk, "an index whose digests disagree")
}

func TestDecodeRefuses(t *testing.T) {
	c, _ := built(t)
	good := string(encoded(t, c))
	digest := c.Models[0].SHA256
	for name, text := range map[string]string{
		"empty": "", "null": "null", "a list": "[]", "not UTF-8": "\xff", "cut": good[:len(good)/2], "today's index": `{"backbone":"a","head":"b"}`,
		"version 2":           strings.Replace(good, `"version":1`, `"version":2`, 1),
		"counter 0":           strings.Replace(good, `"counter":3`, `"counter":0`, 1),
		"counter -1":          strings.Replace(good, `"counter":3`, `"counter":-1`, 1),
		"counter 3.0":         strings.Replace(good, `"counter":3`, `"counter":3.0`, 1),
		"counter as text":     strings.Replace(good, `"counter":3`, `"counter":"3"`, 1),
		"repeated key":        strings.Replace(good, `"counter":3`, `"counter":3,"counter":3`, 1),
		"unknown key":         strings.Replace(good, `"counter":3`, `"counter":3,"x":1`, 1),
		"key in another case": strings.Replace(good, `"counter"`, `"Counter"`, 1),
		"white space":         strings.Replace(good, `"counter":3`, `"counter": 3`, 1),
		"escape":              strings.Replace(good, `"a.anomnet"`, `"\u0061.anomnet"`, 1),
		"date in a zone":      strings.Replace(good, "18:00:00Z", "19:00:00+01:00", 1),
		"head not listed":     strings.Replace(good, `"head":"sha256/`, `"head":"../`, 1),
		"digest in capitals":  strings.ReplaceAll(good, digest, strings.ToUpper(digest)),
		"digest cut":          strings.ReplaceAll(good, digest, digest[:63]),
		"names equal":         strings.Replace(good, `"b.anomnet"`, `"a.anomnet"`, 1),
		"size 0":              strings.Replace(good, `"size":6`, `"size":0`, 1),
		"size beyond limits":  strings.Replace(good, `"size":6`, `"size":99999999999`, 1),
		"more behind":         good + " ",
		"too long":            strings.Repeat(" ", MaxBytes) + good,
		"deep":                strings.Repeat("[", 100000),
	} {
		_, err := Decode([]byte(text))
		assert.ErrorIs(t, err, ErrMalformed, name)
	}
}

// sign returns the signature file of data.
func sign(t testing.TB, key minisign.PrivateKey, s signature.Statement, data []byte) []byte {
	t.Helper()
	line, err := s.Comment()
	require.NoError(t, err)
	r := minisign.NewReader(bytes.NewReader(data))
	_, err = new(bytes.Buffer).ReadFrom(r)
	require.NoError(t, err)
	return r.SignWithComments(key, line, signature.Untrusted)
}

func newKey(t testing.TB) (minisign.PrivateKey, signature.Key) {
	t.Helper()
	pub, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	key, err := signature.ParseKey(pub.String(), "test", signature.BuiltIn)
	require.NoError(t, err)
	return secret, key
}

func TestOpen(t *testing.T) {
	secret, key := newKey(t)
	c, _ := built(t)
	index := encoded(t, c)
	statement := signature.Statement{Kind: signature.Catalogue, Counter: 3, Date: signedAt}
	check := &signature.Check{Kind: signature.Catalogue, Keys: []signature.Key{key}, Now: signedAt}

	got, res := Open(index, sign(t, secret, statement, index), check)
	assert.Equal(t, signature.Signed, res.State, res.Detail)
	assert.Equal(t, c, got)
	got, res = Open(index, nil, check)
	assert.Equal(t, signature.Unsigned, res.State)
	assert.Equal(t, c, got)

	other := statement
	other.Counter = 4
	for name, res := range map[string]signature.Result{
		"counter of the signature": second(Open(index, sign(t, secret, other, index), check)),
		"signed, but no index":     second(Open([]byte("{}"), sign(t, secret, statement, []byte("{}")), check)),
		"unsigned, and no index":   second(Open([]byte("{}"), nil, check)),
		"too long":                 second(Open(make([]byte, MaxBytes+1), nil, check)),
	} {
		assert.Equal(t, signature.Refused, res.State, name)
		assert.Equal(t, signature.Malformed, res.Reason, name)
	}
}

func second(c *Catalogue, res signature.Result) signature.Result {
	if c != nil && res.State == signature.Refused {
		panic("a catalogue came with a refusal")
	}
	return res
}

// TestEveryChangedByteIsRefused makes 10,000 random changes of one byte to a model, its signature, the index that names it, the
// index's signature, a policy and its signature, as a client would take them from a server; 1,000 as wasm, where the same takes half a minute. The seed is fixed.
func TestEveryChangedByteIsRefused(t *testing.T) {
	secret, key := newKey(t)
	model, err := os.ReadFile("../../assets/models/default.anomnet")
	require.NoError(t, err)
	m := Model{Name: "washer.anomnet", Part: "Washer", Digest: Digest([]byte("d"))}
	m.Split(model)
	modelSig := sign(t, secret, signature.Statement{Kind: signature.Model, Counter: 1, Date: signedAt, Name: "Washer"}, model)
	m.Signature = Digest(modelSig)
	index := encoded(t, &Catalogue{Counter: 3, Date: signedAt, Head: Blob(m.SHA256), Models: []Model{m}})
	indexSig := sign(t, secret, signature.Statement{Kind: signature.Catalogue, Counter: 3, Date: signedAt}, index)

	keys := []signature.Key{key}
	accepted := func() bool {
		c, res := Open(index, indexSig, &signature.Check{Kind: signature.Catalogue, Keys: keys, Now: signedAt})
		if res.State != signature.Signed {
			return false
		}
		data, err := c.Models[0].Join([][]byte{model})
		if err != nil || Digest(modelSig) != c.Models[0].Signature {
			return false
		}
		return signature.Verify(data, modelSig, &signature.Check{Kind: signature.Model, Name: "Washer", Keys: keys, Now: signedAt}).State == signature.Signed
	}
	// The model without an index, as it is dropped on the page.
	acceptedAlone := func() bool {
		return signature.Verify(model, modelSig, &signature.Check{Kind: signature.Model, Keys: keys, Now: signedAt}).State == signature.Signed
	}
	policy := []byte("{\n\"version\":1,\n\"signed_only\":true,\n\"parts\":[\"Washer\"]\n}\n")
	policySig := sign(t, secret, signature.Statement{Kind: signature.Policy, Counter: 2, Date: signedAt}, policy)
	acceptedPolicy := func() bool {
		return signature.Verify(policy, policySig, &signature.Check{Kind: signature.Policy, Keys: keys, Now: signedAt, Lenient: true}).State == signature.Signed
	}
	require.True(t, accepted() && acceptedAlone() && acceptedPolicy())
	rng := rand.New(rand.NewPCG(9, 9))
	type file struct {
		name  string
		data  []byte
		tests []func() bool
	}
	files := []file{{"model", model, []func() bool{accepted, acceptedAlone}}, {"model's signature", modelSig, []func() bool{accepted, acceptedAlone}},
		{"index", index, []func() bool{accepted}}, {"index's signature", indexSig, []func() bool{accepted}},
		{"policy", policy, []func() bool{acceptedPolicy}}, {"policy's signature", policySig, []func() bool{acceptedPolicy}}}
	refused := map[string]int{}
	changes := 10000
	if runtime.GOARCH == "wasm" {
		changes = 1000
	}
	for i := range changes {
		f := files[i%len(files)]
		at, x := rng.IntN(len(f.data)), byte(1+rng.IntN(255))
		f.data[at] ^= x
		for way, accepted := range f.tests {
			require.False(t, accepted(), "%s, byte %d xor %#x, way %d", f.name, at, x, way)
		}
		f.data[at] ^= x
		refused[f.name]++
	}
	t.Logf("refused: %v", refused)
	require.True(t, accepted() && acceptedAlone() && acceptedPolicy(), "the test has put everything back")
}

// TestManyModels: an index with more models than the limit is refused.
func TestManyModels(t *testing.T) {
	c, _ := built(t)
	text := encoded(t, c)
	at := bytes.Index(text, []byte(`"models":[`)) + len(`"models":[`)
	require.Greater(t, at, 20)
	_, err := Decode(slices.Concat(text[:at], bytes.Repeat([]byte("{},"), MaxModels), text[at:]))
	require.Error(t, err)
	require.Contains(t, err.Error(), "5000")
}

func FuzzDecode(f *testing.F) {
	c, _ := built(f)
	f.Add(encoded(f, c))
	f.Add([]byte(`{"backbone":"a","head":"b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		if again, err := c.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q became %q, %v", data, again, err)
		}
	})
}
