package jsontext

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":                        `""`,
		"Größe <b>&\u2028":        "\"Größe <b>&\u2028\"",
		"a\"b\\c/d":               `"a\"b\\c/d"`,
		"\b\f\n\r\t\x00\x1f":      `"\b\f\n\r\t\u0000\u001f"`,
		"\xff":                    "\"\ufffd\"",
		"\x7f":                    "\"\x7f\"",
		"\U0001F600 \u65E5\u672C": "\"\U0001F600 日本\"",
	} {
		assert.Equal(t, want, string(AppendString(nil, in)), "%q", in)
	}
}

// TestAppendFloat has numbers of RFC 8785, appendix B.
func TestAppendFloat(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0x4340000000000000: "9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001", 0x41b3de4355555553: "333333333.3333332",
	} {
		assert.Equal(t, want, string(AppendFloat(nil, math.Float64frombits(bits), 64)))
	}
	assert.Equal(t, "0.1", string(AppendFloat(nil, float64(float32(0.1)), 32)))
}

func TestAppendFloatReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		v := math.Float32frombits(rng.Uint32())
		if v != v || math.IsInf(float64(v), 0) {
			continue
		}
		text := AppendFloat(nil, float64(v), 32)
		require.NoError(t, Check(text))
		got, err := Value{Raw: text}.Number(32)
		require.NoError(t, err)
		assert.Equal(t, v, float32(got))
	}
}

func TestSplit(t *testing.T) {
	text := ` { "a" : [ 1, -2.5e3 , {"x":"]}\""} , [] ] , "\u0062\"":true,"c":null }`
	require.NoError(t, Check([]byte(text)))
	members, err := Split(Value{Raw: []byte(text[1:]), At: 1}, '{', 3)
	require.NoError(t, err)
	require.Len(t, members, 3)
	for i, want := range []struct{ key, raw string }{{"a", `[ 1, -2.5e3 , {"x":"]}\""} , [] ]`}, {`b"`, "true"}, {"c", "null"}} {
		assert.Equal(t, want.key, members[i].Key)
		assert.Equal(t, want.raw, string(members[i].Raw))
		assert.Equal(t, want.raw, text[members[i].At:members[i].At+len(want.raw)])
	}
	elements, err := Split(members[0], '[', 4)
	require.NoError(t, err)
	var raw []string
	for _, e := range elements {
		raw = append(raw, string(e.Raw))
	}
	assert.Equal(t, []string{"1", "-2.5e3", `{"x":"]}\""}`, "[]"}, raw)
	for text, says := range map[string]string{
		`{"a":1,"b":2,"\u0061":3}`: `offset 13: key "a" is repeated`, `[1]`: "offset 0: want an object", `{"a":1,"b":2,"c":3,"d":4}`: "offset 19: more than 3",
	} {
		_, err := Split(Value{Raw: []byte(text)}, '{', 3)
		assert.ErrorContains(t, err, says)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		raw  string
		read func(Value) (any, error)
		want any
		says string
	}{
		{`"a\n"`, func(v Value) (any, error) { return v.Text() }, "a\n", ""},
		{`1`, func(v Value) (any, error) { return v.Text() }, "", "want a text"},
		{`1.5`, func(v Value) (any, error) { return v.Number(64) }, 1.5, ""},
		{`1e999`, func(v Value) (any, error) { return v.Number(64) }, 0.0, "1e"},
		{`1e39`, func(v Value) (any, error) { return v.Number(32) }, 0.0, "1e"},
		{`"1"`, func(v Value) (any, error) { return v.Number(64) }, 0.0, "want a number"},
		{`null`, func(v Value) (any, error) { return v.Number(64) }, 0.0, "want a number"},
		{`-12`, func(v Value) (any, error) { return v.Int() }, int64(-12), ""},
		{`1.0`, func(v Value) (any, error) { return v.Int() }, int64(0), "want a whole number"},
		{`true`, func(v Value) (any, error) { return v.Bool() }, true, ""},
		{`0`, func(v Value) (any, error) { return v.Bool() }, false, "want true or false"},
	} {
		got, err := c.read(Value{Raw: []byte(c.raw), At: 7})
		if c.says == "" {
			require.NoError(t, err, c.raw)
		} else {
			assert.ErrorContains(t, err, "offset 7: "+c.says, c.raw)
		}
		assert.Equal(t, c.want, got, c.raw)
	}
}

func TestCheck(t *testing.T) {
	for text, says := range map[string]string{
		"": "offset 0", "{": "offset 1", `{"a":1} 2`: "offset 9", "\"a\xffb\"": "offset 2: not UTF-8", "[1,]": "offset 4", "nul": "offset",
		strings.Repeat("[", 20_000): "offset", "01": "offset 2",
	} {
		assert.ErrorContains(t, Check([]byte(text)), says, "%.20q", text)
	}
	for _, text := range []string{"1", "null", `"a"`, "[]", "{}", " true "} {
		assert.NoError(t, Check([]byte(text)))
	}
}

// FuzzSplit: what encoding/json takes apart, Split takes apart in the same way.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\"]"}],"c":null}`, "[]", "[[],{},\"\\\\\",1e5]", "{\"\\ud800\":1}", "[1 , 2\n]", "7"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if Check(data) != nil {
			return
		}
		require.True(t, json.Valid(data))
		v := Whole(data)
		if list, err := Split(v, '[', 1<<20); err == nil {
			var want []json.RawMessage
			require.NoError(t, json.Unmarshal(data, &want))
			require.Len(t, list, len(want))
			for i := range want {
				require.Equal(t, string(want[i]), string(list[i].Raw))
			}
		}
		if list, err := Split(v, '{', 1<<20); err == nil {
			var want map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(data, &want))
			require.Len(t, list, len(want), fmt.Sprint(list))
			for _, m := range list {
				require.Equal(t, string(want[m.Key]), string(m.Raw))
				require.Equal(t, string(m.Raw), string(data[m.At:m.At+len(m.Raw)]))
			}
		}
	})
}
