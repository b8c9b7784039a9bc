package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
)

var update = flag.Bool("update", false, "write testdata again")

func digest(pair string) string { return strings.Repeat(pair, 32) }

// noon is 4 May 2026 in Berlin.
func noon(minutes int) Time { return Time{1777896000000 + 60_000*int64(minutes), 120} }

// example has a record of every sort.
func example() *Batch {
	return &Batch{
		Header: Header{Part: "Bracket <v3>", HeadSHA256: digest("ab"), BackboneSHA256: digest("cd"), Software: "anomnet 0.1", Tier: "generic",
			Operator: "Eva Müller", Limit: 40, Review: 32.5, FalseRejectRate: 0.01, Promised: true, Calibration: 120, Started: noon(0), Ended: noon(90)},
		Records: []Record{
			{Path: "good/001.png", Time: noon(1), Label: Good, Verdict: calibrate.OK, Raw: 20.125, Limit: 40, Review: 32.5, PValue: 0.5, SHA256: digest("01"), Width: 640, Height: 480},
			{Path: "=cmd|' /C calc'!A0", Time: noon(61), Label: Defect, Verdict: calibrate.NG, Raw: 0.1 + 54, Limit: 40, Review: 32.5, PValue: 1.0 / 121,
				SHA256: digest("02"), Width: 640, Height: 480, Regions: []Region{{120, 0.000390625}, {7, 0.25}}},
			{Path: "<script>alert(1)</script>, \"x\"", Time: noon(62), Verdict: calibrate.Review, Raw: 33, Limit: 40, Review: 32.5, PValue: 3.0 / 121, SHA256: digest("03"),
				Width: 1, Height: 1, Override: &Override{Verdict: calibrate.OK, Reason: "-dust; wiped off\nagain", Operator: "+Eva", Time: noon(70)}},
			{Path: "cut.png", Time: noon(63), SHA256: digest("04"), Err: &Failure{"corrupt", "imaging: corrupt at 7: short", "copy it again"}},
			{Path: "gone.png", Err: &Failure{Code: "unreadable", Message: "no such file"}},
			{Path: "zero.png", Verdict: calibrate.OK, Limit: 40, Review: 32.5, PValue: 1, SHA256: digest("05"), Width: 2, Height: 3},
		},
	}
}

// golden compares with a file of testdata. go test ./core/report -update writes it again.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), name)
}

func TestJSONRoundTrip(t *testing.T) {
	b := example()
	text, err := JSON(b)
	require.NoError(t, err)
	golden(t, "batch.json", text)
	require.True(t, json.Valid(text))
	got, err := Parse(text)
	require.NoError(t, err)
	assert.Equal(t, b, got)
	var loose any
	require.NoError(t, json.Unmarshal(text, &loose))
	other, err := json.MarshalIndent(loose, "", "  ") // keys in another order, with white space
	require.NoError(t, err)
	got, err = Parse(other)
	require.NoError(t, err)
	assert.Equal(t, b, got)
	empty, err := JSON(&Batch{Header: b.Header})
	require.NoError(t, err)
	got, err = Parse(empty)
	require.NoError(t, err)
	assert.Empty(t, got.Records)
}

func TestJSONRoundTripOfRandomScores(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b := &Batch{Header: example().Header}
	for range 2000 {
		r := example().Records[0]
		r.Limit = math.Float32frombits(rng.Uint32()&0x7fffffff | 1)
		if !(r.Limit <= math.MaxFloat32) {
			continue
		}
		r.Review, r.Raw, r.PValue = r.Limit*rng.Float32(), r.Limit*2*rng.Float32(), rng.Float64()
		r.Verdict = (&calibrate.Calibration{Limit: r.Limit, Review: r.Review}).Verdict(r.Raw)
		if r.Validate() == nil {
			b.Records = append(b.Records, r)
		}
	}
	require.Greater(t, len(b.Records), 1500)
	text, err := JSON(b)
	require.NoError(t, err)
	got, err := Parse(text)
	require.NoError(t, err)
	assert.Equal(t, b, got)
}

func TestLine(t *testing.T) {
	line, err := example().Records[5].Line()
	require.NoError(t, err)
	assert.Equal(t, `{"path":"zero.png","verdict":"OK","raw":0,"limit":40,"review":32.5,"ratio":0,"raw_bits":0,"p_value":1,"sha256":"`+digest("05")+`","width":2,"height":3}`, string(line))
	_, err = (&Record{Path: "x"}).Line()
	assert.ErrorContains(t, err, "limit 0 and review 0")
	line, err = (&Record{Path: "\xff.png", Err: &Failure{Code: "empty"}}).Line()
	require.NoError(t, err)
	assert.Contains(t, string(line), `"path":"`+"\ufffd"+`.png"`)
}

func TestParseNamesFieldAndOffset(t *testing.T) {
	text, err := JSON(example())
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, says string }{
		"no JSON":            {`{"anomnet_report"`, `{anomnet_report"`, "offset 2:"},
		"not UTF-8":          {"Müller", "M\xfcller", "offset @\xfc: not UTF-8"},
		"trailing":           {"]}\n", "]}\n7", "invalid character"},
		"version":            {`"anomnet_report":1`, `"anomnet_report":2`, "offset 0: anomnet_report: version 2, want 1"},
		"version as text":    {`"anomnet_report":1`, `"anomnet_report":"1"`, "field anomnet_report: offset 18: want a whole number"},
		"no version":         {`"anomnet_report":1,`, ``, "field anomnet_report is missing"},
		"unknown at top":     {`{"anomnet_report"`, `{"x":1,"anomnet_report"`, `offset 5: key "x" is unknown here`},
		"unknown in header":  {`"part":`, `"colour":1,"part":`, `key "header.colour" is unknown here`},
		"unknown in record":  {`"width":2,`, `"width":2,"Width":2,`, `key "records[5].Width" is unknown here`},
		"repeated":           {`"width":2,`, `"width":2,"\u0077idth":2,`, `field records[5]: offset `},
		"missing":            {`"width":2,`, ``, "field records[5].width is missing in the object at offset "},
		"records no list":    {`"records":[`, `"records":{"a":[`, "offset"},
		"header no object":   {`"promised":true`, `"promised":null`, "field header.promised: offset @null: want true or false"},
		"number as text":     {`"review":32.5,"false`, `"review":"32.5","false`, "field header.review"},
		"too large a float":  {`"limit":40,"review":32.5,"false`, `"limit":1e39,"review":32.5,"false`, "field header.limit: offset @1e39: 1e39 is out of range"},
		"digest":             {digest("cd"), strings.ToUpper(digest("cd")), "field header: offset 29: backbone_sha256"},
		"time":               {"2026-05-04T14:01:00.000+02:00", "2026-05-04T14:01:00+02:00", `field records[0]: offset @{"path":"good/001: time: time "2026-05-04T14:01:00+02:00"`},
		"time zone":          {"2026-05-04T14:01:00.000+02:00", "2026-05-04T12:01:00.000Z", "time: time"},
		"bits":               {`"raw_bits":0`, `"raw_bits":1`, "field records[5]: offset"},
		"ratio":              {`"ratio":0,`, `"ratio":0.5,`, "ratio 0.5, but raw / limit is 0"},
		"raw":                {`"raw":20.125`, `"raw":20.25`, "raw_bits 1101070336, but raw 20.25 has 1101135872"},
		"verdict":            {`"verdict":"REVIEW","raw"`, `"verdict":"OK","raw"`, `verdict "OK", but raw 33 with review 32.5 and limit 40 is REVIEW`},
		"p-value":            {`"p_value":0.5`, `"p_value":1.5`, "p_value 1.5 is not in 0..1"},
		"label":              {`"label":"good"`, `"label":"fine"`, `label "fine" is neither`},
		"negative":           {`"width":2,`, `"width":-2,`, "width: -2 is not in 0.."},
		"no size":            {`"width":2,`, `"width":0,`, "width and height 0 x 3"},
		"error and verdict":  {`"error":{"code":"corrupt"`, `"verdict":"OK","error":{"code":"corrupt"`, `key "records[3].verdict" is unknown here`},
		"error without code": {`"code":"unreadable"`, `"code":""`, "error has no code"},
		"long path":          {`zero.png`, strings.Repeat("x", MaxPath+1), "path has 16385 bytes"},
		"long reason":        {`-dust`, strings.Repeat("x", MaxText+1), "override: reason has"},
		"share":              {`"share":0.25`, `"share":2`, "regions[1]: area 7, share 2"},
		"deep":               {`"part":`, `"deep":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `,"part":`, "depth"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, string(text), c.old)
			changed := strings.Replace(string(text), c.old, c.new, 1)
			says := c.says
			if before, rest, ok := strings.Cut(says, "@"); ok { // @text: is the place of text
				at, after, _ := strings.Cut(rest, ": ")
				says = fmt.Sprintf("%s%d: %s", before, strings.Index(changed, at), after)
			}
			_, err := Parse([]byte(changed))
			assert.ErrorContains(t, err, says)
			assert.ErrorContains(t, err, "report: ")
		})
	}
	_, err = Parse(make([]byte, MaxBytes+1))
	assert.ErrorContains(t, err, "want at most")
	many := append(bytes.TrimSuffix(text, []byte("\n]}\n")), bytes.Repeat([]byte(",{}"), MaxRecords)...)
	_, err = Parse(append(many, "]}"...))
	assert.ErrorContains(t, err, "more than 100000 entries")
}

func TestCSV(t *testing.T) {
	golden(t, "batch.csv", CSV(example(), nil))
	text := CSV(example(), &CSVOptions{BOM: true})
	assert.Equal(t, "\ufeffpath,verdict,", string(text[:16]))
	rows, err := csv.NewReader(bytes.NewReader(CSV(example(), nil))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 7)
	assert.Equal(t, Columns(), rows[0])
	cell := func(row int, name string) string {
		for i, c := range Columns() {
			if c == name {
				return rows[row][i]
			}
		}
		t.Fatal(name)
		return ""
	}
	assert.Equal(t, "'=cmd|' /C calc'!A0", cell(2, "path"))
	assert.Equal(t, []string{"54.1", "127", "0.250390625", "0.25"}, []string{cell(2, "raw"), cell(2, "region_area"), cell(2, "region_share"), cell(2, "region_largest_share")})
	assert.Equal(t, []string{"REVIEW", "OK", "'-dust; wiped off\nagain", "'+Eva"},
		[]string{cell(3, "verdict"), cell(3, "final"), cell(3, "override_reason"), cell(3, "override_operator")})
	assert.Equal(t, []string{"", "corrupt: imaging: corrupt at 7: short", ""}, []string{cell(4, "verdict"), cell(4, "error"), cell(4, "raw")})
	assert.Equal(t, []string{"", "0"}, []string{cell(6, "time"), cell(6, "raw")})
	for row := 1; row < len(rows); row++ {
		assert.Equal(t, []string{"Bracket <v3>", digest("ab"), "0.01"}, []string{cell(row, "part"), cell(row, "head_sha256"), cell(row, "false_reject_rate")})
	}
}

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+a": "'+a", "-a": "'-a", "@a": "'@a", "\ta": "'\ta", "\ra": "'\ra", "\na": "'\na", "＝a": "'＝a", "a=b": "a=b", "": "", "'=": "'=", "é": "é",
	} {
		assert.Equal(t, want, Harmless(in))
	}
}

func TestTime(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		zone = time.FixedZone("", 345*60)
	}
	at := At(time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, zone))
	assert.Equal(t, "2026-01-02T03:04:05.678+05:45", at.String())
	got, err := ParseTime(at.String())
	require.NoError(t, err)
	assert.Equal(t, at, got)
	for _, s := range []string{"", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05,678+05:45", "2026-01-02T03:04:05.6789+05:45", "2026-02-30T03:04:05.678+05:45",
		"1969-01-02T03:04:05.678+05:45", "2026-01-02T03:04:05.678+15:00", "2026-01-02T03:04:05.678-00:00", "99999-01-02T03:04:05.678+05:45"} {
		_, err := ParseTime(s)
		assert.Error(t, err, s)
	}
}

func TestLabelOf(t *testing.T) {
	for path, want := range map[string]Label{
		"good/1.png": Good, "x/OK/1.png": Good, `C:\parts\NG\1.png`: Defect, "defect/good/1.png": Good, "good/defects/1.png": Defect, "test/scratch/1.png": Defect,
		"candle/Images/Normal/1.JPG": Good, "candle/Images/Anomaly/1.JPG": Defect, "01/ko/1.bmp": Defect, "test/good/1.png": Good, "test/1.png": "", "good.png": "", "1.png": "", "goods/1.png": "", "/data/Good/batch 2/1.png": Good,
	} {
		assert.Equal(t, want, LabelOf(path), path)
	}
}

// TestListsAreBounded: more records or regions than the limits are refused, written or read.
func TestListsAreBounded(t *testing.T) {
	b := example()
	text, err := JSON(b)
	require.NoError(t, err)
	at := bytes.Index(text, []byte(`"regions":[{`))
	require.Positive(t, at)
	one := text[at+len(`"regions":[`):]
	one = one[:bytes.IndexByte(one, '}')+1]
	many := bytes.Repeat(append(bytes.Clone(one), ','), MaxRegions)
	_, err = Parse(slices.Concat(text[:at+len(`"regions":[`)], many, text[at+len(`"regions":[`):]))
	assert.ErrorContains(t, err, "1000")
	_, err = Parse([]byte(`{"anomnet_report":1,"records":[` + strings.Repeat("{},", MaxRecords) + `{}]}`))
	assert.Error(t, err)
}

// FuzzParse: what is accepted is written and read again without a difference.
func FuzzParse(f *testing.F) {
	text, err := JSON(example())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"anomnet_report":1,"header":{},"records":[]}`))
	f.Add([]byte(`{"anomnet_report":1,"records":[{"path":"a","error":{"code":"x","message":"","hint":""}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data)
		if err != nil {
			return
		}
		text, err := JSON(b)
		require.NoError(t, err)
		again, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, b, again)
		_, err = HTML(b, &HTMLOptions{Words: keys{}})
		require.NoError(t, err)
	})
}

// FuzzCSV: encoding/csv reads back every text, but for line ends, which it turns into "\n", and no cell begins like a formula.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a.png", "=1+1", `"`, ",", "a\r\nb", "\r", " x ", "\xff", ";=1", "\t-1", "ü"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, path, reason string) {
		b := example()
		b.Records = b.Records[2:3]
		b.Records[0].Path, b.Records[0].Override.Reason = path, reason
		rows, err := csv.NewReader(bytes.NewReader(CSV(b, nil))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		lines := func(s string) string {
			return strings.ReplaceAll(Harmless(strings.ToValidUTF8(s, "\ufffd")), "\r\n", "\n")
		}
		require.Equal(t, lines(path), rows[1][0])
		require.Equal(t, lines(reason), rows[1][19])
		for i, cell := range rows[1] {
			require.NotContains(t, "=+-@\t\r\n", (cell + "x")[:1], Columns()[i])
		}
	})
}

func BenchmarkParse(b *testing.B) {
	batch := &Batch{Header: example().Header}
	for range 10_000 {
		batch.Records = append(batch.Records, example().Records[1])
	}
	text, err := JSON(batch)
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
