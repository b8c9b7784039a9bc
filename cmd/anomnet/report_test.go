package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/audit/payload"
	"anomnet/core/model"
	"anomnet/core/report"
)

func TestScoreReport(t *testing.T) {
	data, head := washers(t)
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.png")
	require.NoError(t, os.WriteFile(cut, readFile(t, filepath.Join(data, "test", "good", "000.png"))[:300], 0o644))
	args := []string{"score", "--model", head, "--operator", "Eva", filepath.Join(data, "test"), cut, "--report"}

	code, lines, stderr := cli(t, append(args, filepath.Join(dir, "r.json"), "--json")...)
	require.Equal(t, exitFailed, code, stderr)
	b, err := report.Parse(readFile(t, filepath.Join(dir, "r.json")))
	require.NoError(t, err)
	f, err := model.Decode(readFile(t, head))
	require.NoError(t, err)
	h, c := b.Header, f.Head.Calibration
	assert.Equal(t, []any{"Washer", f.Digest, f.Head.BackboneDigest, model.Software, "Eva", c.Limit, c.Review, 0.1, len(c.Scores)},
		[]any{h.Part, h.HeadSHA256, h.BackboneSHA256, h.Software, h.Operator, h.Limit, h.Review, h.FalseRejectRate, h.Calibration})
	assert.LessOrEqual(t, h.Started.Milli, h.Ended.Milli)
	require.Len(t, b.Records, 9)
	assert.Equal(t, 1, report.Tally(b.Records).Failed)
	table := report.Confuse(b.Records)
	assert.Equal(t, []int{3, 5}, []int{table.Good.Inspected(), table.Defect.Inspected()}, "labels from the folders")
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		r := b.Records[i]
		assert.True(t, r.Time.Milli >= h.Started.Milli && r.Time.Milli <= h.Ended.Milli)
		r.Time = report.Time{}
		want, err := r.Line()
		require.NoError(t, err)
		assert.Equal(t, string(want), line, "stdout has the same records, without time")
	}

	code, stdout, _ := cli(t, append(args, filepath.Join(dir, "r.csv"), "--csv")...)
	assert.Equal(t, exitFailed, code)
	file, bom := bytes.CutPrefix(readFile(t, filepath.Join(dir, "r.csv")), []byte("\ufeff"))
	assert.True(t, bom)
	for _, text := range []string{string(file), stdout} {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 10)
		assert.Equal(t, report.Columns(), rows[0])
	}

	_, stdout, _ = cli(t, append(args, filepath.Join(dir, "r.html"))...)
	assert.Contains(t, stdout, "ERROR")
	page := string(readFile(t, filepath.Join(dir, "r.html")))
	assert.Equal(t, 8, strings.Count(page, `<img alt="" src="data:image/jpeg;base64,`))
	assert.Contains(t, page, "<title>Inspection report: Washer</title>")
	assert.NotContains(t, page, "report.", "every text is in the catalogue")
	assert.Contains(t, page, f.Digest)
}

func TestScoreOutputIsTheSameEachTime(t *testing.T) {
	data, head := washers(t)
	for _, form := range []string{"--json", "--csv"} {
		_, first, _ := cli(t, "score", "--model", head, form, filepath.Join(data, "test"))
		_, second, _ := cli(t, "score", "--model", head, form, "--workers", "1", filepath.Join(data, "test"))
		assert.Equal(t, first, second)
		assert.NotEmpty(t, first)
	}
}

func TestAuditVerify(t *testing.T) {
	chain := &audit.Chain{}
	var lines [][]byte
	for i := range 5 {
		e, err := chain.Append(report.Time{Milli: int64(1777896000000 + i)}, "Eva", payload.Opened, map[string]any{"n": i})
		require.NoError(t, err)
		lines = append(lines, e.Line())
	}
	path := filepath.Join(t.TempDir(), "history.jsonl")
	write := func(lines ...[]byte) { require.NoError(t, os.WriteFile(path, bytes.Join(lines, nil), 0o644)) }

	write(lines...)
	code, stdout, stderr := cli(t, "audit", "verify", path)
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "ok, 5 entries")
	assert.Contains(t, stdout, chain.Hash)
	assert.Contains(t, stderr, "without --head")
	code, stdout, stderr = cli(t, "audit", "verify", path, "--head", chain.Hash, "--json")
	assert.Equal(t, exitOK, code, stderr)
	var r auditResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	assert.Equal(t, auditResult{File: path, OK: true, Entries: 5, First: "2026-05-04T12:00:00.000+00:00", Last: "2026-05-04T12:00:00.004+00:00", Head: chain.Hash,
		HeadSeq: 5, Kinds: map[string]int64{"opened": 5}}, r)

	write(lines[:3]...)
	code, _, stderr = cli(t, "audit", "verify", path, "--head", chain.Hash)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "cut_end")

	write(lines[0], lines[1], bytes.Replace(lines[2], []byte("Eva"), []byte("Adam"), 1), lines[3])
	code, stdout, stderr = cli(t, "audit", "verify", path, "--json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "line 3, entry 3: changed: ")
	r = auditResult{}
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	require.NotNil(t, r.Fault)
	assert.Equal(t, []any{false, int64(2), int64(3), uint64(3), audit.Changed}, []any{r.OK, r.Entries, r.Fault.Line, r.Fault.Seq, r.Fault.Reason})
}
